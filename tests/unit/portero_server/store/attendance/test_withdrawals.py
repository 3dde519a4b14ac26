"""Notices that cancel each other out, on both databases."""

from __future__ import annotations

from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.store.attendance.notices import NoticeStore
from portero_server.store.attendance.withdrawals import WithdrawalStore
from portero_server.store.database import Database
from portero_server.store.event_relays import Batch
from tests.support.attendance.classroom import HOUR, SESSION, Classroom


async def test_only_pairs_within_a_batch_cancel_each_other_out(database: Database, classroom: Classroom) -> None:
    """What was told before is withdrawn aloud, and what is withdrawn after the batch is told in it."""
    await classroom.furnish()
    await classroom.watch()
    await classroom.sees("ana", 0, HOUR)
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.ABSENT, "k1"))
    await classroom.remarks.correct(classroom.correction("ben", AttendanceStatus.PRESENT, "k2"))
    await classroom.remarks.withdraw("k1", "teacher")
    absent, made_absent, present, unmade = (each.position for each in await NoticeStore(database).after(0, 100))
    store = WithdrawalStore(database)
    assert await store.within(Batch(0, unmade)) == {absent, made_absent, present, unmade}
    assert await store.within(Batch(0, present)) == {absent, present}
    assert await store.within(Batch(absent, unmade)) == {made_absent, unmade}
    assert await store.within(Batch(0, made_absent)) == frozenset()
    assert await store.within(Batch(unmade, unmade + 1)) == frozenset()
