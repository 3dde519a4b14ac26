"""Check-ins in both databases: listed, claimed once, changed in an order that watchers can follow."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from portero_server.documents.judging import GuestBook, judged
from portero_server.domain.documents.check_in import (
    CheckIn,
    CheckInFailure,
    CheckInState,
    Decision,
    GuestStatus,
    Holder,
    Review,
)
from portero_server.domain.documents.document import DocumentReading
from portero_server.domain.documents.judgment import CheckInResult, FaceEvidence
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.store.cameras import CameraStore
from portero_server.store.check_in_filter import CheckInCursor, CheckInFilter
from portero_server.store.check_ins import CheckInStore
from portero_server.store.database import Database
from tests.support.server.check_in_parts import PAULA, PEDRO, reading
from tests.support.time.virtual_time import ManualClock

_SAME = FaceEvidence(similarity=0.9, live_faces=1, portrait_found=True, threshold=0.8)


@pytest.fixture
def store(database: Database, clock: ManualClock) -> CheckInStore:
    """Check-ins of the database."""
    return CheckInStore(database, clock)


async def begun(store: CheckInStore, clock: ManualClock, key: str, camera_id: str | None = None) -> CheckIn:
    """Stores a check-in that runs, a second after the one before."""
    clock.advance(1)
    now = clock.now()
    new = CheckIn(key, camera_id, CheckInState.RUNNING, now, now + timedelta(seconds=60))
    return (await store.create(new, server="s1")).check_in


async def ended(
    store: CheckInStore,
    clock: ManualClock,
    key: str,
    camera_id: str | None = None,
    *,
    read: DocumentReading | None = None,
    face: FaceEvidence | None = _SAME,
) -> CheckIn:
    """Stores a check-in that has a report."""
    check_in = await begun(store, clock, key, camera_id)
    read = read or reading()
    answer = judged(read, face, None, GuestBook(clock.now().date()))
    finished = await store.finish(
        replace(
            check_in,
            state=CheckInState.FINISHED,
            finished_at=clock.now(),
            reading=read,
            report=answer.report,
            guest_status=answer.guest_status,
            paid_calls=2,
        )
    )
    assert finished is not None
    return finished


async def test_what_is_stored_comes_back(store: CheckInStore, clock: ManualClock) -> None:
    """A check-in reads as it was written, when it runs, has failed, has a report, and is decided."""
    running = await begun(store, clock, "a", "desk")
    assert await store.get("a") == running
    failed = await store.fail("a", CheckInFailure.STREAM_ENDED, paid_calls=1)
    assert failed is not None
    assert failed == await store.get("a")
    assert (failed.state, failed.failure, failed.paid_calls) == (
        CheckInState.FAILED,
        CheckInFailure.STREAM_ENDED,
        1,
    )
    assert await store.fail("a", CheckInFailure.CANCELED) is None
    done = await ended(store, clock, "b")
    assert await store.get("b") == done
    assert (done.reading, done.guest_status, done.admitted) == (reading(), GuestStatus.UNKNOWN, True)
    review = Review(Decision.REJECTED, "not the guest", "ines", clock.now())
    assert (await store.decide("b", review)).review == review
    assert not (await store.get("b")).admitted


async def test_lists_are_cut_into_pages_latest_first(store: CheckInStore, clock: ManualClock) -> None:
    """Pages of any size give every check-in once, latest first, under each condition."""
    for number in range(6):
        camera = "desk" if number % 2 else None
        face = _SAME if number < 3 else None
        await ended(store, clock, f"c{number}", camera, read=reading(PEDRO if number == 4 else PAULA), face=face)
    await store.decide("c5", Review(Decision.ACCEPTED, "seen", "ines", clock.now()))
    middle = (await store.get("c3")).created_at
    for which, keys in (
        (CheckInFilter(), "543210"),
        (CheckInFilter(camera_id="desk"), "531"),
        (CheckInFilter(within=frozenset({"desk"})), "531"),
        (CheckInFilter(within=frozenset()), ""),
        (CheckInFilter(run=PAULA), "53210"),
        (CheckInFilter(result=CheckInResult.REVIEW), "543"),
        (CheckInFilter(undecided=True), "43"),
        (CheckInFilter(start=middle), "543"),
        (CheckInFilter(end=middle), "210"),
        (CheckInFilter(camera_id="desk", run=PAULA, result=CheckInResult.REVIEW, undecided=True), "3"),
    ):
        found: list[str] = []
        after = None
        while page := await store.list(which, 2, after):
            found += [check_in.check_in_id for check_in in page]
            after = CheckInCursor(page[-1].created_at, page[-1].check_in_id)
        assert found == [f"c{key}" for key in keys], which
    assert [each.check_in_id for each in await store.of_holder(Holder(run=PEDRO))] == ["c4"]
    assert len(await store.of_holder(Holder(document_number="501234567"))) == 6


async def test_one_server_captures_a_check_in(database: Database, store: CheckInStore, clock: ManualClock) -> None:
    """Of several servers one claims a check-in, and only while it runs."""
    now = clock.now()
    await CameraStore(database, clock).create("desk", display_name="Desk")
    await store.create(CheckIn("a", "desk", CheckInState.RUNNING, now, now + timedelta(seconds=60)))
    assert await store.claim("a", "s1")
    assert not await store.claim("a", "s2")
    assert [(check_in.check_in_id, server) for check_in, server in await store.running()] == [("a", "s1")]
    assert [each.check_in_id for each in await store.fail_of_server("s1")] == ["a"]
    assert not await store.claim("a", "s2")
    assert await store.running() == []


async def test_one_runs_at_a_camera_however_many_begin(
    database: Database, store: CheckInStore, clock: ManualClock
) -> None:
    """Of many check-ins that begin at one camera at once, each either runs or is refused, and one runs."""
    await CameraStore(database, clock).create("desk", display_name="Desk")
    now = clock.now()
    until = now + timedelta(seconds=60)

    async def begin(key: str, *, replace: bool) -> bool:
        with suppress(FailedPrecondition):
            await store.create(CheckIn(key, "desk", CheckInState.RUNNING, now, until), replace=replace)
            return True
        return False

    for taken_over, running in ((False, 1), (True, 8)):
        begun = await asyncio.gather(*(begin(f"{taken_over}{key}", replace=taken_over) for key in range(8)))
        assert begun.count(True) == running
        (left,) = await store.running()
        assert left[0].camera_id == "desk"
    with pytest.raises(NotFound):
        await store.create(CheckIn("x", "gone", CheckInState.RUNNING, now, until))


async def test_what_ended_stays_as_it_is(store: CheckInStore, clock: ManualClock) -> None:
    """A late result of a check-in that was canceled, or erased, is not stored."""
    check_in = await begun(store, clock, "a")
    await store.fail("a", CheckInFailure.CANCELED)
    answer = judged(reading(), _SAME, None, GuestBook(clock.now().date()))
    late = replace(check_in, reading=reading(), report=answer.report, finished_at=clock.now())
    assert await store.finish(late) is None
    assert await store.finish(replace(late, check_in_id="gone")) is None
    assert (await store.get("a")).reading is None


async def test_changes_come_in_order_and_once(store: CheckInStore, clock: ManualClock) -> None:
    """After a position come the check-ins changed since, each as it is now, and none when nothing changed."""
    await begun(store, clock, "a", "desk")
    await ended(store, clock, "b", "gate")
    here = await store.last_position()
    assert [each.check_in_id for each in await store.changes_after(0, None, 10)] == ["a", "b"]
    assert await store.changes_after(here, None, 10) == []
    await store.fail("a", CheckInFailure.TIMED_OUT)
    await begun(store, clock, "c", "desk")
    changed = await store.changes_after(here, None, 10)
    assert [each.check_in_id for each in changed] == ["a", "c"]
    assert changed[0].state is CheckInState.FAILED
    assert [each.check_in_id for each in await store.changes_after(0, None, 2)] == ["b", "a"]
    assert [each.check_in_id for each in await store.changes_after(0, "gate", 10)] == ["b"]
    assert [each.check_in_id for each in await store.changes_after(0, None, 10, frozenset({"gate"}))] == ["b"]
    assert changed[-1].position == await store.last_position()


async def test_a_liveness_session_is_stored_once(store: CheckInStore, clock: ManualClock) -> None:
    """Only a check-in that runs and waits for a session gets one; it is told to watchers, and paid for once."""
    clock.advance(1)
    now = clock.now()
    new = CheckIn("a", None, CheckInState.RUNNING, now, now + timedelta(seconds=60), liveness_session_id="")
    waiting = (await store.create(new, server="s1")).check_in
    assert waiting.liveness_session_id == ""
    given = await store.liveness_begun("a", "session-1")
    assert (given.liveness_session_id, given.paid_calls) == ("session-1", 1)
    assert given.position > waiting.position
    assert await store.liveness_begun("a", "session-2") == given
    await begun(store, clock, "b")
    assert (await store.liveness_begun("b", "session-3")).liveness_session_id is None
    failed = await store.fail("a", CheckInFailure.ENGINE_FAILED, paid_calls=2)
    assert failed is not None
    assert (failed.liveness_session_id, failed.paid_calls) == ("session-1", 3)
    with pytest.raises(NotFound):
        await store.liveness_begun("c", "session-4")
