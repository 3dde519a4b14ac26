"""Reads the tables of cases of attendance: situations in plain words, and the records that must come of them.

`tests/unit/portero_server/domain/attendance/records/README.md` says what they may say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from portero_server.domain.attendance.coverage import Coverage
from portero_server.domain.attendance.groups import Membership, Placement, Roster
from portero_server.domain.attendance.record import (
    AttendanceCorrection,
    AttendanceRecord,
    AttendanceStatus,
    Excuse,
    PersonSighting,
)
from portero_server.domain.attendance.rules import AttendanceRules, PresenceMeasure
from portero_server.domain.attendance.schedule import Schedule, SessionChange, sessions_between
from portero_server.domain.attendance.sheet import SessionFacts
from portero_server.domain.attendance.spans import TimeSpan, merged, without
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan
from tests.support.attendance.wall_clock import WallClock

_SIGHTING = re.compile(
    r"(?:(?P<camera>camera\S*) )?(?P<times>[\d:Z. -]+?)(?: as (?P<person>\S+))?(?: like (?P<may_be>\S+))?"
    r"(?: at (?P<similarity>[\d.]+))?(?P<stranger> a stranger)?(?P<unclear> unclear)?"
)
_BLIND = re.compile(r"(?:(?P<camera>camera\S*) )?(?P<times>[\d:Z. -]+?) (?P<cause>[a-z_]+)")
_PLACED = re.compile(r"(?P<camera>\S+) in (?P<room>\S+)(?: from (?P<start>[\d:Z -]+?))?(?: until (?P<end>[\d:Z -]+?))?")
_EXCUSED = re.compile(r"(?P<person>\S+) (?P<times>[\d:Z. -]+?): (?P<reason>.+)")
_CORRECTED = re.compile(
    r"(?P<person>\S+) is (?P<status>[A-Z_]+), at (?P<at>[\d:Z -]+?): (?P<reason>.+?)(?P<withdrawn> \(withdrawn\))?"
)
_EXPECTED = re.compile(r"(?P<status>[A-Z_]+)(?P<rest>(?:, \w+ [\d.]+)*)")


@dataclass(frozen=True, slots=True)
class ExpectedRecord:
    """What a case says of one person; times in minutes."""

    status: str
    present: float = 0.0
    late: float = 0.0
    early: float = 0.0
    credit: float = 0.0


@dataclass(frozen=True, slots=True)
class RecordCase:
    """One case of a table.

    Attributes:
        expected: By person; empty: nobody has a record.
        unproven: The spans that must be named, over all records.
        questions: What must be open, over all records.
        reason, evidence: Of the only record: why, and how many sightings show it; None: not said.
    """

    case_id: str
    says: str
    facts: SessionFacts
    expected: Mapping[str, ExpectedRecord]
    unproven: tuple[UnprovenSpan, ...] = ()
    questions: frozenset[str] = field(default_factory=frozenset)
    reason: str | None = None
    evidence: int | None = None


def read_cases(folder: Path) -> list[RecordCase]:
    """Returns the cases of all tables in a folder."""
    tables = (path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml")))
    return [_case(each) for table in tables for each in yaml.safe_load(table)]


def written(record: AttendanceRecord) -> ExpectedRecord:
    """Returns what a case says of a record."""
    present, late, early = (each / timedelta(minutes=1) for each in (record.present, record.late, record.early))
    return ExpectedRecord(record.status.name, present, late, early, record.credit)


def _case(given: dict[str, Any]) -> RecordCase:
    known = {"id", "says", "session", "rules", "cameras", "seen", "blind", "roster", "excused", "corrections"}
    known |= {"merges", "expect", "unproven", "open", "reason", "evidence"}
    assert set(given) <= known, f"{given['id']}: {set(given) - known}"
    schedule, clock = _schedule(given.get("session", {}))
    (session,) = sessions_between(schedule, schedule.first_day, schedule.first_day)
    placements = tuple(_placement(each, clock) for each in given.get("cameras", ["camera in room"]))
    expected = given["expect"]
    by_person = expected if isinstance(expected, dict) else {"ana": expected}
    return RecordCase(
        given["id"],
        given["says"],
        SessionFacts(
            session,
            Roster(tuple(_membership(each) for each in _list(given, "roster") or ["ana 2026-01-01"])),
            _rules(given.get("rules", {})),
            placements,
            tuple(_sighting(f"s{place}", each, clock) for place, each in enumerate(_list(given, "seen"), 1)),
            _coverages(given, placements, clock),
            tuple(_excuse(each, clock) for each in _list(given, "excused")),
            tuple(
                _correction(f"c{place}", session.session_id, each, clock)
                for place, each in enumerate(_list(given, "corrections"), 1)
            ),
            given.get("merges", {}),
        ),
        {person: _expected(text) for person, text in by_person.items() if text != "no record"},
        tuple(_blind(each, clock)[1] for each in _list(given, "unproven")),
        frozenset(given.get("open", "").split()),
        given.get("reason"),
        given.get("evidence"),
    )


def _list(given: dict[str, Any], key: str) -> list[str]:
    found = given.get(key, [])
    return [found] if isinstance(found, str) else found


def _schedule(given: dict[str, Any]) -> tuple[Schedule, WallClock]:
    day = date.fromisoformat(str(given.get("day", "2026-03-09")))
    begins, _, ends = given.get("times", "08:00 .. 09:30").partition(" .. ")
    zone = ZoneInfo(given.get("zone", "America/Santiago"))
    rooms = tuple(given.get("rooms", ["room"]))
    changes = (SessionChange(day, canceled=True),) if given.get("canceled") else ()
    schedule = Schedule(
        "math", "1b", rooms, zone, day, time.fromisoformat(begins), time.fromisoformat(ends), changes=changes
    )
    return schedule, WallClock(day, zone)


def _rules(given: dict[str, Any]) -> AttendanceRules:
    as_they_are = {"sure_similarity", "heeds_unclear_faces"}
    values: dict[str, Any] = {
        name: value if name in as_they_are or value is None else timedelta(minutes=value)
        for name, value in given.items()
        if name != "measure"
    }
    return AttendanceRules(measure=PresenceMeasure(given.get("measure", "first_to_last")), **values)


def _found(pattern: re.Pattern[str], text: str) -> dict[str, str | None]:
    match = pattern.fullmatch(text)
    assert match is not None, f"{text!r} is not as {pattern.pattern}"
    return match.groupdict()


def _sighting(sighting_id: str, text: str, clock: WallClock) -> PersonSighting:
    said = _found(_SIGHTING, text)
    person = None if said["stranger"] or said["unclear"] else said["person"] or "ana"
    may_be = frozenset((said["may_be"] or "").split(",")) - {""}
    first, last = clock.between(said["times"] or "")
    similarity = float(said["similarity"] or 0.9)
    camera = said["camera"] or "camera"
    return PersonSighting(sighting_id, camera, first, last, person, similarity, may_be, unclear=bool(said["unclear"]))


def _blind(text: str, clock: WallClock) -> tuple[str, UnprovenSpan]:
    said = _found(_BLIND, text)
    first, last = clock.between(said["times"] or "")
    causes = tuple(UnprovenCause(each) for each in (said["cause"] or "").split("_and_"))
    return said["camera"] or "camera", UnprovenSpan(first, last, causes)


def _coverages(given: dict[str, Any], placements: tuple[Placement, ...], clock: WallClock) -> dict[str, Coverage]:
    """Returns the coverage of each camera: the whole year, but for what is blind."""
    always = clock.span("2026-01-01 00:00 .. 2027-01-01 00:00")
    blind = [_blind(each, clock) for each in _list(given, "blind")]
    found = {}
    for camera in {each.camera_id for each in placements}:
        faults = [each for of, each in blind if of == camera]
        streamless = [each for each in faults if each.causes == (UnprovenCause.NO_STREAM,)]
        seen = without((always,), merged(TimeSpan(each.start, each.end) for each in streamless))
        found[camera] = Coverage().with_more(seen, (each for each in faults if each not in streamless))
    return found


def _placement(text: str, clock: WallClock) -> Placement:
    said = _found(_PLACED, text)
    start, end = (None if (at := said[key]) is None else clock.at(at) for key in ("start", "end"))
    return Placement(said["camera"] or "", said["room"] or "", start, end)


def _membership(text: str) -> Membership:
    person, days = text.split()
    since, _, until = days.partition("..")
    return Membership(person, date.fromisoformat(since), date.fromisoformat(until) if until else None)


def _excuse(text: str, clock: WallClock) -> Excuse:
    said = _found(_EXCUSED, text)
    return Excuse(said["person"] or "", clock.span(said["times"] or ""), said["reason"] or "")


def _correction(correction_id: str, session_id: str, text: str, clock: WallClock) -> AttendanceCorrection:
    said = _found(_CORRECTED, text)
    at = clock.at(said["at"] or "")
    return AttendanceCorrection(
        correction_id,
        session_id,
        said["person"] or "",
        AttendanceStatus[said["status"] or ""],
        said["reason"] or "",
        "teacher",
        at,
        at + timedelta(minutes=1) if said["withdrawn"] else None,
    )


def _expected(text: str) -> ExpectedRecord:
    said = _found(_EXPECTED, text)
    values = dict(part.split() for part in (said["rest"] or "").split(", ") if part)
    credit = float(said["status"] in ("PRESENT", "LATE", "LEFT_EARLY"))
    minutes = {key: float(value) for key, value in values.items()}
    return ExpectedRecord(said["status"] or "", **{"credit": credit, **minutes})
