"""Streams whose server died and whose camera never came back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import StreamRow, TrackLeft
from portero_server.domain.streams.frames import FrameRefused
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import StoreUnavailable
from portero_server.streaming.orphans import OrphanReaper
from portero_server.streaming.recorder import Recorder
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import (
    EPOCH_START,
    UNKNOWN,
    MemoryStore,
    StreamHarness,
    face,
    looked,
    named,
    stream_harness,
)
from tests.support.store.commits import BOX
from tests.support.time.virtual_time import in_virtual_time, running_clock

_SEEN = EPOCH_START + timedelta(seconds=0.8)
STRANGER = OpenTrack("door.e1.1.0", 1, EPOCH_START, 4, _SEEN, BOX, 3, True, 0)
GONE = replace(STRANGER, track_id="door.e1.1.1", absent=True)


def _deserted_store(*tracks: OpenTrack) -> MemoryStore:
    """Returns what a server leaves behind that dies."""
    store = MemoryStore()
    store.rows["door", "e1"] = StreamRow(1, "door", "e1", "session-of-the-dead", 4, tracks)
    return store


def _told(store: MemoryStore) -> list[TrackLeft]:
    return [left for commit in store.commits for left in commit.left]


async def _resume(at: StreamHarness, *sequences: int) -> None:
    """Goes on with the stream, to its end."""
    session = await at.open()
    running = asyncio.ensure_future(session.run())
    at.send(session, *sequences)
    session.finish()
    await running
    at.streams.close(session, "finished")


@in_virtual_time
async def test_faces_of_a_dead_servers_stream_are_told_to_have_left_once() -> None:
    """Half a minute after a server began to watch, the faces of a stream that stands still have left; only these."""
    store = _deserted_store(STRANGER, GONE)
    async with stream_harness(store=store):
        await asyncio.sleep(29)
        assert _told(store) == []
        await asyncio.sleep(120)
    assert _told(store) == [TrackLeft(STRANGER.track_id, _SEEN)]
    assert store.rows["door", "e1"].open_tracks == (replace(STRANGER, absent=True), GONE)
    assert store.durable == 4


@in_virtual_time
async def test_a_stream_that_goes_on_is_not_deserted() -> None:
    """A bridge that comes back in time goes on with its faces, which leave when the stream ends."""
    script: dict[int, FrameAnalysis | FrameRefused] = {5: looked(face(0.1)), 6: looked(face(0.1))}
    store = _deserted_store(replace(STRANGER, box=face(0.1).box))
    async with stream_harness(script, store=store) as at:
        await asyncio.sleep(25)
        await _resume(at, 5, 6)
        await asyncio.sleep(60)
    # In frame 5: nobody looked at the next one.
    assert [(left.track_id, left.last_seen) for left in _told(store)] == [
        (STRANGER.track_id, EPOCH_START + timedelta(seconds=1.0))
    ]


@in_virtual_time
async def test_a_bridge_that_comes_back_late_goes_on_with_faces_that_were_told_to_have_left() -> None:
    """After a stream was found deserted, its next frames show the same stranger, not another one."""
    script: dict[int, FrameAnalysis | FrameRefused] = {5: looked(face(0.1)), 6: looked(face(0.1))}
    store = _deserted_store(replace(STRANGER, box=face(0.1).box))
    async with stream_harness(script, store=store) as at:
        await asyncio.sleep(100)
        assert len(_told(store)) == 1
        await _resume(at, 5, 6)
    assert [(item.track_id, item.returns) for commit in store.commits for item in commit.decided] == [
        (STRANGER.track_id, True)
    ]
    assert len(_told(store)) == 2


@in_virtual_time
async def test_a_face_stored_ahead_of_the_watermark_leaves_too() -> None:
    """A face that was announced while an undecided one held its frames back has left when the server died with both."""

    async def only_ana(crop: FaceCrop) -> Identification:
        if crop.quality.size == 1.0:
            return named("ana")
        await asyncio.sleep(60)
        return UNKNOWN

    script: dict[int, FrameAnalysis | FrameRefused] = {
        sequence: looked(face(0.1, quality=0.5), *([face(0.7)] if sequence > 2 else [])) for sequence in range(1, 6)
    }
    store = MemoryStore()
    async with stream_harness(script, only_ana, store=store) as dying:
        session = await dying.open()
        running = asyncio.ensure_future(session.run())
        dying.send(session, 1, 2, 3, 4, 5)
        await asyncio.sleep(0.5)
        running.cancel()
        await asyncio.wait({running})
    assert store.durable == 0
    assert [item.track_id for commit in store.commits for item in commit.decided] == ["door.e1.3.1"]
    assert _told(store) == []
    async with stream_harness(store=store):
        await asyncio.sleep(60)
    assert [left.track_id for left in _told(store)] == ["door.e1.3.1"]


@pytest.mark.parametrize("comes_again", [True, False])
@in_virtual_time
async def test_a_face_stored_ahead_leaves_once_when_the_stream_goes_on(*, comes_again: bool) -> None:
    """Its end is its track's own where its frames come again; where they were lost, it left when it was seen last."""
    ahead = replace(STRANGER, track_id="door.e1.5.0", first_sequence=5, last_sequence=6, ahead=True)
    script: dict[int, FrameAnalysis | FrameRefused] = {sequence: looked(face(0.1)) for sequence in range(5, 9)}
    store = _deserted_store(ahead)
    async with stream_harness(script if comes_again else {}, store=store) as at:
        await _resume(at, 5, 6, 7, 8)
        await asyncio.sleep(60)
    lasts = [left.last_seen for left in _told(store) if left.track_id == ahead.track_id]
    assert lasts == [EPOCH_START + timedelta(seconds=1.6) if comes_again else _SEEN]
    assert store.rows["door", "e1"].open_tracks == ()


class _AwayFor(MemoryStore):
    """A database that does not answer this question for a while."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def followed(self) -> list[StreamRow]:
        """Returns the streams, or fails."""
        if self.times:
            self.times -= 1
            raise StoreUnavailable("the database does not answer")
        return list(await super().followed())


@in_virtual_time
async def test_an_outage_of_the_database_does_not_count_as_standing_still() -> None:
    """The patience begins anew when the database is back, since nobody could write while it was away."""
    store = _AwayFor(0)
    store.rows = _deserted_store(STRANGER).rows
    async with stream_harness(store=store):
        await asyncio.sleep(20)
        store.times = 2
        await asyncio.sleep(35)
        assert _told(store) == []
        await asyncio.sleep(20)
    assert len(_told(store)) == 1


@pytest.mark.parametrize(
    ("seconds", "looks"),
    [(0.0, 120), (0.05, 118), (0.2, 30), (3.0, 10)],
    ids=["at once", "a hundredth of the interval", "longer", "far too long"],
)
@in_virtual_time
async def test_looking_takes_a_hundredth_of_the_time(seconds: float, looks: int) -> None:
    """A table that takes long to look through is looked through less often, but at least once a minute."""
    looked_at: list[float] = []
    loop = asyncio.get_running_loop()

    class SlowTable:
        async def followed(self) -> Sequence[StreamRow]:
            looked_at.append(loop.time())
            await asyncio.sleep(seconds)
            return ()

    recorder = cast("Recorder", None)  # Nothing is deserted.
    watching = asyncio.ensure_future(OrphanReaper(SlowTable(), recorder, running_clock()).run())
    await asyncio.sleep(600.5)
    watching.cancel()
    assert len(looked_at) == looks
