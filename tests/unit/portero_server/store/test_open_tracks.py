"""Faces that were being followed are kept with the watermark, for the session that goes on."""

from __future__ import annotations

import json
from dataclasses import replace

from portero_server.domain.detection.detections import Match
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import StreamCommit, StreamRow
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.open_tracks import PRESENT, read, written
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import BOX, at, commit_of, decided, left, recognition
from tests.support.time.virtual_time import ManualClock

ANA = OpenTrack(
    "door.e1.3.0", 3, at(1), 9, at(2.5), BOX, 4, True, 0, 1, 0.75, Match("ana", 0.75, 0.25), ("door.e1.4.0",)
)
STRANGER = OpenTrack("door.e1.4.0", 4, at(1.5), 8, at(2.25), BOX, 2, False, 3, absent=True)
DOUBTED = replace(STRANGER, absent=False, found_quickly=True, missed=True, suspended=True)


def test_open_tracks_are_read_as_they_were_written() -> None:
    """Text of this version gives the same tracks; no text, or that of another version, gives none."""
    assert read(written((ANA, STRANGER, DOUBTED))) == (ANA, STRANGER, DOUBTED)
    assert read(written((STRANGER,)).replace(', "absent": true', "")) == (replace(STRANGER, absent=False),)
    before = written((DOUBTED,)).replace(', "found_quickly": true, "missed": true, "suspended": true', "")
    assert read(before) == (replace(STRANGER, absent=False),)
    assert written(()) == ""
    assert read("") == read(None) == read('{"form": 0}') == ()


def test_tracks_ahead_are_written_where_the_release_before_does_not_look() -> None:
    """It would go on with them; a text with one that is not absent is still found among the followed ones."""
    ahead = replace(ANA, ahead=True)
    text = written((STRANGER, ahead))
    assert read(text) == (STRANGER, ahead)
    assert [track["id"] for track in json.loads(text)["tracks"]] == [STRANGER.track_id]
    assert PRESENT in text


async def _moved(recording: Recording, stream: StreamRow, *tracks: OpenTrack, sequence: int) -> None:
    commit: StreamCommit = commit_of(stream, decided(ANA.track_id, None, 1), sequence=sequence)
    outcomes = {FrameOutcome.EMPTY: sequence - stream.durable_sequence}
    await recording.commit([replace(commit, open_tracks=tracks, outcomes=outcomes)])


async def test_a_session_that_goes_on_gets_the_open_tracks(database: Database, people: PeopleStore) -> None:
    """The newest commit's tracks come with the stream, each with its sighting; a commit without word keeps them."""
    clock = ManualClock()
    await people.create("ana", "Ana", {})
    recording, streams = Recording(database, clock), StreamStore(database, clock)
    stream = await streams.open("door", "e1", "s1")
    assert stream.open_tracks == ()
    await _moved(recording, stream, ANA, STRANGER, sequence=9)
    await recording.commit([commit_of(stream, sequence=10)])
    again = await streams.open("door", "e1", "s2")
    assert again.durable_sequence == 10
    assert [replace(track, sighting_id="") for track in again.open_tracks] == [ANA, STRANGER]
    assert [bool(track.sighting_id) for track in again.open_tracks] == [True, False]
    await _moved(recording, again, sequence=12)
    assert (await streams.open("door", "e1", "s3")).open_tracks == ()


async def test_tracks_of_an_epoch_without_successor_end_with_the_next_opening(database: Database) -> None:
    """A server that opens a new epoch and dies has told the end of the tracks left behind; whoever comes says no more.

    Only tracks of this camera end, each once, and the sighting lasts to where its track was seen last.
    """
    clock = ManualClock()
    recording, streams, sightings = Recording(database, clock), StreamStore(database, clock), SightingStore(database)
    first = await streams.open("door", "e1", "s1")
    await _moved(recording, first, ANA, sequence=9)
    await streams.open("gate", "e9", "s2")
    assert await _kinds(sightings) == ["started"]
    taken = await streams.open("door", "e2", "s3")
    assert taken.open_tracks == (await streams.get(first.stream_id)).open_tracks == ()
    assert await _kinds(sightings) == ["started", "left"]
    (ended,) = await sightings.events_after(1)
    assert ended.sighting.last_seen == ANA.last_seen
    await streams.open("door", "e3", "s4")
    await streams.open("door", "e1", "s5")
    assert await _kinds(sightings) == ["started", "left"]


async def _kinds(sightings: SightingStore) -> list[str]:
    return [event.kind.value for event in await sightings.events_after(0)]


async def test_a_superseded_session_cannot_change_the_open_tracks(database: Database, people: PeopleStore) -> None:
    """What the earlier session says after another one has gone on is refused."""
    clock = ManualClock()
    recording, streams = Recording(database, clock), StreamStore(database, clock)
    first = await streams.open("door", "e1", "s1")
    await _moved(recording, first, ANA, sequence=9)
    await streams.open("door", "e1", "s2")
    result = await recording.commit([replace(commit_of(first, left(ANA.track_id, 3)), open_tracks=())])
    assert result.superseded == {"s1"}
    assert len((await streams.open("door", "e1", "s3")).open_tracks) == 1


async def test_streams_with_somebody_before_their_camera_are_found(database: Database) -> None:
    """Only an owned stream with a track that is not absent is one that could be deserted."""
    clock = ManualClock()
    streams, recording = StreamStore(database, clock), Recording(database, clock)
    followed = await streams.open("door", "e1", "s1")
    await _moved(recording, followed, ANA, STRANGER, sequence=9)
    await _moved(recording, await streams.open("desk", "e1", "s2"), STRANGER, sequence=9)
    await streams.open("hall", "e1", "s3")
    assert [(row.stream_id, row.session, row.open_tracks) for row in await streams.followed()] == [
        (followed.stream_id, "s1", (replace(ANA, match=None), STRANGER))
    ]
    await streams.open("door", "e2", "s4")
    assert await streams.followed() == []


async def test_the_tracks_of_an_earlier_watermark_do_not_replace_those_of_a_later_one(database: Database) -> None:
    """Whoever takes a stream for deserted that has moved on tells no more than that its faces have left."""
    clock = ManualClock()
    streams, recording = StreamStore(database, clock), Recording(database, clock)
    stream = await streams.open("door", "e1", "s1")
    await _moved(recording, stream, STRANGER, sequence=9)
    farewell = commit_of(stream, left(STRANGER.track_id, 5), sequence=8)
    await recording.commit([replace(farewell, open_tracks=())])
    assert (await streams.get(stream.stream_id)).open_tracks == (STRANGER,)
    await recording.commit([replace(farewell, durable_sequence=9, open_tracks=())])
    assert (await streams.get(stream.stream_id)).open_tracks == ()


async def test_an_answer_that_decides_nothing_is_remembered_too(database: Database) -> None:
    """A stranger about whom the engine was asked is not asked about again after a cut, though nothing else moved."""
    clock = ManualClock()
    streams, recording = StreamStore(database, clock), Recording(database, clock)
    stream = await streams.open("door", "e1", "s1")
    await _moved(recording, stream, STRANGER, sequence=9)
    asked = replace(STRANGER, calls=1, asked_quality=0.5)
    answer = commit_of(stream, sequence=9, recognitions=[recognition("r1", STRANGER.track_id)])
    await recording.commit([replace(answer, open_tracks=(asked,))])
    assert (await streams.get(stream.stream_id)).open_tracks == (asked,)
