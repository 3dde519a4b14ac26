"""The rules of a group on the clock of one session, and what excuses move; most is in `records/`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.attendance.limits import limits_of, opening
from portero_server.domain.attendance.rules import AttendanceRules, PresenceMeasure
from portero_server.domain.attendance.spans import TimeSpan


def _at(minute: int) -> datetime:
    return datetime(2026, 3, 9, 8, tzinfo=UTC) + timedelta(minutes=minute)


_SESSION = TimeSpan(_at(0), _at(90))


def test_grace_is_added_at_each_limit() -> None:
    """To be late, to be absent, and to leave early."""
    rules = AttendanceRules(absent_after=timedelta(minutes=30), grace=timedelta(minutes=2))
    limits = limits_of(_SESSION, rules)
    assert (limits.on_time_until, limits.absent_from, limits.leaves_from) == (_at(12), _at(32), _at(78))
    assert opening(_SESSION, rules) == TimeSpan(_at(-15), _at(90))


def test_nobody_leaves_early_through_a_door() -> None:
    """It does not show who goes."""
    assert limits_of(_SESSION, AttendanceRules(measure=PresenceMeasure.CHECK_IN)).leaves_from is None


def test_it_makes_no_difference_to_come_after_the_end() -> None:
    """Also where the limit of absence lies beyond it."""
    assert limits_of(_SESSION, AttendanceRules(absent_after=timedelta(hours=5))).comes_until == _at(90)


@given(st.lists(st.tuples(st.integers(-20, 100), st.integers(1, 60)), max_size=4))
def test_excuses_only_ever_ask_for_less(excuses: list[tuple[int, int]]) -> None:
    """What is asked lies within the session, and a moment at its edge is asked only if no excuse holds it."""
    spans = [TimeSpan(_at(start), _at(start + minutes)) for start, minutes in excuses]
    limits = limits_of(_SESSION, AttendanceRules(minimum_presence=timedelta(minutes=60)), spans)
    assert _SESSION.start <= limits.begins <= limits.ends <= _SESSION.end
    assert limits.least <= limits.ends - limits.begins
    if not limits.excused:
        assert not any(span.start <= limits.begins < span.end for span in spans)
        assert not any(span.start < limits.ends <= span.end for span in spans)
