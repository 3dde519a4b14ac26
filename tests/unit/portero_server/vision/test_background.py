"""The learned background: what holds for all pictures and all clocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from portero_server.domain.detection.geometry import WHOLE
from portero_server.vision.background import Background, BackgroundPolicy
from portero_server.vision.pixels import Gray

_pictures = st.lists(
    st.tuples(arrays.arrays(np.uint8, (12, 16)), st.floats(-1e9, 1e9, allow_nan=False)), min_size=1, max_size=12
)


@settings(deadline=None)
@given(_pictures)
def test_any_pictures_at_any_times_give_a_share(pictures: list[tuple[Gray, float]]) -> None:
    """Whatever is seen, and however the clock jumps, the answer is a share between 0 and 1."""
    background = Background(BackgroundPolicy())
    shares = [background.update(picture, captured) for picture, captured in pictures]
    assert shares[0] == 1.0
    assert all(0.0 <= share <= 1.0 for share in shares)


@settings(deadline=None)
@given(picture=arrays.arrays(np.uint8, (12, 16)), jump=st.floats(-1e9, 1e9, allow_nan=False))
def test_the_same_picture_is_never_a_change(picture: Gray, jump: float) -> None:
    """A picture that is exactly the background has not changed, whatever the clock says."""
    background = Background(BackgroundPolicy())
    background.update(picture, 0.0)
    assert [background.update(picture, at) for at in (0.2, jump, jump + 0.2)] == [0.0, 0.0, 0.0]


@settings(deadline=None)
@given(side=st.integers(3, 8), contrast=st.integers(20, 120))
def test_a_larger_patch_changes_a_larger_share(side: int, contrast: int) -> None:
    """A patch that appears is seen at about its own share of the picture."""
    wall = np.full((40, 40), 100, np.uint8)
    patch = wall.copy()
    patch[10 : 10 + side, 10 : 10 + side] += np.uint8(contrast)
    background = Background(BackgroundPolicy())
    for step in range(20):
        background.update(wall, step * 0.2)
    share = background.update(patch, 4.0)
    assert (side - 2) ** 2 / 1600 <= share <= (side + 2) ** 2 / 1600


def test_fewer_pixels_than_the_least_are_no_change() -> None:
    """The policy's least number of pixels is the limit between nothing and a change."""
    wall = np.full((40, 40), 100, np.uint8)
    speck = wall.copy()
    speck[20, 20] = 200
    for least, changed in ((9, True), (10, False)):
        background = Background(BackgroundPolicy(least_pixels=least))
        for step in range(20):
            background.update(wall, step * 0.2)
        assert (background.update(speck, 4.0) > 0) is changed


def test_the_region_is_where_the_picture_changed() -> None:
    """A patch is bounded by its own place, and a flickering pixel far from it does not stretch that."""
    wall = np.full((60, 80), 100, np.uint8)
    picture = wall.copy()
    picture[20:32, 40:56] = 180
    picture[50, 5] = 250
    background = Background(BackgroundPolicy())
    for step in range(20):
        background.update(wall, step * 0.2)
    background.update(picture, 4.0)
    region = background.region
    assert region.left == pytest.approx(40 / 80, abs=2 / 80)
    assert region.right == pytest.approx(56 / 80, abs=2 / 80)
    assert region.top == pytest.approx(20 / 60, abs=2 / 60)
    assert region.bottom == pytest.approx(32 / 60, abs=2 / 60)


def test_a_first_picture_is_changed_everywhere() -> None:
    """With nothing to compare with, the region is the whole picture."""
    background = Background(BackgroundPolicy())
    background.update(np.full((40, 40), 100, np.uint8), 0.0)
    assert background.region == WHOLE
