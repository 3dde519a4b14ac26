"""What a report says, whatever file it becomes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from portero_client import (
    AttendanceGroup,
    AttendanceRecord,
    AttendanceReport,
    AttendanceSession,
    AttendanceSessionState,
    AttendanceStatus,
    AttendanceTotals,
    UnprovenCause,
)
from portero_client.names import PEOPLE
from portero_reports.period import Period


@dataclass(frozen=True, slots=True)
class PersonReport:
    """One person in a report.

    Attributes:
        person: Id; empty: everybody who was removed, together.
        name: Name for people; the id where a server does not say it.
        totals: What the records add up to.
        records: In the order of their sessions.
    """

    person: str
    name: str
    totals: AttendanceTotals
    records: tuple[AttendanceRecord, ...]


@dataclass(frozen=True, slots=True)
class UnprovenInterval:
    """A time of a session in which nobody could tell, why, and of whom that leaves something open (names or ids)."""

    session: str
    start: datetime
    end: datetime
    causes: tuple[UnprovenCause, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportContent:
    """A report of a group, or of one person.

    Attributes:
        title: Name of the group or the person.
        period: What was asked for.
        groups: Whose sessions these are, by resource name; by their zones days and times are told.
        sessions: Those of the period that take place, by resource name and in order.
        people: By name; everybody who was removed comes last.
        read_at: When it was read, UTC.
        of_person: Whether it is about one person.
    """

    title: str
    period: Period
    groups: Mapping[str, AttendanceGroup]
    sessions: Mapping[str, AttendanceSession]
    people: tuple[PersonReport, ...]
    read_at: datetime
    of_person: bool = False

    @property
    def records(self) -> list[tuple[PersonReport, AttendanceRecord]]:
        """Every record with whose it is, in the order of sessions and names."""
        pairs = [(person, record) for person in self.people for record in person.records]
        return sorted(pairs, key=lambda pair: (pair[1].session_start_time, pair[1].session))

    @property
    def published_at(self) -> datetime | None:
        """When the newest of its records became what it is, UTC; None: there is no record."""
        return max((record.publish_time for _, record in self.records), default=None)

    @property
    def undecided(self) -> int:
        """How many of its sessions are not decided yet."""
        return sum(session.decide_time is None for session in self.sessions.values())

    @property
    def stale(self) -> int:
        """How many of its sessions are about to be decided anew."""
        return sum(session.stale for session in self.sessions.values())

    @property
    def zones(self) -> list[str]:
        """The names of its time zones."""
        return sorted({group.time_zone for group in self.groups.values()})

    def zone_of(self, group: str) -> ZoneInfo:
        """Returns the time zone of a group; of one that is not known, the only zone there is, or UTC."""
        known = self.groups.get(group)
        only = self.zones[0] if len(self.zones) == 1 else "UTC"
        return ZoneInfo(only if known is None else known.time_zone)

    def local(self, record: AttendanceRecord, moment: datetime) -> datetime:
        """Returns a moment by the clock on the wall where the record's session takes place."""
        return moment.astimezone(self.zone_of(record.group))

    def day_of(self, record: AttendanceRecord) -> date:
        """Returns the day on which the record's session begins there."""
        return self.local(record, record.session_start_time).date()

    def unproven(self) -> list[UnprovenInterval]:
        """Returns the times in which nobody could tell, each once with everybody of whom something stays open."""
        found: dict[tuple[datetime, str, datetime, datetime, tuple[UnprovenCause, ...]], list[str]] = {}
        for person, record in self.records:
            for span in record.unproven:
                place = record.session_start_time, record.session, span.start_time, span.end_time, span.causes
                found.setdefault(place, []).append(person.name or person.person)
        ordered = sorted(found, key=lambda place: place[:4])
        return [UnprovenInterval(*place[1:], people=tuple(found[place])) for place in ordered]


@dataclass(frozen=True, slots=True)
class DayMark:
    """How one person attended one day.

    Attributes:
        share: Credit by the number of decided sessions, 0..1; None: none is decided.
        unproven, excused: Number of such sessions.
    """

    share: float | None
    unproven: int
    excused: int


def day_marks(content: ReportContent, person: PersonReport) -> dict[date, DayMark]:
    """Returns how a person attended, by day; days without a record are left out."""
    by_day: dict[date, list[AttendanceRecord]] = {}
    for record in person.records:
        by_day.setdefault(content.day_of(record), []).append(record)
    return {day: _mark(records) for day, records in by_day.items()}


def _mark(records: Iterable[AttendanceRecord]) -> DayMark:
    known = list(records)
    unproven = sum(record.status is AttendanceStatus.UNPROVEN for record in known)
    excused = sum(record.status is AttendanceStatus.EXCUSED for record in known)
    decided = len(known) - unproven - excused
    credit = sum(record.credit for record in known if record.status not in _LEFT_OUT)
    return DayMark(credit / decided if decided else None, unproven, excused)


_LEFT_OUT = frozenset({AttendanceStatus.UNPROVEN, AttendanceStatus.EXCUSED})


def content_of(
    title: str,
    period: Period,
    groups: Iterable[AttendanceGroup],
    sessions: Iterable[AttendanceSession],
    records: Iterable[AttendanceRecord],
    report: AttendanceReport,
    *,
    of_person: bool = False,
) -> ReportContent:
    """Returns the content of a report, of what the SDK's calls returned, asynchronous or blocking."""
    kept: dict[str, list[AttendanceRecord]] = {}
    for record in records:
        kept.setdefault(record.person, []).append(record)
    people = [
        PersonReport(
            PEOPLE.identifier(totals.person) if totals.person else "",
            totals.display_name or (PEOPLE.identifier(totals.person) if totals.person else ""),
            totals,
            tuple(kept.get(totals.person, ())),
        )
        for totals in report.totals
    ]
    held = [each for each in sessions if each.state is AttendanceSessionState.HELD]
    return ReportContent(
        title,
        period,
        {group.name: group for group in groups},
        {session.name: session for session in sorted(held, key=lambda each: (each.start_time, each.name))},
        tuple(sorted(people, key=lambda person: (not person.person, _plain(person.name), person.person))),
        report.report_time,
        of_person,
    )


def _plain(name: str) -> str:
    """Returns a name by which it is ordered: without accents and case, since É stands with E."""
    return "".join(each for each in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(each))
