"""What attendance is decided from, and what it is decided to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.attendance.unproven import UnprovenSpan
from portero_server.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class PersonSighting:
    """A face before a camera, as far as attendance is concerned; both times (UTC) are included.

    Attributes:
        person_id: Whose it is said to be; None: nobody's.
        similarity: How like that person, 0..1; a name that a person confirmed has 1.
        may_be: Ids of others whom it may show: look-alikes of the named one, or candidates of a face without a name.
        unclear: Of a face without a name: whether it was seen too poorly to exclude anybody.
    """

    sighting_id: str
    camera_id: str
    first_seen: datetime
    last_seen: datetime
    person_id: str | None = None
    similarity: float = 1.0
    may_be: frozenset[str] = frozenset()
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class Excuse:
    """A time for which a person is excused from every session, or part of one.

    Raises:
        InvalidInput: The reason is empty.
    """

    person_id: str
    span: TimeSpan
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise InvalidInput("reason", "reason must say why, in at least one word")


class AttendanceStatus(Enum):
    """How somebody attended a session; the names are those of the proto without the prefix."""

    PRESENT = "present"
    LATE = "late"
    LEFT_EARLY = "left_early"
    ABSENT = "absent"
    EXCUSED = "excused"
    UNPROVEN = "unproven"


class StatusReason(Enum):
    """Why somebody has a status."""

    SEEN = "seen"
    """Seen, and nothing else is proven against them."""
    CAME_LATE = "came_late"
    WENT_EARLY = "went_early"
    NOT_SEEN = "not_seen"
    """Not seen, though everything was watched that could have shown them."""
    SEEN_BEFORE_ONLY = "seen_before_only"
    """Seen in the room while check-in was open, and not any more since the beginning, though it was watched."""
    CAME_TOO_LATE = "came_too_late"
    """Came so late that the rules count it as an absence."""
    STAYED_TOO_SHORT = "stayed_too_short"
    """Was there for less than the rules ask for."""
    EXCUSED = "excused"
    NOT_WATCHED = "not_watched"
    """Not seen, and may have been there while nobody could tell."""
    STAY_NOT_WATCHED = "stay_not_watched"
    """Seen, and may have been there for long enough while nobody could tell."""
    CORRECTED = "corrected"
    """A person said so."""


class OpenQuestion(Enum):
    """What is not proven; the milder answer stands until it is."""

    PRESENCE = "presence"
    ARRIVAL = "arrival"
    DEPARTURE = "departure"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class AttendanceCorrection:
    """What a person said of somebody's attendance; it outranks what was decided, then and later.

    Attributes:
        reason: Why, in that person's words.
        corrected_by: Subject of the credential.
        withdrawn_at: When it was taken back; None: it holds.

    Raises:
        InvalidInput: The reason is empty, or the status is UNPROVEN, which only cameras can be.
    """

    correction_id: str
    session_id: str
    person_id: str
    status: AttendanceStatus
    reason: str
    corrected_by: str
    corrected_at: datetime
    withdrawn_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise InvalidInput("reason", "reason must say why, in at least one word")
        if self.status is AttendanceStatus.UNPROVEN:
            raise InvalidInput("status", "status must be one that a person can know, and is UNPROVEN")


@dataclass(frozen=True, slots=True)
class AttendanceRecord:
    """How one person attended one session, and what shows it.

    Attributes:
        status: What counts: the correction's, or else what was decided.
        reason: Why; of a corrected record CORRECTED.
        decided: What cameras and rules alone say.
        arrived_at, left_at: When the person came, and was last seen, from the opening to the end (UTC); of who was seen
            before the beginning only, when that was; None: not seen.
        present: How long the person was there between beginning and end, at least, as the rules measure it.
        late, early: By how long after the beginning the person came, and before the end left, where that is proven and
            beyond the limits; else zero.
        credit: How much of the session counts: 0, 0.5 or 1. Zero of one who is EXCUSED or UNPROVEN.
        evidence: Ids of the sightings that show the person from the opening to the end, in order.
        open_questions: What is not proven, in order of the names.
        unproven: When nobody could tell, as far as it matters to the open questions; in order.
        correction_id: Of the correction that holds; None: there is none.
    """

    session_id: str
    person_id: str
    status: AttendanceStatus
    reason: StatusReason
    decided: AttendanceStatus
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    present: timedelta = timedelta(0)
    late: timedelta = timedelta(0)
    early: timedelta = timedelta(0)
    credit: float = 0.0
    evidence: tuple[str, ...] = ()
    open_questions: tuple[OpenQuestion, ...] = ()
    unproven: tuple[UnprovenSpan, ...] = ()
    correction_id: str | None = None
