"""What a report says follows from what the SDK read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from portero_client import AttendanceReport, AttendanceSessionState, AttendanceStatus
from portero_reports.content import content_of, day_marks
from tests.support.reports.month import GROUP, LONG_NAME, month_report


def test_people_are_in_the_order_of_their_names() -> None:
    """Accents do not matter: É stands with E."""
    names = [person.name for person in month_report().people]
    assert names.index("Élodie Saint-Exupéry") < names.index("Íñigo Núñez Peña") < names.index(LONG_NAME)


def test_who_was_removed_comes_last_and_has_no_name() -> None:
    """Their records are counted, and stay nobody's."""
    content = month_report(pupils=2, days=1)
    totals = (replace(content.people[0].totals, person="", display_name=""), content.people[1].totals)
    made = content_of("1b", content.period, [GROUP], [], [], AttendanceReport(totals, content.read_at))
    assert [(each.person, each.name) for each in made.people] == [
        (content.people[1].person, content.people[1].name),
        ("", ""),
    ]


def test_an_older_server_names_nobody() -> None:
    """Then the id stands for the name, and the only group's zone for the record's."""
    content = month_report(pupils=1, days=1)
    (person,) = content.people
    records = [replace(each, group="") for each in person.records]
    totals = (replace(person.totals, display_name=""),)
    made = content_of("1b", content.period, [GROUP], [], records, AttendanceReport(totals, content.read_at))
    assert made.people[0].name == "p0"
    assert made.local(records[0], records[0].session_start_time).hour == 8


def test_an_unproven_time_is_told_once_for_everybody() -> None:
    """With the causes, and with all whom it leaves open."""
    (interval,) = month_report().unproven()
    assert len(interval.people) == 30
    assert LONG_NAME in interval.people


def test_it_says_as_of_when_it_is() -> None:
    """By the newest record, and by sessions that are not decided yet; what does not take place is no session."""
    content = month_report(pupils=1)
    assert content.published_at == max(each.publish_time for each in content.people[0].records)
    assert (content.undecided, content.stale) == (1, 0)
    free = [replace(each, state=AttendanceSessionState.HOLIDAY) for each in content.sessions.values()]
    made = content_of("1b", content.period, [GROUP], free, [], AttendanceReport((), content.read_at))
    assert (made.sessions, made.published_at) == ({}, None)


def test_a_day_is_marked_by_its_decided_sessions() -> None:
    """Unproven and excused ones are not in the share; a day of nothing else has none."""
    content = month_report(pupils=1, days=1)
    (person,) = content.people
    statuses = (AttendanceStatus.UNPROVEN, AttendanceStatus.EXCUSED, AttendanceStatus.PRESENT)
    records = tuple(
        replace(each, status=status, credit=1.0 if status is AttendanceStatus.PRESENT else 0.0)
        for each, status in zip(person.records, statuses, strict=True)
    )
    (mark,) = day_marks(content, replace(person, records=records)).values()
    assert (mark.share, mark.unproven, mark.excused) == (1.0, 1, 1)
    open_day = day_marks(content, replace(person, records=records[:2]))
    assert open_day[date(2026, 3, 2)].share is None
