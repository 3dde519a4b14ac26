"""What becomes of a liveness session: asked about in time, and bound to the face before the camera."""

from __future__ import annotations

import pytest

from portero_server.documents.desk import LiveFace
from portero_server.documents.liveness_sessions import LivenessEvidence, LivenessPolicy, LivenessSessions
from portero_server.domain.cameras import Lane
from portero_server.domain.documents.liveness_session import LivenessResult
from portero_server.engines.base import CallContext, Engine
from portero_server.engines.face_liveness import FaceLiveness, LivenessAnswer, LivenessState
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import EngineDenied, EngineError, EngineUnavailable
from tests.support.server.check_in_parts import TestVendor
from tests.support.server.simulated_rekognition import (
    GREEN,
    RED,
    CountingGate,
    Simulation,
    picture,
    portrait,
    simulated,
)
from tests.support.time.virtual_time import ManualClock, in_virtual_time, running_clock

CONTEXT = CallContext("desk", Lane.CHECK_IN)
POLICY = LivenessPolicy(confidence=0.8, threshold=0.9)
LIVE = LiveFace(picture((100, 60, 100, RED)), faces=1)
OPEN = LivenessAnswer(LivenessState.OPEN)
ALIVE = LivenessAnswer(LivenessState.DONE, 0.95, portrait(RED))


def _sessions(vendor: FaceLiveness, clock: ManualClock, engine: Engine | None = None) -> LivenessSessions:
    return LivenessSessions(vendor, engine or ScriptedEngine(), clock, POLICY)


async def _concluded(vendor: TestVendor, live: LiveFace | None = LIVE, seconds: float = 30) -> LivenessEvidence:
    clock = running_clock()
    return await _sessions(vendor, clock).conclude("s", live, clock.monotonic() + seconds, CONTEXT, lambda: True)


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (ALIVE, LivenessResult.PASSED),
        (LivenessAnswer(LivenessState.DONE, 0.8, portrait(RED)), LivenessResult.PASSED),
        (LivenessAnswer(LivenessState.DONE, 0.79, portrait(RED)), LivenessResult.FAILED),
        (LivenessAnswer(LivenessState.DONE, 0.95, portrait(GREEN)), LivenessResult.OTHER_FACE),
        (LivenessAnswer(LivenessState.DONE, 0.95, None), LivenessResult.UNCONFIRMED),
        (LivenessAnswer(LivenessState.DONE, 0.95, b"no picture"), LivenessResult.UNCONFIRMED),
        (LivenessAnswer(LivenessState.FAILED), LivenessResult.FAILED),
        (LivenessAnswer(LivenessState.EXPIRED), LivenessResult.EXPIRED),
        (OPEN, LivenessResult.EXPIRED),
        (EngineUnavailable("away"), LivenessResult.UNCONFIRMED),
    ],
)
@in_virtual_time
async def test_a_session_passes_only_for_the_face_before_the_camera(
    answer: LivenessAnswer | EngineError, result: LivenessResult
) -> None:
    """Alive, surely enough, and alike; everything else has a name of its own."""
    assert (await _concluded(TestVendor([answer]))).result is result


@in_virtual_time
async def test_a_session_is_waited_for() -> None:
    """Questions go on while the session is open or the vendor is away, and end with the first answer."""
    vendor = TestVendor([OPEN, EngineUnavailable("away"), OPEN, ALIVE, LivenessAnswer(LivenessState.FAILED)])
    began = running_clock().monotonic()
    assert (await _concluded(vendor)).result is LivenessResult.PASSED
    assert len(vendor.asked) == 4
    assert running_clock().monotonic() - began == pytest.approx(1 + 1.5 + 2.25)


@in_virtual_time
async def test_time_ends_the_wait() -> None:
    """A session that nobody finishes is asked about until its time is over, and no longer."""
    vendor = TestVendor([OPEN])
    began = running_clock().monotonic()
    assert (await _concluded(vendor, seconds=60)).result is LivenessResult.EXPIRED
    assert running_clock().monotonic() - began == pytest.approx(60)
    assert len(vendor.asked) < 20


@in_virtual_time
async def test_what_cannot_be_bound_is_not_asked_about() -> None:
    """Without a live face a session says nothing, and without rights to ask there is no use in going on."""
    vendor = TestVendor([ALIVE])
    assert (await _concluded(vendor, live=None)).result is LivenessResult.UNCONFIRMED
    assert vendor.asked == []
    denied = TestVendor([EngineDenied("no rights"), ALIVE])
    assert (await _concluded(denied)).result is LivenessResult.UNCONFIRMED
    assert len(denied.asked) == 1


@in_virtual_time
async def test_nobody_is_asked_for_a_check_in_that_has_ended() -> None:
    """A check-in that was canceled meanwhile stops the questions."""
    vendor, clock = TestVendor([OPEN]), running_clock()
    sessions = _sessions(vendor, clock)
    began = clock.monotonic()
    await sessions.conclude("s", LIVE, began + 60, CONTEXT, lambda: clock.monotonic() < began + 2)
    assert len(vendor.asked) == 2


async def test_amazon_s_answer_is_bound_by_one_comparison() -> None:
    """Through boto3 to the simulator: two calls that cost money, however often the session was asked about."""
    gate = CountingGate()
    async with simulated() as simulation:
        engine = RekognitionEngine(simulation.client, "staff", gate, threads=2)
        sessions = _sessions(engine.face_liveness, simulation.clock, engine)
        assert engine.face_liveness.region == "us-east-1"
        mine, other = [await sessions.begin(check_in, CONTEXT) for check_in in ("c1", "c2")]
        for session, color in ((mine, RED), (other, GREEN)):
            _finish(simulation, session, portrait(color))
        until = simulation.clock.monotonic() + 60
        passed = await sessions.conclude(mine, LIVE, until, CONTEXT, lambda: True)
        refused = await sessions.conclude(other, LIVE, until, CONTEXT, lambda: True)
        blank = await sessions.conclude(mine, LiveFace(picture()), until, CONTEXT, lambda: True)
        await engine.aclose()
    assert passed == LivenessEvidence(LivenessResult.PASSED, 1)
    assert refused == LivenessEvidence(LivenessResult.OTHER_FACE, 1)
    assert blank.result is LivenessResult.UNCONFIRMED
    dollars = simulation.endpoint.journal.summary()["operations"]
    assert dollars["CreateFaceLivenessSession"]["dollars"] == 0.03
    assert dollars["GetFaceLivenessSessionResults"]["dollars"] == 0


def _finish(simulation: Simulation, session: str, reference: bytes) -> None:
    simulation.endpoint.service.sessions.finish(session, 97.0, reference, simulation.clock.monotonic())
