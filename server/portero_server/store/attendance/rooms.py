"""Which cameras watch which rooms, from when until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.groups import Placement
from portero_server.errors import NotFound
from portero_server.store.attendance.rows import placement_of
from portero_server.store.attendance.stale import mark_rooms
from portero_server.store.attendance.views import begin_view
from portero_server.store.database import Database
from portero_server.store.schema import attendance_placements, cameras


@dataclass(frozen=True, slots=True)
class PlacedCamera:
    """A placement with its id."""

    placement_id: str
    placement: Placement


class RoomStore:
    """Stores which cameras watch which rooms. A room is known by its name alone."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def place(self, placement: Placement) -> PlacedCamera:
        """Stores that a camera watches a room, and has the sessions there decided anew; said again, it changes nothing.

        The view that the camera has from then on is the one it should have.

        Raises:
            NotFound: There is no such camera.
        """
        now, placement_id = self._clock.now(), uuid4().hex

        async def unit(connection: AsyncConnection) -> PlacedCamera:
            query = select(cameras.c.camera_id).where(cameras.c.camera_id == placement.camera_id)
            if (await connection.execute(query)).first() is None:
                raise NotFound(f"cameras/{placement.camera_id}")
            table = attendance_placements.c
            there = (table.camera_id == placement.camera_id, table.room_id == placement.room_id)
            known = (await connection.execute(select(attendance_placements).where(*there))).all()
            if same := [row.placement_id for row in known if placement_of(row) == placement]:
                return PlacedCamera(same[0], placement)
            row = {
                "placement_id": placement_id,
                "camera_id": placement.camera_id,
                "room_id": placement.room_id,
                "starts_at": placement.start,
                "ends_at": placement.end,
            }
            await connection.execute(insert(attendance_placements).values(row))
            # It may point elsewhere than before.
            await begin_view(connection, placement.camera_id, max(now, placement.start or now))
            await _rooms_changed(connection, placement_id, placement, now)
            return PlacedCamera(placement_id, placement)

        return await self._database.run(unit)

    async def end_placement(self, placement_id: str, end: datetime | None) -> PlacedCamera | None:
        """Ends a placement at a time, or removes it as never true; the sessions there are decided anew.

        Args:
            placement_id: Which.
            end: From when on the camera no longer watches the room; None: it never did.

        Returns:
            The placement as it is now; None: it was removed.

        Raises:
            NotFound: There is no such placement.
            InvalidInput: `end` is not after its start.
        """
        now, own = self._clock.now(), attendance_placements.c.placement_id == placement_id

        async def unit(connection: AsyncConnection) -> PlacedCamera | None:
            row = (await connection.execute(select(attendance_placements).where(own))).one_or_none()
            if row is None:
                raise NotFound(f"placements/{placement_id}")
            before = placement_of(row)
            await _rooms_changed(connection, placement_id, before, now)
            if end is None:
                await connection.execute(delete(attendance_placements).where(own))
                return None
            after = Placement(before.camera_id, before.room_id, before.start, end)
            await connection.execute(update(attendance_placements).where(own).values(ends_at=end))
            # A later end than before concerns the time between the two as well.
            await _rooms_changed(connection, placement_id, after, now)
            return PlacedCamera(placement_id, after)

        return await self._database.run(unit)

    async def placements(self) -> Sequence[PlacedCamera]:
        """Returns which cameras watch which rooms, by room and camera."""
        table = attendance_placements.c
        query = select(attendance_placements).order_by(table.room_id, table.camera_id, table.placement_id)

        async def unit(connection: AsyncConnection) -> Sequence[PlacedCamera]:
            return [PlacedCamera(row.placement_id, placement_of(row)) for row in await connection.execute(query)]

        return await self._database.read(unit)


async def _rooms_changed(connection: AsyncConnection, placement_id: str, placement: Placement, now: datetime) -> None:
    span = placement.start, placement.end
    await mark_rooms(connection, {placement.room_id}, span, ChangeCause.CAMERAS, placement_id, now)
