"""Which changes of records something could be told after, so that nothing more than that is read of the past."""

from __future__ import annotations

from collections.abc import Iterable

from portero_server.domain.attendance.changes import RecordChange
from portero_server.domain.attendance.record import AttendanceRecord, AttendanceStatus
from portero_server.domain.attendance.summary import DECIDED

_ATTENDED = (False, False, 1.0)
"""What counts of a session that was attended in time; see `_counted`."""


def may_be_told(change: RecordChange) -> bool:
    """Returns whether anything about the person could follow from the change of a record.

    Nothing does where what counts stays as it is: of whoever is unproven, or excused, nothing is counted. Of one more
    session that was attended see `may_only_withdraw`.
    """
    before, after = _counted(change.before), _counted(change.after)
    return before != after and not may_only_withdraw(change)


def may_only_withdraw(change: RecordChange) -> bool:
    """Returns whether the change adds a session that was attended, as most do.

    It can raise a percentage that was too low with a later session, if that was decided before it. One that is too low
    as soon as enough sessions are decided is told with the next session that was not attended.
    """
    return _counted(change.before) is None and _counted(change.after) == _ATTENDED


def may_be_told_of_session(records: Iterable[AttendanceRecord], changes: Iterable[RecordChange]) -> bool:
    """Returns whether another share of a session's people could be unproven than before.

    Args:
        records: All records of the session, as they are now.
        changes: Those that differ from before.
    """
    unproven = any(_is_unproven(record) for record in records)
    return any(
        _is_unproven(change.before)
        or _is_unproven(change.after)
        # Of more people, or fewer, the same number is another share.
        or (unproven and (change.before is None or change.after is None))
        for change in changes
    )


def _is_unproven(record: AttendanceRecord | None) -> bool:
    return record is not None and record.status is AttendanceStatus.UNPROVEN


def _counted(record: AttendanceRecord | None) -> tuple[bool, bool, float] | None:
    """Returns whether the record is an absence, whether it is a lateness, and its credit; None: it is not counted."""
    if record is None or record.status not in DECIDED:
        return None
    return record.status is AttendanceStatus.ABSENT, record.status is AttendanceStatus.LATE, record.credit
