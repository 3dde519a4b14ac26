"""The rules of a group: when somebody counts as present, late, gone early or absent."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from enum import Enum

from portero_server.errors import InvalidInput

_ZERO = timedelta(0)


class PresenceMeasure(Enum):
    """What cameras see of a group, and therefore which time counts as presence."""

    FIRST_TO_LAST = "first_to_last"
    """They see a room: whoever is seen in it was there from the first time seen to the last."""
    TIME_SEEN = "time_seen"
    """They see a room: only the time counts in which somebody was seen, but for short pauses."""
    CHECK_IN = "check_in"
    """They see a door: whoever passes it is there from then to the end, and nobody is seen leaving."""


@dataclass(frozen=True, slots=True)
class AttendanceRules:
    """The rules of a group. Limits are counted from the beginning or the end of the session.

    A limit itself still counts: with `late_after` of ten minutes, whoever comes ten minutes after the beginning is on
    time.

    Attributes:
        opens_before: How long before the beginning check-in opens; whoever is seen only earlier is not there.
        late_after: Whoever comes later than this after the beginning is late.
        absent_after: Whoever comes later than this after the beginning is absent; None: nobody who comes is.
        leaves_before: Whoever is last seen earlier than this before the end has left early; None: nobody has.
        grace: What is forgiven at each of the three limits. Minutes late are counted from the beginning all the same.
        unseen_for: How long somebody in a room may go unseen and still be there. Whoever was seen in it before the
            beginning has come then only if they were seen again this soon.
        minimum_presence: Whoever is there for less is absent.
        half_day_below: Whoever is there for less is counted half; zero: nobody is.
        sure_similarity: A name with less similarity, 0..1, proves nobody's presence, but also no absence.
        heeds_unclear_faces: Whether a face that was seen too poorly to exclude anybody speaks against an absence.
        measure: What the cameras see.
        held_on_holidays: Whether recurring sessions take place on holidays.

    Raises:
        InvalidInput: A time is negative, an absence would come before lateness, or a similarity is not in 0..1.
    """

    opens_before: timedelta = timedelta(minutes=15)
    late_after: timedelta = timedelta(minutes=10)
    absent_after: timedelta | None = None
    leaves_before: timedelta | None = timedelta(minutes=10)
    grace: timedelta = _ZERO
    unseen_for: timedelta = timedelta(minutes=5)
    minimum_presence: timedelta = _ZERO
    half_day_below: timedelta = _ZERO
    sure_similarity: float = 0.0
    heeds_unclear_faces: bool = True
    measure: PresenceMeasure = PresenceMeasure.FIRST_TO_LAST
    held_on_holidays: bool = False

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, timedelta) and value < _ZERO:
                raise InvalidInput(each.name, f"{each.name} must be 0 or more, and is {value}")
        if self.absent_after is not None and self.absent_after < self.late_after:
            raise InvalidInput("absent_after", f"absent_after must be late_after ({self.late_after}) or more")
        if not 0.0 <= self.sure_similarity <= 1.0:
            raise InvalidInput("sure_similarity", f"sure_similarity must be in 0..1, and is {self.sure_similarity}")

    @property
    def at_door(self) -> bool:
        """Whether the cameras see a door, and therefore nobody who is inside."""
        return self.measure is PresenceMeasure.CHECK_IN


DEFAULT_RULES = AttendanceRules()
