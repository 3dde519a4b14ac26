from __future__ import annotations

import pytest

from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.face_liveness import FaceLiveness, LivenessAnswer, LivenessEngine, LivenessState
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.errors import EngineError
from portero_simulator.faults import Fault, FaultKind
from tests.support.server.simulated_rekognition import CountingGate, simulated

CONTEXT = CallContext(None, Lane.CHECK_IN)


async def test_a_living_person_is_told_with_confidence_and_picture() -> None:
    """A finished session has a confidence of 0 to 1 and the reference picture; every call goes through the gate."""
    gate = CountingGate()
    async with simulated() as simulation:
        engine = RekognitionEngine(simulation.client, "staff", gate, threads=2)
        assert isinstance(engine, LivenessEngine)
        liveness: FaceLiveness = engine.face_liveness
        session = await liveness.begin("check-in-1", CONTEXT)
        assert await liveness.begin("check-in-1", CONTEXT) == session
        assert await liveness.ask(session, CONTEXT) == LivenessAnswer(LivenessState.OPEN)
        simulation.endpoint.service.sessions.finish(session, 97.0, b"\xff\xd8", simulation.clock.monotonic())
        answer = await liveness.ask(session, CONTEXT)
        await engine.aclose()
    assert answer.state is LivenessState.DONE
    assert answer.confidence == pytest.approx(0.97)
    assert answer.reference == b"\xff\xd8"
    assert gate.operations == ["CreateFaceLivenessSession"] * 2 + ["GetFaceLivenessSessionResults"] * 2


async def test_a_session_that_failed_or_is_over_has_no_confidence() -> None:
    """Failed, expired and forgotten sessions say so, and nothing else."""
    async with simulated() as simulation:
        engine = RekognitionEngine(simulation.client, "staff", CountingGate(), threads=2)
        liveness = engine.face_liveness
        failed, idle = [await liveness.begin(token, CONTEXT) for token in ("a", "b")]
        simulation.endpoint.service.sessions.finish(failed, None, None, simulation.clock.monotonic())
        assert await liveness.ask(failed, CONTEXT) == LivenessAnswer(LivenessState.FAILED)
        for seconds in (181, 600):
            simulation.clock.advance(seconds)
            assert await liveness.ask(idle, CONTEXT) == LivenessAnswer(LivenessState.EXPIRED)
        await engine.aclose()


async def test_faults_are_engine_errors() -> None:
    """A fault of the vendor is an EngineError like any other, so that the scheduler can retry."""
    async with simulated() as simulation:
        engine = RekognitionEngine(simulation.client, "staff", CountingGate(), threads=2)
        simulation.endpoint.faults.turn(FaultKind.ERROR, Fault(1.0, None, 0.0), simulation.clock.monotonic())
        with pytest.raises(EngineError):
            await engine.face_liveness.begin("a", CONTEXT)
        await engine.aclose()
