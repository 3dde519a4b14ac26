"""Spans of time, held against the same time as a set of minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.attendance.spans import TimeSpan, common, length, merged, without

_START = datetime(2026, 3, 9, tzinfo=UTC)


def _span(first: int, last: int) -> TimeSpan:
    return TimeSpan(_START + timedelta(minutes=first), _START + timedelta(minutes=last))


_SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 9)).map(lambda each: _span(each[0], each[0] + each[1])), max_size=8
)


def _minutes(spans: list[TimeSpan] | tuple[TimeSpan, ...]) -> set[int]:
    return {
        minute
        for span in spans
        for minute in range(
            (span.start - _START) // timedelta(minutes=1),
            (span.end - _START) // timedelta(minutes=1),
        )
    }


def _is_merged(spans: tuple[TimeSpan, ...]) -> bool:
    return all(before.end < after.start for before, after in pairwise(spans))


@given(_SPANS)
def test_merging_keeps_the_time(spans: list[TimeSpan]) -> None:
    """As the fewest spans, in order, whatever the order was."""
    assert _minutes(merged(spans)) == _minutes(spans)
    assert _is_merged(merged(spans))
    assert merged(reversed(spans)) == merged(spans)
    assert length(merged(spans)) == timedelta(minutes=len(_minutes(spans)))


@given(_SPANS, _SPANS)
def test_two_lists_share_and_differ_as_sets_do(left: list[TimeSpan], right: list[TimeSpan]) -> None:
    """Minute by minute, and merged again."""
    one, other = merged(left), merged(right)
    assert _minutes(common(one, other)) == _minutes(one) & _minutes(other)
    assert _minutes(without(one, other)) == _minutes(one) - _minutes(other)
    assert _is_merged(without(one, other))


def test_a_short_pause_is_bridged() -> None:
    """And one that is longer by a minute is not."""
    two, three = _span(2, 3), _span(3, 4)
    assert merged([_span(0, 1), two], timedelta(minutes=1)) == (_span(0, 3),)
    assert merged([_span(0, 1), three], timedelta(minutes=1)) == (_span(0, 1), three)


def test_the_end_is_not_in_a_span() -> None:
    """What happens at the end is after it, and what ends at the start still meets it."""
    span = _span(5, 10)
    assert not span.meets(span.end, span.end)
    assert span.meets(_START, span.start)
    assert span.within(_span(10, 12)) is None
    assert span.within(_span(8, 12)) == _span(8, 10)


@pytest.mark.parametrize(
    ("start", "end"), [(_START, _START), (_START.replace(tzinfo=None), _START.replace(tzinfo=None, hour=1))]
)
def test_a_span_that_is_none_is_refused(start: datetime, end: datetime) -> None:
    """It must have a length, and a time zone."""
    with pytest.raises(ValueError, match="must"):
        TimeSpan(start, end)
