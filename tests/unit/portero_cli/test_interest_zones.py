"""Regions of interest as privacy zones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from portero_cli.interest_zones import MOST_ZONES, zones_around
from portero_client import Box


def _holds(boxes: Sequence[Box], x: float, y: float) -> int:
    return sum(each.left <= x < each.left + each.width and each.top <= y < each.top + each.height for each in boxes)


@st.composite
def _regions(draw: st.DrawFn) -> Box:
    left, right = sorted(draw(st.lists(st.integers(0, 16), min_size=2, max_size=2, unique=True)))
    top, bottom = sorted(draw(st.lists(st.integers(0, 16), min_size=2, max_size=2, unique=True)))
    return Box(left / 16, top / 16, (right - left) / 16, (bottom - top) / 16)


@given(st.lists(_regions(), min_size=1, max_size=4))
def test_zones_cover_what_no_region_does(regions: list[Box]) -> None:
    """Every point is in a region, or else in one zone exactly; zones lie within the frame."""
    zones = zones_around(regions)
    assert zones is not None
    for x, y in product([(number + 0.5) / 16 for number in range(16)], repeat=2):
        assert _holds(zones, x, y) == (0 if _holds(regions, x, y) else 1)
    assert all(0 <= each.left < each.left + each.width <= 1 + 1e-9 for each in zones)
    assert all(0 <= each.top < each.top + each.height <= 1 + 1e-9 for each in zones)


def test_one_region_takes_four_zones() -> None:
    """Above, below and at both sides; one that is the whole frame takes none, and neither do no regions."""
    assert zones_around([Box(0.25, 0.25, 0.5, 0.5)]) == (
        Box(0.0, 0.0, 1.0, 0.25),
        Box(0.0, 0.25, 0.25, 0.5),
        Box(0.75, 0.25, 0.25, 0.5),
        Box(0.0, 0.75, 1.0, 0.25),
    )
    assert zones_around([Box(0.0, 0.0, 1.0, 1.0)]) == zones_around([]) == ()
    assert zones_around([Box(0.5, -0.5, 2.0, 2.0)]) == (Box(0.0, 0.0, 0.5, 1.0),)


def test_more_than_a_camera_may_have_are_none() -> None:
    """Ten regions in a diagonal of stairs stay within it, a checkerboard does not."""
    stairs = [Box(number / 10, number / 10, 0.1, 0.1) for number in range(10)]
    assert len(zones_around(stairs) or ()) <= MOST_ZONES
    board = [Box(x / 10, y / 10, 0.1, 0.1) for x, y in product(range(10), repeat=2) if (x + y) % 2]
    assert zones_around(board) is None
