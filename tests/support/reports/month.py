"""A month of a class of thirty, as the SDK reads it: names with ñ and accents, a long one, and cameras that fail."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portero_client import (
    AttendanceGroup,
    AttendanceReason,
    AttendanceRecord,
    AttendanceReport,
    AttendanceSession,
    AttendanceSessionState,
    AttendanceStatus,
    AttendanceTotals,
    OpenQuestion,
    UnprovenCause,
    UnprovenSpan,
)
from portero_reports.content import ReportContent, content_of
from portero_reports.period import Period

ZONE = ZoneInfo("America/Santiago")
GROUP = AttendanceGroup("attendanceGroups/1b", "1° básico B", "America/Santiago", country="CL")
LONG_NAME = "María de los Ángeles Constanza Ñancupil Huenchuñir-Yáñez Goycoolea Fernández de la Peña"
NAMES = (
    LONG_NAME,
    *("Íñigo Núñez Peña", "Begoña Ibáñez Muñoz", "Zoë Müller", "Camilo Güiraldes", "Élodie Saint-Exupéry"),
    *(f"Alumna Nº {number} Cañas" for number in range(7, 31)),
)
_BEGINNINGS = (time(8), time(8, 50), time(9, 50), time(10, 40))
_LESSON = timedelta(minutes=45)
_READ_AT = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
_UNDECIDED_FROM = datetime(2026, 3, 31, 13, 30, tzinfo=UTC)


def month_report(*, pupils: int = 30, first: date = date(2026, 3, 2), days: int = 30, seed: int = 7) -> ReportContent:
    """Returns the report of the weekdays of a month, four lessons a day; the last lesson is not decided yet."""
    chance = random.Random(seed)
    sessions = list(_sessions(first, days))
    records = [
        _record(chance, session, place, len(sessions))
        for session in enumerate(sessions[:-1])
        for place in range(pupils)
    ]
    totals = tuple(_totals(place, records) for place in range(pupils))
    return content_of(
        GROUP.display_name, Period.month_of(first.year, first.month), [GROUP], sessions, records,
        AttendanceReport(totals, _READ_AT),
    )  # fmt: skip


def _sessions(first: date, days: int) -> Iterator[AttendanceSession]:
    for day in (first + timedelta(days=each) for each in range(days)):
        for number, begins in enumerate(_BEGINNINGS if day.weekday() < 5 else ()):
            start = datetime.combine(day, begins, ZONE).astimezone(UTC)
            yield AttendanceSession(
                name=f"attendanceSessions/bloque-{number + 1}/{day}",
                group=GROUP.name,
                day=day,
                start_time=start,
                end_time=start + _LESSON,
                rooms=("sala-1b",),
                state=AttendanceSessionState.HELD,
                note="",
                decide_time=start + timedelta(hours=1) if start < _UNDECIDED_FROM else None,
                stale=False,
            )


def _record(chance: random.Random, session: tuple[int, AttendanceSession], place: int, last: int) -> AttendanceRecord:
    number, lesson = session
    status, late = AttendanceStatus.PRESENT, timedelta(0)
    unproven: tuple[UnprovenSpan, ...] = ()
    drawn = chance.random()
    if number == last // 2:
        # The camera was away for everybody.
        status = AttendanceStatus.UNPROVEN
        span = UnprovenSpan(lesson.start_time, lesson.end_time, (UnprovenCause.NO_STREAM, UnprovenCause.DARK))
        unproven = (span,)
    elif drawn < 0.05 + 0.005 * place:
        status = AttendanceStatus.ABSENT
    elif drawn < 0.15 + 0.005 * place:
        status, late = AttendanceStatus.LATE, timedelta(minutes=chance.randint(11, 30))
    elif drawn > 0.98:
        status = AttendanceStatus.EXCUSED
    seen = status in (AttendanceStatus.PRESENT, AttendanceStatus.LATE)
    return AttendanceRecord(
        session=lesson.name,
        person=f"people/p{place}",
        session_start_time=lesson.start_time,
        status=status,
        reason=_REASONS[status],
        decided_status=status,
        arrive_time=lesson.start_time + late if seen else None,
        leave_time=lesson.end_time if seen else None,
        present=_LESSON - late if seen else timedelta(0),
        late=late,
        early=timedelta(0),
        credit=1.0 if seen else 0.0,
        sightings=(),
        open_questions=(OpenQuestion.PRESENCE,) if unproven else (),
        unproven=unproven,
        correction="",
        publish_time=lesson.end_time + timedelta(minutes=30),
        group=GROUP.name,
    )


_REASONS = {
    AttendanceStatus.PRESENT: AttendanceReason.SEEN,
    AttendanceStatus.LATE: AttendanceReason.CAME_LATE,
    AttendanceStatus.ABSENT: AttendanceReason.NOT_SEEN,
    AttendanceStatus.EXCUSED: AttendanceReason.EXCUSED,
    AttendanceStatus.UNPROVEN: AttendanceReason.NOT_WATCHED,
}


def _totals(place: int, records: list[AttendanceRecord]) -> AttendanceTotals:
    own = [each for each in records if each.person == f"people/p{place}"]
    counts = {status: sum(each.status is status for each in own) for status in AttendanceStatus}
    credit = sum(each.credit for each in own)
    unproven = counts[AttendanceStatus.UNPROVEN]
    decided = len(own) - unproven - counts[AttendanceStatus.EXCUSED]
    return AttendanceTotals(
        person=f"people/p{place}",
        present_count=counts[AttendanceStatus.PRESENT],
        late_count=counts[AttendanceStatus.LATE],
        left_early_count=0,
        absent_count=counts[AttendanceStatus.ABSENT],
        excused_count=counts[AttendanceStatus.EXCUSED],
        unproven_count=unproven,
        credit=credit,
        percentage=round(100 * credit / decided, 1),
        lowest_percentage=round(100 * credit / (decided + unproven), 1),
        highest_percentage=round(100 * (credit + unproven) / (decided + unproven), 1),
        present=sum((each.present for each in own), timedelta(0)),
        late=sum((each.late for each in own), timedelta(0)),
        display_name=NAMES[place],
    )
