"""Check-ins from the beginning to the end, on a real database, with reader, comparison and desk in the test's hands."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from portero_server.documents.arrivals import NewGuest
from portero_server.documents.desk import CapturedCheckIn, LiveFace
from portero_server.documents.needs import CheckInPictures
from portero_server.domain.documents.check_in import (
    CheckIn,
    CheckInFailure,
    CheckInState,
    Decision,
    GuestStatus,
    Review,
)
from portero_server.domain.documents.document import Field
from portero_server.domain.documents.judgment import CheckInResult, FaceEvidence
from portero_server.domain.documents.reasons import Reason
from portero_server.errors import EngineUnavailable, FailedPrecondition, InvalidInput, NotFound
from portero_server.store.check_in_filter import CheckInFilter
from portero_server.store.database import Database
from tests.support.images.patch_photos import ANA, photo
from tests.support.server.check_in_parts import PAULA, PICTURE, CheckInHouse, reading

_PICTURES = CheckInPictures([photo(ANA)], photo(ANA))


@pytest.fixture
async def house(database: Database) -> CheckInHouse:
    """A service, and a camera at the desk whose stream is here."""
    house = CheckInHouse(database)
    await house.cameras.create("desk", display_name="Desk")
    return house


def capture() -> CapturedCheckIn:
    """Returns what was seen of a card and of who holds it."""
    return CapturedCheckIn(reading(), (PICTURE,), LiveFace(PICTURE, 1, 0.9, 120), paid_calls=1)


async def test_pictures_give_an_answer_at_once(house: CheckInHouse) -> None:
    """A check-in with pictures returns finished, with report, face and the calls that were paid for."""
    done = await house.service.check_in(_PICTURES, None, None)
    assert (done.state, done.failure) == (CheckInState.FINISHED, None)
    assert done.report is not None
    assert (done.report.result, done.report.reasons) == (CheckInResult.ACCEPTED, ())
    assert done.admitted
    assert done.face is not None
    assert done.face.similarity == 0.9
    assert done.paid_calls == 2
    assert done.guest_status is GuestStatus.UNKNOWN
    assert await house.store.get(done.check_in_id) == done
    assert house.count("check_ins", result="accepted") == 1


async def test_without_a_live_picture_a_person_looks(house: CheckInHouse) -> None:
    """Without a picture of the holder the result is REVIEW at best, and says why."""
    done = await house.service.check_in(CheckInPictures([photo(ANA), photo(ANA)]), None, None)
    assert done.report is not None
    assert (done.report.result, done.report.reasons) == (CheckInResult.REVIEW, (Reason.NO_LIVE_FACE,))
    assert house.reader.asked == [2]
    assert house.count("reasons", reason="no_live_face") == 1


async def test_a_card_on_a_screen_is_never_accepted(house: CheckInHouse) -> None:
    """A card that lies in a frame, as on a phone's screen, is sent to a person, and the cue is stored."""
    house.reader.framed = True
    done = await house.service.check_in(_PICTURES, None, None)
    assert done.report is not None
    assert (done.report.result, done.report.reasons) == (CheckInResult.REVIEW, (Reason.SUSPECTED_SPOOF,))
    assert done.liveness is not None
    assert done.liveness.cues == ("framed",)
    assert await house.store.get(done.check_in_id) == done


@pytest.mark.parametrize(
    ("pictures", "field"),
    [
        (CheckInPictures([]), "images.document_images"),
        (CheckInPictures([photo(ANA)] * 3), "images.document_images"),
        (CheckInPictures([b"none"]), "images.document_images"),
        (CheckInPictures([photo(ANA)], b"none"), "images.live_image"),
    ],
)
async def test_pictures_that_cannot_be_used_store_nothing(
    house: CheckInHouse, pictures: CheckInPictures, field: str
) -> None:
    """A picture that cannot be used is refused by the name of its field, before anything is stored or read."""
    with pytest.raises(InvalidInput) as refused:
        await house.service.check_in(pictures, None, None)
    assert refused.value.field == field
    assert await house.store.list(CheckInFilter(), 10) == []
    assert house.reader.asked == []


async def test_a_repeated_request_makes_one_check_in(house: CheckInHouse) -> None:
    """The same request id returns the first check-in and reads nothing again; with other pictures it is refused."""
    request = str(uuid4())
    first = await house.service.check_in(_PICTURES, None, None, request)
    assert await house.service.check_in(_PICTURES, None, None, request) == first
    assert house.reader.asked == [1]
    with pytest.raises(InvalidInput, match="request_id was used before"):
        await house.service.check_in(CheckInPictures([photo(ANA)]), None, None, request)
    with pytest.raises(InvalidInput, match="request_id was used before"):
        await house.service.start("desk", request)


async def test_an_engine_that_fails_ends_the_check_in(house: CheckInHouse) -> None:
    """When the card is not read, or the faces are not compared, the check-in fails and is not accepted."""
    house.reader.answer = EngineUnavailable("away")
    failed = await house.service.check_in(_PICTURES, None, None)
    assert (failed.state, failed.failure) == (CheckInState.FAILED, CheckInFailure.ENGINE_FAILED)
    house.reader.answer, house.portraits.answer = reading(), EngineUnavailable("away")
    failed = await house.service.check_in(_PICTURES, None, None)
    assert (failed.failure, failed.report, failed.paid_calls) == (CheckInFailure.ENGINE_FAILED, None, 1)
    assert not failed.admitted
    assert house.count("reasons", reason="engine_failed") == 2


async def test_a_caller_who_hangs_up_interrupts(house: CheckInHouse) -> None:
    """A canceled call leaves a check-in that says it was interrupted."""
    house.reader.waits = asyncio.Event()
    calling = asyncio.create_task(house.service.check_in(_PICTURES, None, None))
    await house.reader.reached.wait()
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    (left,) = await house.store.list(CheckInFilter(), 10)
    assert left.failure is CheckInFailure.INTERRUPTED


async def test_a_camera_is_captured_and_judged(house: CheckInHouse) -> None:
    """A check-in at a camera runs until its capture reports, and has then the result."""
    begun = await house.service.start("desk")
    assert begun.state is CheckInState.RUNNING
    assert house.desk.open == {"desk": begun.check_in_id}
    assert house.desk.deadlines[begun.check_in_id] == house.clock.monotonic() + 60
    house.clock.advance(4)
    await house.service.captured(begun.check_in_id, capture())
    done = await house.store.get(begun.check_in_id)
    assert done.admitted
    assert done.reading == reading()
    assert done.paid_calls == 2
    assert house.metrics.running._value.get() == 0


async def test_of_two_that_begin_at_once_one_runs(house: CheckInHouse) -> None:
    """Two servers begin at one camera: one check-in runs and is captured, the other is refused and says which runs."""
    begun = await asyncio.gather(
        *(server.start("desk") for server in (house.service, house.server())), return_exceptions=True
    )
    (running,) = (each for each in begun if isinstance(each, CheckIn))
    (refused,) = (each for each in begun if isinstance(each, FailedPrecondition))
    assert refused.reason == "CHECK_IN_RUNNING"
    assert f"checkIns/{running.check_in_id} runs at cameras/desk" in refused.message
    assert house.desk.open == {"desk": running.check_in_id}
    assert await house.store.list(CheckInFilter(), 10) == [running]


async def test_a_repetition_of_the_same_start_joins_the_check_in(house: CheckInHouse) -> None:
    """The same request sent twice at once begins one check-in, which both get; a refused one may be sent again."""
    request, other = str(uuid4()), str(uuid4())
    first, second = await asyncio.gather(*(house.service.start("desk", request) for _ in range(2)))
    assert first.check_in_id == second.check_in_id
    with pytest.raises(FailedPrecondition):
        await house.service.start("desk", other)
    await house.service.cancel(first.check_in_id)
    assert (await house.service.start("desk", other)).state is CheckInState.RUNNING


async def test_one_whose_time_is_over_is_in_nobody_s_way(house: CheckInHouse) -> None:
    """A check-in that a killed server left behind ends when the next one begins after its deadline."""
    left = await house.service.start("desk")
    house.clock.advance(60)
    assert (await house.server().start("desk")).state is CheckInState.RUNNING
    assert (await house.store.get(left.check_in_id)).state is CheckInState.FAILED


async def test_a_new_check_in_may_take_the_place_of_the_one_that_runs(house: CheckInHouse) -> None:
    """The desk begins anew: the first check-in says so, and what its capture still reports changes nothing."""
    first = await house.service.start("desk")
    second = await house.service.start("desk", replace=True)
    assert house.desk.open == {"desk": second.check_in_id}
    await house.service.captured(first.check_in_id, capture())
    replaced = await house.store.get(first.check_in_id)
    assert (replaced.failure, replaced.reading) == (CheckInFailure.SUPERSEDED, None)
    assert (await house.store.get(second.check_in_id)).state is CheckInState.RUNNING


async def test_a_camera_must_exist_and_be_enabled(house: CheckInHouse) -> None:
    """Nothing begins at a camera that is not there, or is disabled."""
    with pytest.raises(NotFound):
        await house.service.start("nowhere")
    await house.cameras.update("desk", disabled=True)
    with pytest.raises(FailedPrecondition, match="disabled"):
        await house.service.start("desk")
    with pytest.raises(FailedPrecondition, match="disabled"):
        await house.service.check_in(_PICTURES, "desk", None)


async def test_a_server_with_the_stream_takes_up_what_another_began(house: CheckInHouse) -> None:
    """A check-in that was begun at a server without the camera's stream is captured by the one that has it, once."""
    house.desk.streams.clear()
    begun = await house.service.start("desk")
    assert house.desk.open == {}
    other, third = house.server(), house.server()
    house.desk.streams.add("desk")
    await other.round()
    await third.round()
    await other.round()
    assert house.desk.open == {"desk": begun.check_in_id}
    assert house.desk.canceled == []
    await other.captured(begun.check_in_id, capture())
    assert (await house.store.get(begun.check_in_id)).admitted


async def test_a_check_in_canceled_elsewhere_is_no_longer_captured(house: CheckInHouse) -> None:
    """A server stops looking for a card whose check-in was canceled at another server, or erased."""
    begun = await house.service.start("desk")
    canceled = await house.server().cancel(begun.check_in_id)
    assert canceled.failure is CheckInFailure.CANCELED
    house.desk.canceled.clear()
    await house.service.round()
    assert house.desk.canceled == [begun.check_in_id]
    again = await house.service.cancel(begun.check_in_id)
    assert again == canceled


async def test_a_restart_ends_what_ran(house: CheckInHouse) -> None:
    """A server that stops ends its check-ins; one that was killed leaves them to any other, when their time is over."""
    begun = await house.service.start("desk")
    running = asyncio.create_task(house.service.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (await house.store.get(begun.check_in_id)).failure is CheckInFailure.INTERRUPTED
    killed = await house.service.start("desk")
    restarted = house.server()
    house.clock.advance(64)
    await restarted.round()
    assert (await house.store.get(killed.check_in_id)).state is CheckInState.RUNNING
    house.clock.advance(2)
    await restarted.round()
    assert (await house.store.get(killed.check_in_id)).failure is CheckInFailure.INTERRUPTED


async def test_a_camera_that_never_streams_times_out(house: CheckInHouse) -> None:
    """A check-in that no server could capture ends as timed out."""
    house.desk.streams.clear()
    begun = await house.service.start("desk")
    house.clock.advance(66)
    await house.service.round()
    assert (await house.store.get(begun.check_in_id)).failure is CheckInFailure.TIMED_OUT


async def test_a_failed_capture_says_why(house: CheckInHouse) -> None:
    """What a capture reports is why the check-in failed."""
    begun = await house.service.start("desk")
    await house.service.failed(begun.check_in_id, CheckInFailure.STREAM_ENDED)
    assert (await house.store.get(begun.check_in_id)).failure is CheckInFailure.STREAM_ENDED


async def test_an_expected_guest_comes_once(house: CheckInHouse) -> None:
    """A guest of today's list is marked as come; the same card again is told as in already and sent to a person."""
    (guest,) = await house.arrivals.add([NewGuest("Paula Soto", PAULA)])
    first = await house.service.check_in(_PICTURES, None, None)
    assert (first.guest_status, first.guest_id) == (GuestStatus.EXPECTED, guest.guest_id)
    assert (await house.guests.get(guest.guest_id)).check_in_id == first.check_in_id
    again = await house.service.check_in(_PICTURES, None, None)
    assert again.guest_status is GuestStatus.ALREADY_IN
    assert again.earlier_id == first.check_in_id
    assert again.report is not None
    assert (again.report.result, again.report.reasons) == (CheckInResult.REVIEW, (Reason.ALREADY_CHECKED_IN,))


async def test_somebody_of_an_earlier_day_is_known(house: CheckInHouse) -> None:
    """Whoever was admitted on another day of the site is known, and not in already."""
    first = await house.service.check_in(_PICTURES, None, None)
    house.clock.advance(24 * 3600)
    again = await house.service.check_in(_PICTURES, None, None)
    assert (again.guest_status, again.earlier_id) == (GuestStatus.KNOWN, first.check_in_id)
    assert again.admitted


async def test_a_person_decides(house: CheckInHouse) -> None:
    """What a person decided counts, for the guest list too, and a later decision takes its place."""
    (guest,) = await house.arrivals.add([NewGuest("Paula Soto", PAULA)])
    house.portraits.answer = FaceEvidence(similarity=0.2, live_faces=1, portrait_found=True, threshold=0.8)
    rejected = await house.service.check_in(_PICTURES, None, None)
    assert rejected.report is not None
    assert rejected.report.result is CheckInResult.REJECTED
    assert (await house.guests.get(guest.guest_id)).check_in_id is None
    review = Review(Decision.ACCEPTED, "had a beard", "ines", house.clock.now())
    accepted = await house.service.decide(rejected.check_in_id, review)
    assert accepted.admitted
    assert accepted.review == review
    assert (await house.guests.get(guest.guest_id)).check_in_id == rejected.check_in_id
    taken_back = Review(Decision.REJECTED, "was a mistake", "ines", house.clock.now())
    assert not (await house.service.decide(rejected.check_in_id, taken_back)).admitted
    assert (await house.guests.get(guest.guest_id)).check_in_id is None
    running = await house.service.start("desk")
    with pytest.raises(FailedPrecondition, match="no report"):
        await house.service.decide(running.check_in_id, review)


async def test_a_reading_is_not_stored(house: CheckInHouse) -> None:
    """Reading a document answers and leaves nothing behind."""
    read, paid = await house.service.read([photo(ANA)], None)
    assert (read.value(Field.RUN), paid) == (PAULA, 1)
    assert await house.store.list(CheckInFilter(), 10) == []
