"""Which days a scheduled export writes, and when again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

from portero_server.domain.people.privacy import Purpose
from portero_server.domain.recording.export_days import (
    ExportDay,
    ExportRules,
    bounds,
    days_between,
    days_due,
    written_until,
)

FIRST, SECOND, THIRD = (date(2026, 5, day) for day in (1, 2, 3))
GRACE = timedelta(hours=6)
RULES = ExportRules(GRACE)


def _at(day: int, hour: int = 0, month: int = 5) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def _known(*days: ExportDay) -> dict[date, ExportDay]:
    return {each.day: each for each in days}


def _written(day: date, *, read_at: datetime, changes: int = 1) -> ExportDay:
    return ExportDay(day, changes, changes, read_at)


def test_a_day_is_written_once_it_is_over_for_the_grace() -> None:
    """A new export begins with the last day that is closed, whatever the hour of its first round."""
    assert days_due({}, RULES, _at(3, 5)) == [FIRST]
    assert days_due({}, RULES, _at(3, 6)) == [SECOND]
    assert days_due({}, RULES, datetime(2026, 5, 3, 2, tzinfo=timezone(timedelta(hours=-4)))) == [SECOND]


def test_no_day_is_left_out_when_no_server_ran() -> None:
    """All days since the first one are due, those before only if the settings name an earlier first day."""
    known = _known(_written(FIRST, read_at=_at(2, 6)))
    assert days_due(known, RULES, _at(4, 6)) == [SECOND, THIRD]
    since = ExportRules(GRACE, since=date(2026, 4, 29))
    assert days_due(known, since, _at(3, 6)) == [date(2026, 4, 29), date(2026, 4, 30), SECOND]
    assert days_due({}, ExportRules(GRACE, since=date(2026, 6, 1)), _at(3, 6)) == []


def test_what_changed_or_was_cut_is_written_again() -> None:
    """A day that was noted and never written whole is due, and one whose sightings changed since they were read."""
    cut, changed = ExportDay(FIRST, 1), ExportDay(SECOND, 3, 2, _at(3, 6))
    assert days_due(_known(cut, changed), RULES, _at(3, 7)) == [FIRST, SECOND]
    assert days_due(_known(_written(FIRST, read_at=_at(2, 6))), RULES, _at(2, 7)) == []


def test_each_retention_has_a_day_written_once_more() -> None:
    """A day after the retention of what was seen last on it; also late, and then daily while something is left."""
    spans = {Purpose.STRANGERS: timedelta(days=2), Purpose.SIGHTINGS: timedelta(days=4)}
    rules = ExportRules(GRACE, since=FIRST, retention=spans)

    def due(now: datetime, read_at: datetime, *left: Purpose, day: int = 1) -> bool:
        told = replace(_written(FIRST, read_at=read_at), oldest=dict.fromkeys(left, _at(day, 8)))
        return FIRST in days_due(_known(told), rules, now)

    assert not due(_at(4, 23), _at(2, 6), *spans)
    assert due(_at(5), _at(2, 6), *spans)
    assert not due(_at(6, 23), _at(5), Purpose.SIGHTINGS)
    assert due(_at(7), _at(5), Purpose.SIGHTINGS)
    assert not due(_at(7, 23), _at(7), Purpose.SIGHTINGS)
    assert due(_at(8), _at(7), Purpose.SIGHTINGS)
    assert not due(_at(1, month=7), _at(6))
    assert not due(_at(9, 7), _at(7), Purpose.SIGHTINGS, day=4)
    assert due(_at(9, 8), _at(7), Purpose.SIGHTINGS, day=4)


def test_days_before_a_first_day_that_was_corrected_are_not_begun() -> None:
    """Those that were noted stay, so that an erasure changes their files."""
    known = _known(_written(date(2006, 5, 1), read_at=_at(2, 6)), ExportDay(date(2006, 5, 3), 2, 1, _at(2, 6)))
    assert days_due(known, ExportRules(GRACE, since=SECOND), _at(4, 6)) == [date(2006, 5, 3), SECOND, THIRD]


def test_days_are_written_up_to_the_first_that_is_missing() -> None:
    """A day that was written counts even while a change of it waits."""
    assert written_until({}, RULES, _at(3, 6)) is None
    known = _known(ExportDay(FIRST, 2, 1, _at(2, 6)), _written(THIRD, read_at=_at(4, 6)))
    assert written_until(known, RULES, _at(4, 6)) == _at(2)
    assert written_until(known | _known(_written(SECOND, read_at=_at(3, 6))), RULES, _at(4, 6)) == _at(4)


def test_a_day_is_one_of_utc() -> None:
    """It takes its first moment and not its end; a visit over midnight touches two days."""
    assert bounds(FIRST) == (_at(1), _at(2))
    assert set(days_between(_at(1, 23), _at(2, 1))) == {FIRST, SECOND}
    late = datetime(2026, 5, 1, 23, tzinfo=timezone(timedelta(hours=-4)))
    assert set(days_between(late, late)) == {SECOND}
