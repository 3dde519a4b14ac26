"""Spans in which nobody can tell, laid over each other."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan, overlaid
from tests.support.attendance.minutes import at, blind

_DARK, _GAP = UnprovenCause.DARK, UnprovenCause.GAP
_SPANS = st.lists(
    st.builds(
        lambda start, minutes, cause: blind(start, start + minutes, cause),
        st.integers(0, 30),
        st.integers(0, 8),
        st.sampled_from(UnprovenCause),
    ),
    max_size=8,
)


def _causes_by_minute(spans: list[UnprovenSpan] | tuple[UnprovenSpan, ...]) -> list[set[UnprovenCause]]:
    return [
        {cause for span in spans if span.start <= at(minute) < span.end for cause in span.causes}
        for minute in range(40)
    ]


@given(_SPANS)
def test_each_moment_has_the_causes_of_all_that_cover_it(spans: list[UnprovenSpan]) -> None:
    """In any order; what comes of it is in order, apart where the causes are the same, and stays as it is."""
    found = overlaid(spans)
    assert _causes_by_minute(found) == _causes_by_minute(spans)
    assert overlaid(reversed(spans)) == overlaid(found) == found
    long = [each for each in found if each.start < each.end]
    for before, after in pairwise(long):
        assert before.end < after.start or (before.end == after.start and before.causes != after.causes)


def test_causes_that_overlap_are_named_together() -> None:
    """And each by itself where it is alone."""
    assert overlaid([blind(0, 10, _GAP), blind(5, 15, _DARK)]) == (
        blind(0, 5, _GAP),
        blind(5, 10, _DARK, _GAP),
        blind(10, 15, _DARK),
    )


def test_a_moment_stays_one() -> None:
    """Unless a span of the same cause holds it."""
    assert overlaid([blind(5, 5, _DARK), blind(0, 10, _GAP)]) == (blind(0, 10, _GAP), blind(5, 5, _DARK))
    assert overlaid([blind(5, 5, _GAP), blind(0, 10, _GAP)]) == (blind(0, 10, _GAP),)
