"""Who attended a session, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum


class AttendanceSessionState(Enum):
    """Whether a session takes place; UNSPECIFIED is sent by a newer server."""

    UNSPECIFIED = "unspecified"
    HELD = "held"
    CANCELED = "canceled"
    HOLIDAY = "holiday"


class AttendanceStatus(Enum):
    """How somebody attended a session; UNSPECIFIED: there is no record, or a newer server sent it."""

    UNSPECIFIED = "unspecified"
    PRESENT = "present"
    LATE = "late"
    LEFT_EARLY = "left_early"
    ABSENT = "absent"
    EXCUSED = "excused"
    UNPROVEN = "unproven"
    """May have been there, or for long enough, while nobody could tell."""


class AttendanceReason(Enum):
    """Why somebody has a status; UNSPECIFIED is sent by a newer server."""

    UNSPECIFIED = "unspecified"
    SEEN = "seen"
    CAME_LATE = "came_late"
    WENT_EARLY = "went_early"
    NOT_SEEN = "not_seen"
    SEEN_BEFORE_ONLY = "seen_before_only"
    CAME_TOO_LATE = "came_too_late"
    STAYED_TOO_SHORT = "stayed_too_short"
    EXCUSED = "excused"
    NOT_WATCHED = "not_watched"
    STAY_NOT_WATCHED = "stay_not_watched"
    CORRECTED = "corrected"


class OpenQuestion(Enum):
    """What is not proven; UNSPECIFIED is sent by a newer server."""

    UNSPECIFIED = "unspecified"
    PRESENCE = "presence"
    ARRIVAL = "arrival"
    DEPARTURE = "departure"
    DURATION = "duration"


class UnprovenCause(Enum):
    """Why nobody can tell whether a person was there; UNSPECIFIED is sent by a newer server."""

    UNSPECIFIED = "unspecified"
    NO_CAMERA = "no_camera"
    NO_STREAM = "no_stream"
    GAP = "gap"
    REJECTED = "rejected"
    CLOCK_FAULT = "clock_fault"
    DARK = "dark"
    COVERED = "covered"
    MOVED = "moved"
    UNSEARCHED = "unsearched"
    NOT_RECOGNIZABLE = "not_recognizable"
    LIKENESS = "likeness"
    UNCLEAR_FACE = "unclear_face"


class AttendanceChangeCause(Enum):
    """What became known, so that a status changed; UNSPECIFIED is sent by a newer server."""

    UNSPECIFIED = "unspecified"
    DECIDED = "decided"
    SIGHTING = "sighting"
    COVERAGE = "coverage"
    ROSTER = "roster"
    SCHEDULE = "schedule"
    RULES = "rules"
    EXCUSE = "excuse"
    CORRECTION = "correction"
    MERGE = "merge"
    CAMERAS = "cameras"


@dataclass(frozen=True, slots=True)
class AttendanceSession:
    """One time at which a group meets.

    Attributes:
        name: Resource name, "attendanceSessions/{schedule}/{day}".
        group: "attendanceGroups/{group}".
        day: On which it begins, in the group's time zone.
        start_time, end_time: UTC.
        rooms: Ids of the rooms.
        note: The holiday's name, or what was said of an exception; may be empty.
        decide_time: When its records were last decided, UTC; None: not yet.
        stale: Whether something became known since.
    """

    name: str
    group: str
    day: date
    start_time: datetime
    end_time: datetime
    rooms: tuple[str, ...]
    state: AttendanceSessionState
    note: str
    decide_time: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True)
class UnprovenSpan:
    """A time in which nobody can tell, UTC; of a face that was seen at one moment, both are the same."""

    start_time: datetime
    end_time: datetime
    causes: tuple[UnprovenCause, ...]


@dataclass(frozen=True, slots=True)
class AttendanceRecord:
    """How one person attended one session, and what shows it.

    Attributes:
        session: "attendanceSessions/{schedule}/{day}".
        person: "people/{person}"; empty: somebody who was removed.
        session_start_time: When the session begins, UTC.
        status: What counts.
        reason: Why.
        decided_status: What cameras and rules alone say.
        arrive_time, leave_time: When the person came and was last seen, UTC; None: not seen.
        present: How long the person was there, at least.
        late, early: How late the person came, and how early they left, as far as proven and beyond the limits.
        credit: How much of the session counts: 0, 0.5 or 1.
        sightings: What shows the person, "sightings/{sighting}".
        open_questions: What is not proven.
        unproven: When nobody could tell, as far as it matters.
        correction: The one that holds, "attendanceCorrections/{correction}"; empty: there is none.
        publish_time: Since when the record is as it is, UTC.
        group: "attendanceGroups/{group}"; empty: the server is older and does not say.
    """

    session: str
    person: str
    session_start_time: datetime
    status: AttendanceStatus
    reason: AttendanceReason
    decided_status: AttendanceStatus
    arrive_time: datetime | None
    leave_time: datetime | None
    present: timedelta
    late: timedelta
    early: timedelta
    credit: float
    sightings: tuple[str, ...]
    open_questions: tuple[OpenQuestion, ...]
    unproven: tuple[UnprovenSpan, ...]
    correction: str
    publish_time: datetime
    group: str = ""


@dataclass(frozen=True, slots=True)
class AttendanceChange:
    """A published status that changed.

    Attributes:
        session: "attendanceSessions/{schedule}/{day}".
        person: "people/{person}"; empty: somebody who was removed.
        old_status, new_status: UNSPECIFIED: there was, or is, no record.
        cause: What became known.
        reference: Id of what became known; may be empty.
        change_time: When, UTC.
    """

    session: str
    person: str
    old_status: AttendanceStatus
    new_status: AttendanceStatus
    cause: AttendanceChangeCause
    reference: str
    change_time: datetime


@dataclass(frozen=True, slots=True)
class AttendanceEvent:
    """A published status that changed, and the position to resume a watch after."""

    position: int
    change: AttendanceChange


@dataclass(frozen=True, slots=True)
class AttendanceCorrection:
    """What a person said of somebody's attendance.

    Attributes:
        name: Resource name, "attendanceCorrections/{correction}".
        corrected_by: Subject of the credential.
        withdraw_time: When it was taken back, UTC; None: it holds, unless a newer one does.
    """

    name: str
    session: str
    person: str
    status: AttendanceStatus
    reason: str
    corrected_by: str
    correct_time: datetime
    withdraw_time: datetime | None


@dataclass(frozen=True, slots=True)
class AttendanceExcuse:
    """A time for which somebody is excused, UTC.

    Attributes:
        name: Resource name, "attendanceExcuses/{excuse}".
        excused_by: Subject of the credential.
        withdraw_time: When it was taken back; None: it holds.
    """

    name: str
    person: str
    start_time: datetime
    end_time: datetime
    reason: str
    excused_by: str
    excuse_time: datetime
    withdraw_time: datetime | None


@dataclass(frozen=True, slots=True)
class AttendanceTotals:
    """What the records of one person add up to.

    Attributes:
        person: "people/{person}"; empty: everybody who was removed, together.
        credit: Of all decided sessions, to a half.
        percentage: Credit by the number of decided sessions, 0..100. Excused sessions do not count, and unproven ones
            are not decided. None: none is decided.
        lowest_percentage, highest_percentage: What it would be if all unproven sessions were absences, or attended.
        present, late: How long the person was there, at least, and how late they came.
        display_name: The person's name; empty: somebody who was removed, or the server is older and does not say.
    """

    person: str
    present_count: int
    late_count: int
    left_early_count: int
    absent_count: int
    excused_count: int
    unproven_count: int
    credit: float
    percentage: float | None
    lowest_percentage: float | None
    highest_percentage: float | None
    present: timedelta
    late: timedelta
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class AttendanceReport:
    """What records add up to, for each person, and when it was read (UTC)."""

    totals: tuple[AttendanceTotals, ...]
    report_time: datetime
