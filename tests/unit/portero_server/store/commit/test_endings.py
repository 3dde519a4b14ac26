"""Tracks of an earlier epoch end once."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.resuming import OpenTrack
from portero_server.store.commit.endings import end_tracks
from portero_server.store.commit.recording import Recording
from portero_server.store.commit.statements import CommitSql
from portero_server.store.database import Database
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import BOX, at, commit_of, decided, left
from tests.support.time.virtual_time import ManualClock


def _track(track_id: str, last: float) -> OpenTrack:
    return OpenTrack(track_id, 1, at(1), 5, at(last), BOX, 2, True, 0)


async def test_a_visit_ends_once_with_the_track_seen_last(database: Database) -> None:
    """Ending again changes nothing, nor does ending what was never stored or had ended."""
    clock = ManualClock()
    recording, sightings = Recording(database, clock), SightingStore(database)
    stream = await StreamStore(database, clock).open("door", "e1", "s1")
    await recording.commit([commit_of(stream, *(decided(each, None, 1) for each in ("t1", "t2", "t3")))])
    await recording.commit([commit_of(stream, left("t3", 2))])
    tracks = [_track("t1", 3), _track("t2", 4), _track("t3", 2), _track("never stored", 9)]

    async def unit(connection: AsyncConnection) -> None:
        await end_tracks(connection, CommitSql(database.dialect), "door", tracks, clock.now())

    await database.run(unit)
    await database.run(unit)
    happened = [(event.kind.value, event.sighting.last_seen) for event in await sightings.events_after(3)]
    assert happened == [("left", at(2)), ("left", at(3)), ("left", at(4))]
