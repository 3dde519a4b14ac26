"""What cameras see, read from what was committed, on both databases."""

from __future__ import annotations

from dataclasses import replace

from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import StreamCommit
from portero_server.store.camera_views import CameraView, CameraViews
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import BOX, at, commit_of, decided, left
from tests.support.store.plans import plans_of


def _open(track_id: str, *, absent: bool = False, ahead: bool = False) -> OpenTrack:
    return OpenTrack(track_id, 1, at(0), 2, at(1), BOX, 3, visible=True, misses=0, absent=absent, ahead=ahead)


def _with(commit: StreamCommit, *tracks: OpenTrack) -> StreamCommit:
    return replace(commit, open_tracks=tracks)


async def _seen(database: Database) -> dict[str, list[str | None]]:
    views = await CameraViews(database).now()
    return {camera_id: sorted(view.in_view.values(), key=str) for camera_id, view in views.items()}


async def test_who_is_followed_is_in_view(
    database: Database, streams: StreamStore, recording: Recording, people: PeopleStore
) -> None:
    """By name and without; who is absent, has left, or has no sighting, is not."""
    await people.create("ana", "Ana", {})
    door, gate = await streams.open("door", "e1", "s1"), await streams.open("gate", "e1", "s2")
    assert await _seen(database) == {"door": [], "gate": []}
    here = (_open("t1"), _open("t2", ahead=True), _open("t3", absent=True), _open("t9"))
    parts = (decided("t1", "ana", 0, 1), decided("t2", None, 0, 1), decided("t3", None, 0, 1))
    await recording.commit([_with(commit_of(door, *parts, sequence=2), *here)])
    assert await _seen(database) == {"door": [None, "ana"], "gate": []}
    door = replace(door, durable_sequence=2)
    await recording.commit([_with(commit_of(door, left("t1", 2), sequence=3), _open("t2"))])
    assert await _seen(database) == {"door": [None], "gate": []}
    await recording.commit([_with(commit_of(gate, decided("t4", "ana", 0, 1), sequence=1), _open("t4"))])
    assert (await _seen(database))["gate"] == ["ana"]


async def test_progress_is_another_one_after_each_frame(
    database: Database, streams: StreamStore, recording: Recording
) -> None:
    """And of another epoch, which alone counts then."""
    views = CameraViews(database)
    assert await views.now() == {}
    stream = await streams.open("door", "e1", "s1")
    first = (await views.now())["door"]
    await recording.commit([commit_of(stream, sequence=5)])
    second = (await views.now())["door"]
    assert second == CameraView((first.progress[0], 5), {})
    await streams.open("door", "e2", "s2")
    third = (await views.now())["door"]
    assert third.progress[0] != second.progress[0]
    assert third.progress[1] == 0


async def test_views_are_read_from_the_streams_that_are_owned(database: Database, streams: StreamStore) -> None:
    """Not from every epoch there ever was."""
    await streams.open("door", "e1", "s1")
    (plan,) = await plans_of(database, CameraViews(database).now())
    assert "ix_streams_session" in plan
