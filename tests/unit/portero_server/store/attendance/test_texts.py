"""What is kept as JSON comes back as it was, also from another version."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, time, timedelta
from zoneinfo import ZoneInfo

from portero_server.domain.attendance.record import AttendanceRecord, AttendanceStatus, OpenQuestion, StatusReason
from portero_server.domain.attendance.rules import AttendanceRules, PresenceMeasure
from portero_server.domain.attendance.schedule import Schedule, SessionChange
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan
from portero_server.store.attendance.texts import (
    detail_of,
    detail_text,
    own_days_of,
    own_days_text,
    rooms_of,
    rooms_text,
    rules_of,
    rules_text,
    schedule_of,
    schedule_text,
)
from tests.support.attendance.classroom import LESSON, MONDAY
from tests.support.store.commits import at


def test_rules_come_back() -> None:
    """Times, numbers, words and what is unset."""
    rules = AttendanceRules(
        absent_after=timedelta(minutes=30),
        leaves_before=None,
        sure_similarity=0.75,
        heeds_unclear_faces=False,
        measure=PresenceMeasure.TIME_SEEN,
    )
    assert rules_of(rules_text(rules)) == rules
    assert rules_of(rules_text(AttendanceRules())) == AttendanceRules()


def test_rules_of_another_version_are_read() -> None:
    """What is missing has its default, and what is not known is passed over."""
    assert rules_of('{"late_after":60.0,"of_a_later_version":1}') == AttendanceRules(late_after=timedelta(minutes=1))


def test_schedules_come_back() -> None:
    """A recurring one, and a dated one with every kind of exception."""
    zone = ZoneInfo("America/Santiago")
    moved = SessionChange(MONDAY, False, date(2026, 3, 4), time(9), time(10, 30), ("b", "c"), "visita")
    dated = Schedule("x", "1b", ("a",), zone, MONDAY, time(22), time(6), last_day=MONDAY, changes=(moved,))
    for schedule in (replace(LESSON, zone=UTC), dated):
        text = schedule_text(schedule)
        assert schedule_of(schedule.schedule_id, "1b", schedule.zone, text) == schedule


def test_details_come_back() -> None:
    """Evidence, open questions and unproven spans; of somebody erased there are none."""
    span = UnprovenSpan(at(0), at(1), (UnprovenCause.DARK, UnprovenCause.GAP))
    record = AttendanceRecord(
        "s",
        "ana",
        AttendanceStatus.UNPROVEN,
        StatusReason.NOT_WATCHED,
        AttendanceStatus.UNPROVEN,
        evidence=("a", "b"),
        open_questions=(OpenQuestion.PRESENCE,),
        unproven=(span,),
    )
    assert detail_of(detail_text(record)) == (("a", "b"), (OpenQuestion.PRESENCE,), (span,))
    assert detail_of("{}") == ((), (), ())


def test_days_and_rooms_come_back() -> None:
    """With accents as they are written."""
    free, worked = {MONDAY: "Día del niño"}, frozenset({date(2026, 9, 18)})
    assert "Día del niño" in own_days_text(free, worked)
    assert own_days_of(own_days_text(free, worked)) == (free, worked)
    assert rooms_of(rooms_text(("b", "a"))) == ("b", "a")
