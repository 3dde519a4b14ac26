"""What attendance knows of two people who turned out to be one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from portero_server.domain.attendance.groups import Membership
from portero_server.domain.attendance.record import AttendanceStatus

_MILDEST = (
    AttendanceStatus.PRESENT,
    AttendanceStatus.LATE,
    AttendanceStatus.LEFT_EARLY,
    AttendanceStatus.EXCUSED,
    AttendanceStatus.UNPROVEN,
    AttendanceStatus.ABSENT,
)


def united_memberships(person_id: str, memberships: Iterable[Membership]) -> tuple[Membership, ...]:
    """Returns the places of two people in one group as those of one person.

    Args:
        person_id: Who both are.
        memberships: Of both in one group; those that overlap, or of which one begins the day after the other ends, are
            one.
    """
    united: list[Membership] = []
    for each in sorted(memberships, key=lambda membership: membership.since):
        before = united[-1] if united else None
        if before is None or (before.until is not None and each.since > before.until + timedelta(days=1)):
            united.append(replace(each, person_id=person_id))
        elif before.until is not None:
            until = None if each.until is None else max(before.until, each.until)
            united[-1] = replace(before, until=until)
    return tuple(united)


def counts_more(
    status: AttendanceStatus, other: AttendanceStatus, *, corrected: bool = False, other_corrected: bool = False
) -> bool:
    """Returns whether the record of one person says more of a session than the record of the other one.

    What a person said outranks cameras. And of somebody who was known under two ids, one record shows that they were
    there, and the other one says that they were absent.
    """
    if corrected is not other_corrected:
        return corrected
    return _MILDEST.index(status) < _MILDEST.index(other)
