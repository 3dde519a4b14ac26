"""The signature of a view: the same under any light and behind people, another one elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray
from portero_server.vision.view_edges import SIZE, agreement, cells_of, edges_of, plain
from tests.support.images.portraits import collins
from tests.support.images.scenes import room

_SAME, _OTHER = 0.35, 0.3
"""The limits of `domain.attendance.known_view`."""


def _small(gray: NDArray[np.float32]) -> Gray:
    return np.asarray(cv2.resize(gray.clip(0, 255), SIZE, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _room(seed: int = 3) -> NDArray[np.float32]:
    return np.asarray(room(seed=seed).mean(axis=2), dtype=np.float32)


def _edges(gray: NDArray[np.float32]) -> bytes:
    return edges_of(_small(gray))


def _agreement(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    found = agreement(_edges(one), _edges(other))
    assert found is not None
    return found


def _side_light(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(gray * np.linspace(0.3, 1.3, gray.shape[1]), dtype=np.float32)


def _patch(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    lit = gray.copy()
    cv2.fillConvexPoly(lit, np.array([[60, 240], [320, 220], [380, 430], [130, 470]], np.int32), 250.0)
    return np.asarray(np.maximum(lit * 0.4, gray), dtype=np.float32)


@pytest.mark.parametrize("seed", range(3, 11))
def test_light_is_no_other_view(seed: int) -> None:
    """A third of the light, more of it, light from one side, a sunny patch, or night turned to day."""
    gray = _room(seed)
    for lit in (gray * 0.35, gray * 1.3 + 20, _side_light(gray), _patch(gray), 255 - gray):
        assert _agreement(gray, np.asarray(lit, np.float32)) > _SAME


@pytest.mark.parametrize("seed", range(3, 11))
def test_a_nudge_is_no_other_view(seed: int) -> None:
    """Turned by a twentieth of its width, a camera sees nearly the same."""
    wide = _room(seed)
    assert _agreement(wide[40:-40, 40:-40], wide[40:-40, 72:-8]) > _SAME


@pytest.mark.parametrize(("seed", "other"), [(seed, seed + apart) for seed in range(3, 11) for apart in (1, 5, 20)])
def test_another_place_is_another_view(seed: int, other: int) -> None:
    """The views of two rooms have little in common."""
    assert _agreement(_room(seed), _room(other)) < _OTHER


@settings(max_examples=40)
@given(st.integers(0, 40), st.lists(st.tuples(st.integers(0, 440), st.integers(0, 300)), min_size=1, max_size=3))
def test_people_leave_the_view(seed: int, places: list[tuple[int, int]]) -> None:
    """Up to three people of a fourth of the height hide parts of a view, and never make another one of it."""
    gray = _room(seed)
    crowded = gray.copy()
    face = np.asarray(collins().mean(axis=2), dtype=np.float32)
    for left, top in places:
        crowded[top : top + 180, left : left + 200] = cv2.resize(face, (200, 180), interpolation=cv2.INTER_AREA)
    assert _agreement(gray, crowded) > _OTHER


def test_what_is_too_plain_is_not_known_again() -> None:
    """A wall with noise has no edges to compare; a furnished room has."""
    noise = np.random.default_rng(1).normal(120, 12, (480, 640)).astype(np.float32)
    assert plain(_edges(noise))
    assert not plain(_edges(_room()))


def test_what_is_no_signature_is_not_compared() -> None:
    """Neither nothing, nor what another version may have stored."""
    assert agreement(b"", _edges(_room())) is None
    assert agreement(b"\0" * 1000, _edges(_room())) is None


def test_what_a_zone_hides_is_not_compared() -> None:
    """Cells in a zone count on neither side, and a view that is all hidden cannot be compared."""
    gray = _room()
    hidden = np.zeros((12, 16), np.bool_)
    hidden[:, :8] = True
    changed = gray.copy()
    changed[:, :300] = _room(9)[:, :300]
    half = edges_of(_small(gray), hidden)
    found = agreement(half, edges_of(_small(changed), hidden))
    assert found is not None
    assert found > 0.9
    assert agreement(half, edges_of(_small(gray), ~hidden)) is None
    assert plain(edges_of(_small(gray), np.ones((12, 16), np.bool_)))


def test_a_cell_is_visible_if_all_of_it_is() -> None:
    """One hidden pixel hides its cell."""
    visible = np.ones((48, 64), np.uint8)
    visible[4, 7] = 0
    cells = cells_of(visible)
    assert cells.shape == (12, 16)
    assert (cells == 0).sum() == 1
    assert cells[1, 1] == 0
