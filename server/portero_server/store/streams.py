"""Who owns a stream, and how far it is durable."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.sightings import StreamRow
from portero_server.errors import NotFound
from portero_server.store.database import Database
from portero_server.store.rows import encoded, insert_rows
from portero_server.store.schema import OUTCOME_COLUMNS, streams

_NOBODY = ""


class StreamStore:
    """Keeps the streams: one row for each epoch of a camera."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        columns = [column for column in streams.columns if column is not streams.c.stream_id]
        self._take = insert_rows(database.dialect, streams, columns, key=("camera_id", "epoch"), replacing=("session",))

    async def open(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        """Gives the stream of an epoch to a session, and takes every stream of the camera from earlier ones.

        Commits under way of an earlier session end first, since they hold the row: the durable sequence given
        back can only be moved by the new session.
        """
        fresh = dict.fromkeys(("durable_sequence", *OUTCOME_COLUMNS.values()), 0)
        row = {"camera_id": camera_id, "epoch": epoch, "session": session, "opened_at": self._clock.now()} | fresh
        others = (streams.c.camera_id == camera_id, streams.c.epoch != epoch, streams.c.session != _NOBODY)

        async def unit(connection: AsyncConnection) -> StreamRow:
            await connection.execute(update(streams).where(*others).values(session=_NOBODY))
            await connection.execute(self._take, encoded([row]))
            return await _one(connection, streams.c.camera_id == camera_id, streams.c.epoch == epoch)

        return await self._database.run(unit)

    async def get(self, stream_id: int) -> StreamRow:
        """Gives a stream as it is stored.

        Raises:
            NotFound: There is none.
        """
        return await self._database.read(lambda connection: _one(connection, streams.c.stream_id == stream_id))


async def _one(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> StreamRow:
    row: Any = (await connection.execute(select(streams).where(*conditions))).one_or_none()
    if row is None:
        raise NotFound("the stream")
    return StreamRow(row.stream_id, row.camera_id, row.epoch, row.session, row.durable_sequence)
