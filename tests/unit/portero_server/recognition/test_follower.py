"""Faces followed to their end, and what is said of it."""

from __future__ import annotations

import asyncio

from portero_server.domain.streams.frames import FrameRefused
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import FaceCrop, Identification
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import UNKNOWN, face, looked, named, stream_harness
from tests.support.time.virtual_time import in_virtual_time


@in_virtual_time
async def test_a_name_that_comes_after_silence_and_the_end_is_said_with_its_end() -> None:
    """A stranger left in silence and then for good; the late name begins a sighting, which must end like any other."""

    async def identify(crop: FaceCrop) -> Identification:
        await asyncio.sleep(13.0)
        return named("ana")

    script: dict[int, FrameAnalysis | FrameRefused] = {1: looked(face()), 2: looked(face())}
    async with stream_harness(script, identify) as at:
        session = await at.open()
        at.send(session, 1, 2)
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            running = group.create_task(session.run())
            await asyncio.sleep(12.0)
            # Captured so much later that the track has ended, whoever is in it.
            at.send(session, 70)
            await asyncio.sleep(2.0)
            session.finish()
            await running
        at.streams.close(session, "finished")
    decided = [(each.match is not None, each.revises) for commit in at.store.commits for each in commit.decided]
    assert decided == [(False, False), (True, True)]
    assert [each.track_id for commit in at.store.commits for each in commit.left] == ["door.e1.1.0", "door.e1.1.0"]
    states = [update.state for update in at.said if isinstance(update, TrackUpdate)]
    assert states[-2:] == [TrackState.REVISED, TrackState.CLOSED]


@in_virtual_time
async def test_what_a_stranger_seen_once_showed_last_is_a_finding_beside_its_end() -> None:
    """Another session may have stored it: were only its end refused, the frame that shows it last would be lost."""

    async def identify(crop: FaceCrop) -> Identification:
        return UNKNOWN

    script: dict[int, FrameAnalysis | FrameRefused] = dict.fromkeys(range(2, 20), looked())
    script[1] = looked(face())
    async with stream_harness(script, identify) as at:
        session = await at.open()
        at.send(session, *range(1, 20))
        session.finish()
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            await session.run()
        at.streams.close(session, "finished")
    assert [each for commit in at.store.commits for each in commit.decided] == []
    (left,) = [each for commit in at.store.commits for each in commit.left]
    (seen,) = [each for commit in at.store.commits for each in commit.seen]
    assert (seen.track_id, seen.last_seen, seen.sequence) == (left.track_id, left.last_seen, left.sequence)
