"""Check-ins that ask for a liveness session, on a real database."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from portero_server.documents.desk import CapturedCheckIn, LiveFace
from portero_server.domain.documents.check_in import CheckIn, CheckInFailure, CheckInState
from portero_server.domain.documents.judgment import CheckInResult
from portero_server.domain.documents.liveness_session import LivenessResult
from portero_server.domain.documents.reasons import Reason
from portero_server.engines.face_liveness import LivenessAnswer, LivenessState
from portero_server.errors import EngineUnavailable, FailedPrecondition, InvalidInput
from portero_server.store.database import Database
from tests.support.server.check_in_parts import CheckInHouse, TestVendor, reading
from tests.support.server.simulated_rekognition import GREEN, RED, picture, portrait

_LIVE = LiveFace(picture((100, 60, 100, RED)), 1, 0.9, 120)


@pytest.fixture
def vendor() -> TestVendor:
    """A vendor who has seen the live face alive."""
    return TestVendor([LivenessAnswer(LivenessState.DONE, 0.95, portrait(RED))])


@pytest.fixture
async def house(database: Database, vendor: TestVendor) -> CheckInHouse:
    """A service with liveness sessions, and a camera at the desk."""
    house = CheckInHouse(database, vendor=vendor)
    await house.cameras.create("desk", display_name="Desk")
    return house


async def _captured(house: CheckInHouse, begun: CheckIn) -> CheckIn:
    capture = CapturedCheckIn(reading(), (picture(),), _LIVE, paid_calls=1)
    await house.service.captured(begun.check_in_id, capture)
    return await house.store.get(begun.check_in_id)


async def test_a_session_is_begun_told_and_passed(house: CheckInHouse, vendor: TestVendor) -> None:
    """The session is in the check-in while it runs; a passed one is a check, a paid call and a count."""
    begun = await house.service.start("desk", liveness=True)
    assert vendor.begun == [begun.check_in_id]
    assert begun.liveness_session_id == f"session-of-{begun.check_in_id[:8]}"
    assert await house.store.get(begun.check_in_id) == begun
    done = await _captured(house, begun)
    assert vendor.asked == [begun.liveness_session_id]
    assert (done.liveness_result, done.admitted) == (LivenessResult.PASSED, True)
    assert done.paid_calls == 3
    assert house.count("liveness", result="passed") == 1


@pytest.mark.parametrize(
    ("answer", "result", "reason"),
    [
        (LivenessAnswer(LivenessState.FAILED), LivenessResult.FAILED, Reason.LIVENESS_FAILED),
        (LivenessAnswer(LivenessState.EXPIRED), LivenessResult.EXPIRED, Reason.LIVENESS_EXPIRED),
        (
            LivenessAnswer(LivenessState.DONE, 0.99, portrait(GREEN)),
            LivenessResult.OTHER_FACE,
            Reason.LIVENESS_OTHER_FACE,
        ),
        (LivenessAnswer(LivenessState.DONE, 0.99), LivenessResult.UNCONFIRMED, Reason.LIVENESS_UNCONFIRMED),
    ],
)
async def test_a_session_that_did_not_pass_is_never_accepted(
    house: CheckInHouse, vendor: TestVendor, answer: LivenessAnswer, result: LivenessResult, reason: Reason
) -> None:
    """Whatever else is in order, a person looks, and sees why."""
    vendor.answers = [answer]
    done = await _captured(house, await house.service.start("desk", liveness=True))
    assert done.report is not None
    assert (done.report.result, done.report.reasons) == (CheckInResult.REVIEW, (reason,))
    assert (done.liveness_result, done.admitted) == (result, False)


async def test_without_asking_nobody_is_asked(house: CheckInHouse, vendor: TestVendor) -> None:
    """A check-in that asks for no session has none, and is judged as ever."""
    begun = await house.service.start("desk")
    done = await _captured(house, begun)
    assert (done.admitted, done.liveness_session_id, done.liveness_result, done.paid_calls) == (True, None, None, 2)
    assert vendor.begun == vendor.asked == []


async def test_a_site_without_sessions_refuses(database: Database) -> None:
    """Where sessions are off, asking for one stores nothing; a check-in that waits for one is not accepted there."""
    off = CheckInHouse(database)
    await off.cameras.create("desk", display_name="Desk")
    with pytest.raises(FailedPrecondition, match="PORTERO_CHECK_IN_LIVENESS") as refused:
        await off.service.start("desk", liveness=True)
    assert refused.value.reason == "LIVENESS_OFF"
    assert await off.store.running() == []
    begun = await CheckInHouse(database, vendor=TestVendor()).service.start("desk", liveness=True)
    done = await _captured(off, begun)
    assert done.report is not None
    assert done.report.reasons == (Reason.LIVENESS_UNCONFIRMED,)


async def test_a_session_that_cannot_be_begun_ends_the_check_in(house: CheckInHouse, vendor: TestVendor) -> None:
    """The caller is told, and the camera is free for the next guest."""
    vendor.refusal = EngineUnavailable("away")
    with pytest.raises(EngineUnavailable):
        await house.service.start("desk", liveness=True)
    assert await house.store.running() == []
    assert house.count("liveness", result="abandoned") == 1
    vendor.refusal = None
    assert (await house.service.start("desk", liveness=True)).state is CheckInState.RUNNING


async def test_a_repetition_has_the_same_session(house: CheckInHouse, vendor: TestVendor) -> None:
    """The same request begins one session, and the same without one is another request."""
    request = str(uuid4())
    first = await house.service.start("desk", request, liveness=True)
    assert await house.service.start("desk", request, liveness=True) == first
    assert len(vendor.begun) == 1
    with pytest.raises(InvalidInput, match="request_id was used before"):
        await house.service.start("desk", request)


async def test_a_repetition_begins_the_session_that_is_missing(house: CheckInHouse, vendor: TestVendor) -> None:
    """Where the first caller hung up before its session was begun, the second one gets it."""
    request = str(uuid4())
    vendor.waits = asyncio.Event()
    first = asyncio.create_task(house.service.start("desk", request, liveness=True))
    await vendor.reached.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    ((left, _),) = await house.store.running()
    assert left.liveness_session_id == ""
    vendor.waits = None
    again = await house.service.start("desk", request, liveness=True)
    assert (again.check_in_id, bool(again.liveness_session_id)) == (left.check_in_id, True)


async def test_what_was_paid_for_is_told_when_a_check_in_fails(house: CheckInHouse) -> None:
    """A check-in that is canceled has paid for its session."""
    begun = await house.service.start("desk", liveness=True)
    canceled = await house.service.cancel(begun.check_in_id)
    assert (canceled.failure, canceled.paid_calls) == (CheckInFailure.CANCELED, 1)
