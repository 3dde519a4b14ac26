"""Calls that are out when a stream is cut."""

from __future__ import annotations

import asyncio

import pytest

from portero_server.domain.streams.frames import FrameRefused
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import EngineThrottled
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import StreamHarness, face, looked, named, stream_harness
from tests.support.time.virtual_time import in_virtual_time

GONE: dict[int, FrameAnalysis | FrameRefused] = {
    1: looked(face()),
    2: looked(face()),
    **{n: looked() for n in range(3, 30)},
}
STAYS: dict[int, FrameAnalysis | FrameRefused] = {1: looked(face()), 2: looked(face())}


class SlowEngine:
    """Names everybody after three seconds, which is later than decisions wait."""

    def __init__(self) -> None:
        self.asked = 0

    async def identify(self, crop: FaceCrop) -> Identification:
        """Returns Ana."""
        self.asked += 1
        await asyncio.sleep(3.0)
        return named("ana")


async def _cut_and_resumed(at: StreamHarness, *, finishes: bool = False, pause: float = 0.5) -> None:
    """Cuts a stream whose face was decided without an answer, and goes on with it."""
    session = await at.open()
    at.send(session, *range(1, 13))
    running = asyncio.create_task(session.run())
    await asyncio.sleep(2.5)
    assert at.store.durable == 12
    running.cancel()
    await asyncio.wait([running])
    at.streams.close(session, "cut")
    await asyncio.sleep(pause)
    session = await at.open()
    if not finishes:
        at.send(session, *range(13, 16))
    async with asyncio.TaskGroup() as group:
        group.create_task(at.listen(session))
        group.create_task(session.run())
        await asyncio.sleep(0.0 if finishes else 4.0)
        session.finish()
    at.streams.close(session, "finished")


@in_virtual_time
@pytest.mark.parametrize("script", [GONE, STAYS])
@pytest.mark.parametrize("finishes", [False, True])
async def test_a_call_that_a_cut_ended_is_made_again(
    *, script: dict[int, FrameAnalysis | FrameRefused], finishes: bool
) -> None:
    """Whoever was decided a stranger for want of an answer is named after a resume, though no new face is seen."""
    engine = SlowEngine()
    async with stream_harness(script, engine.identify) as at:
        await _cut_and_resumed(at, finishes=finishes)
    decided = [each for commit in at.store.commits for each in commit.decided]
    assert [(None if each.match is None else each.match.person_id, each.revises) for each in decided] == [
        (None, False),
        ("ana", True),
    ]
    assert engine.asked == 2
    recognitions = [each for commit in at.store.commits for each in commit.recognitions]
    assert [(each.recognition_id, each.outcome) for each in recognitions] == [("door.e1.1.0.1.1", "match")]
    left = [each.track_id for commit in at.store.commits for each in commit.left]
    assert left[-1] == "door.e1.1.0"


@in_virtual_time
async def test_nobody_is_asked_again_of_a_stream_that_was_cut_long_ago() -> None:
    """After ten seconds the faces of a cut stream have left, and its calls are forgotten with their pictures."""
    engine = SlowEngine()
    async with stream_harness(GONE, engine.identify) as at:
        await _cut_and_resumed(at, pause=11.0)
    assert engine.asked == 1


@in_virtual_time
async def test_an_undecided_face_is_asked_about_by_the_frames_that_come_again() -> None:
    """A call for a track that holds the watermark is not repeated: its frames are, and ask for themselves."""
    engine = SlowEngine()
    async with stream_harness(GONE, engine.identify) as at:
        session = await at.open()
        at.send(session, 1, 2, 3)
        running = asyncio.create_task(session.run())
        await asyncio.sleep(1.0)
        running.cancel()
        await asyncio.wait([running])
        at.streams.close(session, "cut")
        session = await at.open()
        at.send(session, 1, 2, 3)
        session.finish()
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            group.create_task(session.run())
        at.streams.close(session, "finished")
    assert engine.asked == 2


@in_virtual_time
@pytest.mark.parametrize("script", [GONE, STAYS])
async def test_an_answer_that_waits_for_the_database_outlives_a_cut(
    *, script: dict[int, FrameAnalysis | FrameRefused]
) -> None:
    """A late name that a cut kept from being committed is committed by the session that goes on."""
    engine = SlowEngine()
    async with stream_harness(script, engine.identify) as at:
        session = await at.open()
        at.send(session, *range(1, 13))
        running = asyncio.create_task(session.run())
        await asyncio.sleep(2.5)
        assert at.store.durable == 12
        at.store.unavailable = 3
        await asyncio.sleep(0.6)
        assert at.store.unavailable < 3
        running.cancel()
        await asyncio.wait([running])
        at.streams.close(session, "cut")
        session = await at.open()
        session.finish()
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            group.create_task(session.run())
        at.streams.close(session, "finished")
    decided = [each for commit in at.store.commits for each in commit.decided]
    assert [(None if each.match is None else each.match.person_id, each.revises) for each in decided] == [
        (None, False),
        ("ana", True),
    ]
    assert engine.asked == 1
    assert [each.outcome for commit in at.store.commits for each in commit.recognitions] == ["match"]
    assert [each.track_id for commit in at.store.commits for each in commit.left][-1] == "door.e1.1.0"
    told = [(each.state, each.named is not None, each.sighting_id) for each in at.said if isinstance(each, TrackUpdate)]
    sighting = at.store.links["door.e1.1.0"].sighting_id
    assert told == [(TrackState.REVISED, True, sighting), (TrackState.CLOSED, True, sighting)]


@in_virtual_time
async def test_a_call_that_is_due_after_the_cut_is_left_to_who_resumes() -> None:
    """Between the end of a session and its removal a tick may find a call due: it fails nothing, and is made later."""
    calls = 0

    async def identify(crop: FaceCrop) -> Identification:
        nonlocal calls
        calls += 1
        raise EngineThrottled("not now")

    async with stream_harness(STAYS, identify) as at:
        session = await at.open()
        at.send(session, *range(1, 13))
        running = asyncio.create_task(session.run())
        await asyncio.sleep(2.5)
        running.cancel()
        await asyncio.wait([running])
        before = calls
        session.tick(at.clock.monotonic() + 5.0, 60.0)
        at.streams.close(session, "cut")
        session = await at.open()
        at.send(session, 13)
        session.finish()
        await asyncio.gather(session.run(), at.listen(session))
        at.streams.close(session, "finished")
    assert calls > before
