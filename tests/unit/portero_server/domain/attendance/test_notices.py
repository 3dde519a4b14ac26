"""What is told of attendance: once each, and withdrawn when it does not hold any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from portero_server.domain.attendance.changes import ChangeCause, RecordChange
from portero_server.domain.attendance.notable_changes import may_be_told, may_only_withdraw
from portero_server.domain.attendance.notices import (
    AttendanceNotice,
    AttendedSession,
    NoticeKind,
    NoticeRules,
    PersonPast,
    notices_of,
    withdrawals_of,
)
from portero_server.domain.attendance.record import AttendanceRecord, AttendanceStatus, StatusReason
from portero_server.domain.attendance.schedule import AttendanceSession
from portero_server.domain.attendance.spans import TimeSpan

_FIRST = datetime(2026, 3, 2, 8, tzinfo=UTC)
_RULES = NoticeRules(late_times=3, late_days=10, low_percentage=85, low_days=10, low_sessions=4)
_CREDIT = {AttendanceStatus.PRESENT: 1.0, AttendanceStatus.LATE: 1.0, AttendanceStatus.LEFT_EARLY: 1.0}


class _Class:
    """Ana's lessons, one a day, decided and decided anew as they come."""

    def __init__(self, rules: NoticeRules = _RULES) -> None:
        self._rules = rules
        self._records: dict[int, AttendanceRecord] = {}
        self.told: list[AttendanceNotice] = []

    def decide(
        self, day: int, status: AttendanceStatus | None, *, late_by: timedelta = timedelta(0)
    ) -> list[tuple[str, bool]]:
        """Publishes a status, None: no record, and returns what is told: kinds, and whether they are withdrawn."""
        start = _FIRST + timedelta(days=day)
        session = AttendanceSession(
            f"math/{day}", "1b", date(2026, 3, 2), TimeSpan(start, start + timedelta(hours=1)), ()
        )
        before, after = self._records.pop(day, None), None
        if status is not None:
            credit = _CREDIT.get(status, 0.0)
            after = AttendanceRecord(session.session_id, "ana", status, StatusReason.SEEN, status, credit=credit)
            self._records[day] = after
        change = RecordChange(session.session_id, "ana", before, after, ChangeCause.SIGHTING, "", start)
        past = PersonPast(self._attended(), [each for each in self.told if each.person_id])
        low = any(each.kind is NoticeKind.LOW_ATTENDANCE and each.starts_at >= start for each in self.told)
        pasts = {"ana": past} if may_be_told(change) or (low and may_only_withdraw(change)) else {}
        whole = [each for each in self.told if each.person_id is None and each.session_id == session.session_id]
        records = [] if after is None else [after]
        found = notices_of(session, records, [change], pasts, whole, self._rules, start + late_by)
        self.told += found
        return [(each.kind.value, each.withdraws is not None) for each in found]

    def replace(self, day: int, status: AttendanceStatus) -> list[tuple[str, bool]]:
        """Has a record of somebody else in place of Ana's, and returns what is withdrawn."""
        record = self._records[day]
        self._records[day] = replace(record, status=status, credit=_CREDIT.get(status, 0.0))
        past = PersonPast(self._attended(), self.told)
        sessions = [(record.session_id, _FIRST + timedelta(days=day))]
        found = withdrawals_of("1b", "ana", sessions, past, self._rules, _FIRST + timedelta(days=99))
        self.told += found
        return [(each.kind.value, each.withdraws is not None) for each in found]

    def _attended(self) -> list[AttendedSession]:
        return [
            AttendedSession(record.session_id, _FIRST + timedelta(days=day), record.status, record.credit)
            for day, record in sorted(self._records.items())
        ]


def _decided(statuses: Sequence[AttendanceStatus]) -> list[list[tuple[str, bool]]]:
    lessons = _Class()
    return [lessons.decide(day, status) for day, status in enumerate(statuses)]


P, L, A, U = AttendanceStatus.PRESENT, AttendanceStatus.LATE, AttendanceStatus.ABSENT, AttendanceStatus.UNPROVEN
_LATE, _ABSENT, _LOW = ("late_again", False), ("absent", False), ("low_attendance", False)


def test_an_absence_is_told_once_however_often_it_is_decided() -> None:
    """The same status again tells nothing, and has the same id if it is decided elsewhere."""
    lessons, elsewhere = _Class(), _Class()
    assert lessons.decide(0, A) == [_ABSENT]
    assert lessons.decide(0, A) == []
    elsewhere.decide(0, A)
    assert [each.notice_id for each in elsewhere.told] == [each.notice_id for each in lessons.told]


@pytest.mark.parametrize("after", [P, U, None])
def test_an_absence_that_is_taken_back_is_withdrawn_by_name(after: AttendanceStatus | None) -> None:
    """Whether somebody was seen after all, nobody can tell any more, or the session is not held."""
    lessons = _Class()
    lessons.decide(0, A)
    assert ("absent", True) in lessons.decide(0, after)
    absent, withdrawn = (each for each in lessons.told if each.kind is NoticeKind.ABSENT)
    assert withdrawn.withdraws == absent.notice_id


def test_an_absence_after_a_withdrawal_is_told_again_with_another_id() -> None:
    """A receiver that knows the first one takes the second one too."""
    lessons = _Class()
    told = [lessons.decide(0, status) for status in (A, P, A, P)]
    assert told == [[_ABSENT], [("absent", True)], [_ABSENT], [("absent", True)]]
    assert len({each.notice_id for each in lessons.told}) == 4


def test_the_third_lateness_within_the_window_is_told_once() -> None:
    """A fourth in the same days tells nothing; three that lie far apart tell nothing either."""
    assert _decided([L, P, L, L, L, P, L]) == [[], [], [], [_LATE], [], [], []]
    lessons = _Class()
    assert [lessons.decide(day, L) for day in (0, 6, 12, 18)] == [[]] * 4


def test_after_the_window_it_is_told_anew() -> None:
    """Once in as many days as are counted."""
    lessons = _Class()
    told = [day for day in range(24) if lessons.decide(day, L)]
    assert told == [2, 12, 22]


@pytest.mark.parametrize("order", list(permutations([0, 3, 6, 9])))
def test_late_frames_in_any_order_tell_of_repeated_lateness_once(order: Sequence[int]) -> None:
    """The lessons that come before others, but are decided after them, count like any."""
    lessons = _Class()
    for day in order:
        lessons.decide(day, L)
    standing = {each.notice_id for each in lessons.told} - {each.withdraws for each in lessons.told}
    assert len([each for each in lessons.told if each.notice_id in standing and each.withdraws is None]) == 1


def test_a_correction_of_one_lateness_withdraws_the_count() -> None:
    """It is told with the session with which it was reached."""
    lessons = _Class()
    for day in range(3):
        lessons.decide(day, L)
    assert lessons.decide(1, P) == [("late_again", True)]
    assert lessons.told[-1].session_id == "math/2"


def test_low_attendance_is_told_with_its_rule_once_in_its_days() -> None:
    """Not before enough sessions are decided; unproven ones count for nothing."""
    lessons = _Class()
    assert [lessons.decide(day, status) for day, status in enumerate([P, P, A, U, A, P])][:5] == [
        [],
        [],
        [_ABSENT],
        [("session_unproven", False)],
        [_ABSENT, _LOW],
    ]
    (low,) = (each for each in lessons.told if each.kind is NoticeKind.LOW_ATTENDANCE)
    assert low.figures == {"percentage": 50.0, "below": 85, "days": 10}


def test_a_session_of_which_nobody_can_tell_is_told_and_withdrawn_when_frames_come() -> None:
    """It is about nobody in particular."""
    lessons = _Class()
    assert lessons.decide(0, U) == [("session_unproven", False)]
    assert lessons.decide(0, P) == [("session_unproven", True)]
    assert {each.person_id for each in lessons.told} == {None}


def test_whoever_attends_tells_nothing() -> None:
    """Most records do."""
    assert _decided([P] * 12) == [[]] * 12


@pytest.mark.parametrize("status", [A, U])
def test_of_a_session_of_long_ago_nothing_new_is_told(status: AttendanceStatus) -> None:
    """Until three days after it began it is told, and what was told then is withdrawn whenever it does not hold."""
    lessons, just, past = _Class(), timedelta(days=3), timedelta(days=3, microseconds=1)
    assert lessons.decide(0, status, late_by=past) == []
    assert len(lessons.decide(1, status, late_by=just)) == 1
    assert [withdrawn for _, withdrawn in lessons.decide(1, P, late_by=timedelta(days=20))] == [True]
    assert lessons.decide(1, status, late_by=past) == []


def test_a_count_that_was_reached_long_ago_is_told_with_the_next_session_of_now() -> None:
    """Three old latenesses that are written down today are told of with the fourth one."""
    lessons = _Class()
    assert [lessons.decide(day, L, late_by=timedelta(days=9 - day)) for day in range(3)] == [[]] * 3
    assert lessons.decide(9, L) == [_LATE]


def test_sessions_that_were_attended_and_are_decided_later_withdraw_low_attendance() -> None:
    """As when a roster is imported, whose sessions are decided in any order."""
    lessons = _Class()
    for day in (0, 1, 8):
        lessons.decide(day, P)
    assert lessons.decide(9, A) == [_ABSENT, _LOW]
    told = [lessons.decide(day, P) for day in (2, 3, 4, 5)]
    assert told == [[], [], [("low_attendance", True)], []]


def test_a_record_of_the_same_person_under_another_id_withdraws_what_it_contradicts() -> None:
    """Absences and counts, whenever they were told; nothing new is told."""
    lessons = _Class()
    for day, status in enumerate([P, P, A, A]):
        lessons.decide(day, status)
    assert lessons.replace(2, A) == []
    assert lessons.replace(2, P) == [("absent", True)]
    assert lessons.replace(3, P) == [("absent", True), ("low_attendance", True)]
    assert lessons.replace(3, A) == []


def test_a_count_of_a_session_that_was_moved_on_is_withdrawn() -> None:
    """The notice has the time that the session had when it was told."""
    lessons = _Class()
    for day in range(3):
        lessons.decide(day, L)
    moved = replace(lessons.told[-1], starts_at=_FIRST + timedelta(days=1, hours=12))
    lessons.told[-1] = moved
    assert lessons.decide(2, None) == [("late_again", True)]


class _Walked(list[AttendedSession]):
    """Counts how often somebody walks over all of it."""

    walks = 0

    def __iter__(self) -> Iterator[AttendedSession]:
        self.walks += 1
        return super().__iter__()


def test_years_of_records_that_become_another_persons_are_walked_over_once() -> None:
    """However many sessions there are: the whole merge waits for it. Each notice that does not hold is withdrawn."""
    starts = {f"math/{day}": _FIRST + timedelta(days=day) for day in range(1000)}
    attended = _Walked(AttendedSession(each, start, P, 1.0) for each, start in starts.items())
    told = [
        AttendanceNotice(f"{kind.value}/{day}", kind, f"math/{day}", "1b", starts[f"math/{day}"], "ana", _FIRST)
        for kind, days in ((NoticeKind.ABSENT, 1), (NoticeKind.LATE_AGAIN, 10), (NoticeKind.LOW_ATTENDANCE, 10))
        for day in range(0, 1000, days)
    ]
    found = withdrawals_of("1b", "ana", starts.items(), PersonPast(attended, told), _RULES, _FIRST)
    assert [each.withdraws for each in found] == [each.notice_id for each in told]
    assert attended.walks == 1
