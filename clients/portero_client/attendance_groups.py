"""Who attends together, when and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum


class PresenceMeasure(Enum):
    """What cameras see of a group, and therefore which time counts as presence."""

    FIRST_TO_LAST = "first_to_last"
    """A room: whoever is seen in it was there from the first time seen to the last."""
    TIME_SEEN = "time_seen"
    """A room: only the time counts in which somebody was seen, but for short pauses."""
    CHECK_IN = "check_in"
    """A door: whoever passes it is there from then to the end."""


@dataclass(frozen=True, slots=True)
class AttendanceRules:
    """The rules of a group. Limits are counted from the beginning or the end of a session.

    Attributes:
        opens_before: How long before the beginning check-in opens.
        late_after: Whoever comes later is late.
        absent_after: Whoever comes later is absent; None: nobody who comes is.
        leaves_before: Whoever is last seen earlier than this before the end has left early; None: nobody has.
        grace: What is forgiven at each of the three limits.
        unseen_for: How long somebody in a room may go unseen and still be there.
        minimum_presence: Whoever is there for less is absent.
        half_day_below: Whoever is there for less is counted half; zero: nobody is.
        sure_similarity: A name with less similarity, 0..1, proves nobody's presence, but also no absence.
        heeds_unclear_faces: Whether a face that was seen too poorly to exclude anybody speaks against an absence.
        measure: What the cameras see.
        held_on_holidays: Whether recurring sessions take place on holidays.
    """

    opens_before: timedelta = timedelta(minutes=15)
    late_after: timedelta = timedelta(minutes=10)
    absent_after: timedelta | None = None
    leaves_before: timedelta | None = timedelta(minutes=10)
    grace: timedelta = timedelta(0)
    unseen_for: timedelta = timedelta(minutes=5)
    minimum_presence: timedelta = timedelta(0)
    half_day_below: timedelta = timedelta(0)
    sure_similarity: float = 0.0
    heeds_unclear_faces: bool = True
    measure: PresenceMeasure = PresenceMeasure.FIRST_TO_LAST
    held_on_holidays: bool = False


@dataclass(frozen=True, slots=True)
class AttendanceGroup:
    """People who attend the same sessions, as a class or a shift.

    Attributes:
        name: Resource name, "attendanceGroups/{group}", or the id alone in a request.
        time_zone: IANA name, by which its days and times are meant.
        country: ISO 3166-1 code of the country whose public holidays are free; empty: nobody's are.
        region: ISO 3166-2 code of a part of it, without the country; empty: what holds in all of it.
        free_days: Further free days, with their names.
        worked_days: Public holidays on which its sessions take place all the same.
    """

    name: str
    display_name: str
    time_zone: str
    rules: AttendanceRules = AttendanceRules()
    country: str = ""
    region: str = ""
    free_days: Mapping[date, str] = field(default_factory=dict)
    worked_days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in a group.

    Attributes:
        person: "people/{person}", or the id alone in a request.
        since: First day on which the person is expected.
        until: Last day on which the person is expected; None: no end is known.
    """

    person: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class RosterImport:
    """How many memberships an import changed or added, and how many it removed."""

    changed_count: int
    removed_count: int


@dataclass(frozen=True, slots=True)
class ScheduleException:
    """An exception to a schedule; None: as by the schedule.

    Attributes:
        day: On which day the session would begin by the schedule.
        canceled: Whether it does not take place.
        moved_to: On which day it begins instead.
        begins, ends: At what times instead.
        rooms: Where instead; none: as by the schedule.
        note: Why; may be empty.
    """

    day: date
    canceled: bool = False
    moved_to: date | None = None
    begins: time | None = None
    ends: time | None = None
    rooms: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class AttendanceSchedule:
    """When and where a group meets.

    Attributes:
        name: Resource name, "attendanceSchedules/{schedule}", or the id alone in a request.
        group: "attendanceGroups/{group}", or the id alone in a request.
        rooms: Ids of the rooms, to any of which somebody may come.
        first_day: On which a dated session takes place, or from which on the recurrence counts.
        begins, ends: By the clock on the wall; an end at or before the beginning is on the next day.
        recurrence: The RRULE of RFC 5545 ("FREQ=WEEKLY;BYDAY=MO,WE"); empty: it takes place once.
        last_day: Last day of the recurrence; None: it has no end.
        exceptions: At most one a day.
    """

    name: str
    group: str
    rooms: tuple[str, ...]
    first_day: date
    begins: time
    ends: time
    recurrence: str = ""
    last_day: date | None = None
    exceptions: tuple[ScheduleException, ...] = ()


@dataclass(frozen=True, slots=True)
class CameraPlacement:
    """That a camera watches a room.

    Attributes:
        name: Resource name, "placements/{placement}".
        camera: "cameras/{camera}".
        room: Id of the room.
        start_time: From when on, UTC; None: always.
        end_time: Until before when, UTC; None: no end is known.
    """

    name: str
    camera: str
    room: str
    start_time: datetime | None
    end_time: datetime | None
