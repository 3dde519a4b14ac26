"""What changed between two sheets of one session, and because of what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from portero_server.domain.attendance.record import AttendanceRecord


class ChangeCause(Enum):
    """What became known, so that a session was decided anew."""

    DECIDED = "decided"
    """Nothing: it was decided for the first time."""
    SIGHTING = "sighting"
    """A sighting came late, or has another name."""
    COVERAGE = "coverage"
    """A camera turned out to have watched, or not to have watched."""
    ROSTER = "roster"
    SCHEDULE = "schedule"
    """The session was moved or canceled, or its day is a holiday after all."""
    RULES = "rules"
    EXCUSE = "excuse"
    CORRECTION = "correction"
    MERGE = "merge"
    """Two people turned out to be one."""
    CAMERAS = "cameras"
    """Other cameras watched the room than was written down."""


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A record that is not what it was.

    Attributes:
        before: As it was published; None: there was none.
        after: As it is now; None: the person is not expected any more, or the session is not held.
        cause: What became known.
        reference: Id of what became known, such as the sighting's or the correction's; may be empty.
        changed_at: When it was decided anew (UTC).
    """

    session_id: str
    person_id: str
    before: AttendanceRecord | None
    after: AttendanceRecord | None
    cause: ChangeCause
    reference: str
    changed_at: datetime

    @property
    def of_status(self) -> bool:
        """Whether the status differs, and not only what shows it."""
        return (self.before and self.before.status) is not (self.after and self.after.status)


def changes_between(
    before: Iterable[AttendanceRecord],
    after: Iterable[AttendanceRecord],
    cause: ChangeCause,
    changed_at: datetime,
    reference: str = "",
) -> tuple[RecordChange, ...]:
    """Returns the records that differ between two sheets, in order of session and person; none if they are alike.

    Args:
        before: Records as they were, of any sessions, at most one for each session and person.
        after: Records as they are now, likewise.
        cause: What became known.
        changed_at: When it was decided anew (UTC).
        reference: Id of what became known; may be empty.
    """
    old = {(each.session_id, each.person_id): each for each in before}
    new = {(each.session_id, each.person_id): each for each in after}
    return tuple(
        RecordChange(*key, old.get(key), new.get(key), cause, reference, changed_at)
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    )


def united_changes(earlier: Iterable[RecordChange], later: Iterable[RecordChange]) -> tuple[RecordChange, ...]:
    """Returns two steps as one, in order of session and person: what was before the first, and is after the second.

    Args:
        earlier: The changes of the first step, at most one for each session and person.
        later: Those of the second step, likewise. A record that both change has the cause of this one.

    Returns:
        At most one change for each session and person; none where the second step takes the first one back.
    """
    first = {(each.session_id, each.person_id): each for each in earlier}
    second = {(each.session_id, each.person_id): each for each in later}
    united = {
        key: replace(second[key], before=first[key].before) if key in first and key in second else change
        for key, change in (first | second).items()
    }
    return tuple(united[key] for key in sorted(united) if united[key].before != united[key].after)
