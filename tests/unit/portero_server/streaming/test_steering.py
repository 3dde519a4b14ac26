"""Steering of open streams: what a bridge is asked for, what its status says, and when nothing is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC

from structlog.testing import capture_logs

from portero_server.domain.cameras import CameraMode
from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.steering.opening_hours import OpeningHours, OpeningSchedule
from portero_server.domain.steering.policy import NOTHING_ASKED, UNLIMITED_RATE, SteeringCause, SteeringPolicy
from portero_server.domain.streams.messages import Directive
from portero_server.streaming.session import Session
from portero_server.streaming.status import LiveStatus
from portero_server.streaming.steering import Steering
from portero_server.streaming.stream_clock import Opening
from tests.support.server.stream_harness import StreamHarness, camera, looked, stream_harness
from tests.support.time.virtual_time import in_virtual_time

_LIVE = Opening(lossless=False, agent="portero-bridge/9.1")
_POLICY = SteeringPolicy()
_CLOSED = OpeningSchedule(OpeningHours((), UTC))
_LARGE = FoundFace(Box(0.0, 0.0, 0.9, 0.9), 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0))


@asynccontextmanager
async def _streaming(at: StreamHarness, opening: Opening = _LIVE) -> AsyncIterator[Session]:
    """Opens a stream, runs it and listens to it."""
    session = await at.streams.open("door", "e1", opening)
    session.opened()
    async with asyncio.TaskGroup() as group:
        group.create_task(session.run())
        group.create_task(at.listen(session))
        yield session
        session.finish()
    at.streams.close(session, "finished")


async def _frames(at: StreamHarness, session: Session, first: int, last: int) -> None:
    """Sends frames as a camera does, five a second."""
    for sequence in range(first, last + 1):
        at.send(session, sequence)
        await asyncio.sleep(0.2)


def _status(at: StreamHarness) -> LiveStatus:
    status = at.streams.status("door")
    assert status is not None
    return status


@in_virtual_time
async def test_an_idle_camera_is_slowed_and_wakes_with_the_first_change() -> None:
    """After the time without a change the idle rate is asked for, and the full one as soon as a frame differs."""
    async with (
        stream_harness({170: looked()}, steering=Steering(_POLICY)) as at,
        _streaming(at) as session,
    ):
        await _frames(at, session, 1, 149)
        assert at.heard(Directive) == []
        await _frames(at, session, 150, 169)
        assert at.heard(Directive) == [Directive(max_rate=2.0)]
        assert _status(at).asked.causes == (SteeringCause.IDLE,)
        at.streams.report()
        assert at.metrics.registry.get_sample_value("portero_streams_steered", {"cause": "idle"}) == 1
        at.send(session, 170)
        await asyncio.sleep(0.01)
        assert at.heard(Directive)[1:] == [Directive(max_rate=UNLIMITED_RATE)]
        assert _status(at).asked == NOTHING_ASKED


@in_virtual_time
async def test_a_closed_place_pauses_its_cameras_of_either_mode() -> None:
    """Out of hours the bridge is asked to pause at once; the log, status and metrics say so."""
    hours = OpeningHours.parse("Mon-Sun 00:00-00:01", UTC)
    steering = Steering(_POLICY, OpeningSchedule(None, {"door": hours}))
    for opening in (_LIVE, _LIVE._replace(lossless=True)):
        with capture_logs() as logs:
            async with stream_harness(steering=steering) as at, _streaming(at, opening) as session:
                for _ in range(12):
                    session.heartbeat()
                    await asyncio.sleep(10)
                (asked,) = at.heard(Directive)
                assert isinstance(asked, Directive)
                assert asked.pause == 3600.0
                assert _status(at).asked.causes == (SteeringCause.CLOSED,)
                at.streams.report()
                assert at.metrics.registry.get_sample_value("portero_streams_steered", {"cause": "closed"}) == 1
        assert [line["causes"] for line in logs if line["event"] == "stream_steered"] == [["closed"]]


@in_virtual_time
async def test_frames_that_wait_in_the_server_slow_a_live_bridge_only() -> None:
    """A live stream whose frames wait is halved; a lossless bridge waits by itself."""
    for opening, directives in ((_LIVE, 1), (_LIVE._replace(lossless=True), 0)):
        held = asyncio.Event()
        async with stream_harness(steering=Steering(_POLICY)) as at:
            look = at.scene.look

            async def slow(*frames: object, look: object = look, held: asyncio.Event = held, **how: object) -> object:
                await held.wait()
                return await look(*frames, **how)  # type: ignore[operator]

            at.scene.look = slow  # type: ignore[method-assign, assignment]
            async with _streaming(at, opening) as session:
                await _frames(at, session, 1, 14)
                assert len(at.heard(Directive)) == directives
                held.set()


@in_virtual_time
async def test_faces_that_are_needlessly_large_ask_for_smaller_pictures() -> None:
    """The width of a face in pixels decides, in frames of any size."""
    policy = SteeringPolicy(visits=1, face_width=10, min_side=16)
    async with stream_harness({1: looked(_LARGE)}, steering=Steering(policy)) as at, _streaming(at) as session:
        await _frames(at, session, 1, 1)
        (asked,) = at.heard(Directive)
        assert isinstance(asked, Directive)
        assert asked.max_side is not None
        assert _status(at).asked.causes == (SteeringCause.LARGE_FACES,)


@in_virtual_time
async def test_money_pauses_a_camera_that_nothing_can_serve_without_it() -> None:
    """A spent budget pauses live cameras, unless a local engine recognizes faces instead; it cannot read text."""
    for backed, mode, pauses in (
        (False, CameraMode.FACES, [600.0]),
        (True, CameraMode.FACES, []),
        (True, CameraMode.TEXT, [600.0]),
    ):
        steering = Steering(_POLICY, spent_for=lambda camera: 600.0, backed=backed)
        async with stream_harness(cameras=[camera("door", mode)], steering=steering) as at, _streaming(at):
            await asyncio.sleep(1.0)
            assert [each.pause for each in at.heard(Directive) if isinstance(each, Directive)] == pauses


@in_virtual_time
async def test_an_operator_can_turn_steering_off() -> None:
    """Without a policy neither opening hours nor budget nor idleness ask a bridge for anything."""
    steering = Steering(None, _CLOSED, lambda camera_id: 600.0)
    async with stream_harness(steering=steering) as at, _streaming(at) as session:
        await _frames(at, session, 1, 200)
        assert at.heard(Directive) == []
        assert _status(at).asked == NOTHING_ASKED


@in_virtual_time
async def test_the_bridge_is_told_by_name() -> None:
    """The log, the status and a bounded metric say which bridge has opened the stream."""
    with capture_logs() as logs:
        async with stream_harness() as at, _streaming(at):
            await asyncio.sleep(0.1)
            assert _status(at).agent == "portero-bridge/9.1"
            at.streams.report()
            assert at.metrics.registry.get_sample_value("portero_bridge_streams", {"agent": "portero-bridge/9.1"}) == 1
        at.streams.report()
        assert at.metrics.registry.get_sample_value("portero_bridge_streams", {"agent": "portero-bridge/9.1"}) is None
    (line,) = [line for line in logs if line["event"] == "stream_opened"]
    assert (line["agent"], line["mode"]) == ("portero-bridge/9.1", "live")
