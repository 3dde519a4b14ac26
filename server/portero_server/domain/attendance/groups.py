"""Groups, who belongs to them from when until when, and which cameras watch which room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from portero_server.domain.attendance.spans import TimeSpan, merged
from portero_server.errors import InvalidInput


@dataclass(frozen=True, slots=True, order=True)
class Membership:
    """A person's place in a group.

    Whoever leaves and comes back has two memberships. Dates are those of the group's time zone.

    Attributes:
        since: First day on which the person is expected.
        until: Last day on which the person is expected; None: no end is known.

    Raises:
        InvalidInput: `until` is before `since`.
    """

    person_id: str
    since: date
    until: date | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise InvalidInput("until", f"until must be {self.since} or later, and is {self.until}")

    def holds_on(self, day: date) -> bool:
        """Returns whether the person is expected on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Roster:
    """Who belongs to a group; the order of the memberships and repeated ones mean nothing."""

    memberships: tuple[Membership, ...] = ()

    def people_on(self, day: date, merges: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """Returns the ids of the people who are expected on a day, in order.

        Args:
            day: In the group's time zone.
            merges: As in `surviving`; two ids of one person are one.
        """
        return tuple(
            sorted({surviving(each.person_id, merges or {}) for each in self.memberships if each.holds_on(day)})
        )


def surviving(person_id: str, merges: Mapping[str, str]) -> str:
    """Returns the id under which a person is known now.

    Args:
        person_id: As it was written down.
        merges: To which id each id that is gone was merged; may lead on to another one that is gone.

    Raises:
        ValueError: The merges lead in a circle.
    """
    passed = {person_id}
    while (merged_to := merges.get(person_id)) is not None:
        if merged_to in passed:
            raise ValueError(f"the merges of {person_id} lead in a circle")
        passed.add(merged_to)
        person_id = merged_to
    return person_id


@dataclass(frozen=True, slots=True, order=True)
class Placement:
    """A camera that watches a room for a time.

    A room is what each of its cameras can see alike: where one of them watches, nobody is missed. Two doors that no
    camera sees together are two rooms.

    Attributes:
        start, end: From when until before when (UTC); None: always, and without a known end.

    Raises:
        InvalidInput: `end` is not after `start`.
    """

    camera_id: str
    room_id: str
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise InvalidInput("end", f"end must be after {self.start}, and is {self.end}")

    def within(self, span: TimeSpan) -> TimeSpan | None:
        """Returns the part of a span in which the camera watches the room; None: there is none."""
        start = span.start if self.start is None else max(self.start, span.start)
        end = span.end if self.end is None else min(self.end, span.end)
        return TimeSpan(start, end) if start < end else None


def views_of_room(room_id: str, placements: Iterable[Placement], span: TimeSpan) -> dict[str, tuple[TimeSpan, ...]]:
    """Returns when within a span each camera watches a room, by camera id."""
    found: dict[str, list[TimeSpan]] = {}
    for placement in placements:
        if placement.room_id == room_id and (part := placement.within(span)) is not None:
            found.setdefault(placement.camera_id, []).append(part)
    return {camera_id: merged(found[camera_id]) for camera_id in sorted(found)}
