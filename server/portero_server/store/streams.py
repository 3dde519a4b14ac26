"""The ownership of streams, and their durable sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import StreamRow
from portero_server.errors import NotFound
from portero_server.store.bulk.writing import upsert
from portero_server.store.commit.endings import end_tracks
from portero_server.store.commit.statements import CommitSql
from portero_server.store.database import Database
from portero_server.store.open_tracks import PRESENT, read
from portero_server.store.schema import OUTCOME_COLUMNS, along, sighting_tracks, streams

_NOBODY = ""


class StreamStore:
    """Stores streams: one row per epoch of a camera."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._sql = CommitSql(database.dialect)

    async def open(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        """Assigns the stream of an epoch to a session, and revokes every stream of the camera from earlier sessions.

        Commits of an earlier session that are in progress end first, since they hold the row. After that only the new
        session can move the durable sequence returned. Nobody resumes the tracks of an earlier epoch, so they end here,
        in the transaction that forgets them: no crash comes between, and the end is written once.
        """
        now = self._clock.now()
        fresh = dict.fromkeys(("durable_sequence", *OUTCOME_COLUMNS.values()), 0)
        row = {"camera_id": camera_id, "epoch": epoch, "session": session, "opened_at": now} | fresh
        others = (streams.c.camera_id == camera_id, streams.c.epoch != epoch, streams.c.session != _NOBODY)

        async def unit(connection: AsyncConnection) -> StreamRow:
            # Locking reads, which see what is there now: a plain one would fix what `_one` gets to see. They lock what
            # they walk over, so they walk this camera's epochs and not the streams of all cameras that are owned.
            left = along(select(streams.c.stream_id, streams.c.open_tracks).where(*others), streams, "uq_streams_epoch")
            rows = (await connection.execute(left.with_for_update())).all()
            if rows:
                taken_from = streams.c.stream_id.in_([row.stream_id for row in rows])
                await connection.execute(update(streams).where(taken_from).values(session=_NOBODY, open_tracks=""))
            await upsert(connection, streams, [row], key=("camera_id", "epoch"), replacing=("session",))
            taken = await _one(connection, streams.c.camera_id == camera_id, streams.c.epoch == epoch)
            open_tracks = await _with_sightings(connection, taken.open_tracks)
            # Last, since it takes positions of events, which holds up everybody's commits.
            if left_behind := [track for row in rows for track in read(row.open_tracks)]:
                await end_tracks(connection, self._sql, camera_id, left_behind, now)
            return replace(taken, open_tracks=open_tracks)

        return await self._database.run(unit)

    async def followed(self) -> Sequence[StreamRow]:
        """Returns owned streams with open tracks that are not absent, including those whose session died."""
        # Of the rows owned, one a camera, few have a text, and nothing more is indexed: texts change with each commit.
        followed = (streams.c.session > _NOBODY, streams.c.open_tracks.contains(PRESENT, autoescape=True))
        query = along(select(streams).where(*followed), streams, "ix_streams_session")

        async def unit(connection: AsyncConnection) -> Sequence[StreamRow]:
            return [_stream(row) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def get(self, stream_id: int) -> StreamRow:
        """Returns a stream as it is stored.

        Raises:
            NotFound: It does not exist.
        """
        return await self._database.read(lambda connection: _one(connection, streams.c.stream_id == stream_id))


async def _one(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> StreamRow:
    row: Any = (await connection.execute(select(streams).where(*conditions))).one_or_none()
    if row is None:
        raise NotFound("the stream")
    return _stream(row)


def _stream(row: Any) -> StreamRow:
    return StreamRow(row.stream_id, row.camera_id, row.epoch, row.session, row.durable_sequence, read(row.open_tracks))


async def _with_sightings(connection: AsyncConnection, tracks: Sequence[OpenTrack]) -> tuple[OpenTrack, ...]:
    if not tracks:
        return ()
    query = select(sighting_tracks).where(sighting_tracks.c.track_id.in_([track.track_id for track in tracks]))
    sighting_of = {row.track_id: row.sighting_id for row in await connection.execute(query)}
    return tuple(replace(track, sighting_id=sighting_of.get(track.track_id, "")) for track in tracks)
