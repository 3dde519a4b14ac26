"""What is durable of the streams of cameras that watch rooms: up to which frame, and which frames are missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.unproven import UnprovenCause
from portero_server.domain.cameras import TimeSource
from portero_server.store.database import Database
from portero_server.store.schema import attendance_placements, cameras, stream_exceptions, streams


@dataclass(frozen=True, slots=True)
class DurableStream:
    """A stream, which session owns it, and up to which sequence it is settled and stored."""

    stream_id: int
    session: str
    durable_sequence: int


class SettledFrames:
    """Reads what commits have stored of frames."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def placed(self) -> Mapping[str, TimeSource]:
        """Returns the cameras that watch a room, or did, with the clock that dates their frames."""
        query = select(cameras.c.camera_id, cameras.c.time_source).where(
            cameras.c.camera_id.in_(select(attendance_placements.c.camera_id))
        )

        async def unit(connection: AsyncConnection) -> Mapping[str, TimeSource]:
            return {
                row.camera_id: TimeSource(row.time_source or TimeSource.CAPTURE.value)
                for row in await connection.execute(query)
            }

        return await self._database.read(unit)

    async def durable(self, sessions: Collection[str], stream_ids: Collection[int]) -> tuple[DurableStream, ...]:
        """Returns the streams that these sessions own, and these streams."""
        table = streams.c
        query = select(table.stream_id, table.session, table.durable_sequence).where(
            or_(table.session.in_(sorted(sessions)), table.stream_id.in_(sorted(stream_ids)))
        )

        async def unit(connection: AsyncConnection) -> tuple[DurableStream, ...]:
            return tuple(DurableStream(*row) for row in await connection.execute(query))

        return await self._database.read(unit) if sessions or stream_ids else ()

    async def missing(self, stream_id: int, first: int, last: int) -> tuple[UnprovenCause, ...]:
        """Returns why frames of a stream are missing: refused, lost, or both."""
        table = stream_exceptions.c
        query = select(table.kind).where(
            table.stream_id == stream_id, table.first_sequence <= last, table.last_sequence >= first
        )

        async def unit(connection: AsyncConnection) -> tuple[UnprovenCause, ...]:
            kinds = set(await connection.scalars(query.distinct()))
            found = {UnprovenCause.REJECTED if kind == "rejected" else UnprovenCause.GAP for kind in kinds}
            return tuple(sorted(found or {UnprovenCause.GAP}, key=lambda cause: cause.value))

        return await self._database.read(unit)
