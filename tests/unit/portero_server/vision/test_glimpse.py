"""A look at the whole picture, once a second: of light, of contrast and of the view."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from portero_server.domain.detection.geometry import Box
from portero_server.domain.detection.glimpse import Glimpse, Visibility
from portero_server.vision.glimpse import Glimpses
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray
from portero_server.vision.view_edges import agreement
from portero_server.vision.zones import blacken
from tests.support.images.scenes import room

_ZONES = (Box(0.1, 0.2, 0.3, 0.5), Box(0.7, 0.7, 0.3, 0.3))


def _gate_picture(gray: NDArray[np.float32], noise: float = 0.0, seed: int = 1) -> Gray:
    noisy = gray + np.random.default_rng(seed).normal(0.0, noise, gray.shape)
    small = cv2.resize(noisy.clip(0, 255).astype(np.uint8), (256, 192), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _room(seed: int = 3) -> NDArray[np.float32]:
    return np.asarray(room(seed=seed).mean(axis=2), dtype=np.float32)


def _glimpse(picture: Gray, zones: tuple[Box, ...] = ()) -> Glimpse:
    found = Glimpses().take(blacken(picture.copy(), zones), 0.0, zones)
    assert found is not None
    return found


def _cover(level: float, falls: float) -> NDArray[np.float32]:
    """Returns what a hand or tape before the lens shows: one level, with light from one side."""
    return np.full((480, 640), level, np.float32) * np.linspace(1 - falls, 1 + falls, 640, dtype=np.float32)


@given(st.integers(0, 60), st.floats(0.3, 1.4), st.floats(0, 12))
def test_a_furnished_room_is_clear(seed: int, light: float, noise: float) -> None:
    """Whatever stands in it, in any light but the dark, with any noise."""
    assert _glimpse(_gate_picture(_room(seed) * np.float32(light), noise)).visibility is Visibility.CLEAR


@given(st.floats(0, 230), st.floats(0, 0.6), st.floats(0, 12), st.integers(0, 9))
def test_a_covered_lens_is_never_clear(level: float, falls: float, noise: float, seed: int) -> None:
    """However bright the hand is, from wherever light leaks in, with any noise."""
    assert _glimpse(_gate_picture(_cover(level, falls), noise, seed)).visibility is not Visibility.CLEAR


def test_a_room_without_light_is_dark() -> None:
    """A fiftieth of the light is too little, whatever stands in the room."""
    assert _glimpse(_gate_picture(_room() * np.float32(0.02), 3.0)).visibility is Visibility.DARK


@pytest.mark.parametrize("zones", [(), _ZONES])
def test_zones_change_nothing_but_what_they_hide(zones: tuple[Box, ...]) -> None:
    """Their black is neither the dark, nor contrast, nor an edge."""
    picture = _gate_picture(_room())
    plain, hidden = _glimpse(picture), _glimpse(picture, zones)
    assert hidden.mean == pytest.approx(plain.mean, rel=0.2)
    assert (agreement(plain.edges, hidden.edges) or 0.0) > 0.9
    assert _glimpse(_gate_picture(_cover(90, 0.3), 6.0), zones).visibility is Visibility.COVERED


def test_a_picture_that_is_all_hidden_says_nothing() -> None:
    """Where zones leave nothing there is nothing to judge."""
    zones = (Box(0.0, 0.0, 1.0, 1.0),)
    assert Glimpses().take(_gate_picture(_room()), 0.0, zones) is None


def test_one_picture_a_second_is_looked_at() -> None:
    """The first of each second, at any rate; a slow camera's every one."""
    glimpses, picture = Glimpses(), _gate_picture(_room())
    taken = [at for at in np.arange(1000.4, 1004.4, 0.04) if glimpses.take(picture, float(at)) is not None]
    assert [int(at) for at in taken] == [1000, 1001, 1002, 1003, 1004]


def test_edges_are_looked_at_every_four_seconds() -> None:
    """From the first picture on, at any rate; a slow camera's picture has them where four seconds have passed."""
    glimpses, picture = Glimpses(), _gate_picture(_room())
    taken = {float(at): glimpses.take(picture, float(at)) for at in np.arange(1001.5, 1013, 0.5)}
    assert [at for at, glimpse in taken.items() if glimpse is not None and glimpse.edges] == [1001.5, 1004, 1008, 1012]
    slow = [glimpses.take(picture, at) for at in (1021.0, 1024.0, 1027.0, 1030.0)]
    assert [bool(glimpse and glimpse.edges) for glimpse in slow] == [True, True, False, True]


def test_a_slow_camera_is_looked_at_each_time() -> None:
    """Every picture is the first of its second."""
    glimpses, picture = Glimpses(), _gate_picture(_room())
    assert all(glimpses.take(picture, at) is not None for at in (1010.9, 1012.8, 1014.7))
