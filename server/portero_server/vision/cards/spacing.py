"""Restores spaces that text recognition left out between words, from the gaps in the picture of the line."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.geometry import Box
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

_HEIGHT = 64
"""Pixels to which a line is scaled in height before its gaps are measured."""
_ROWS = (0.2, 1.0)
"""Part of the line's height in which ink is looked for. Accents above it would close gaps; it reaches the lowest row,
since an L without its foot would leave a gap behind it."""
_LEAST_SPACE = 0.18
"""Width of the narrowest space, in heights of the line's box; fonts make a space about a quarter of an em wide."""
_LEAST_SPACE_RATIO = 1.7
"""How many times wider than most gaps (their upper quartile) a space is: widely set letters have wide gaps too."""
_LEAST_INK = 2
"""Pixels of ink in a column that are a stroke; fewer are noise."""
_LARGEST_STROKE = 33
"""Pixels, at `_HEIGHT`: dark areas wider than this are ground, not print."""
_TOLERANCE = 0.35
"""How far a gap may be from the expected end of a letter, in widths of the narrower letter beside it. Farther away, it
is not clear between which letters it is."""
_FEWEST_LETTERS = 5
_OTHER_WIDTH = 0.70
_WIDTHS = (
    dict.fromkeys("I", 0.30)
    | dict.fromkeys("J", 0.42)
    | dict.fromkeys("EFLTSZ", 0.62)
    | dict.fromkeys("OQG", 0.78)
    | dict.fromkeys("M", 0.86)
    | dict.fromkeys("W", 1.0)
)
"""Approximate widths of capital letters in sans-serif fonts, in heights of a capital; all others are `_OTHER_WIDTH`."""


def with_spaces(content: str, flat: Pixels, box: Box) -> str:
    """Returns a line's text with a space between words that the reader ran together.

    A wide gap in the picture becomes a space only if the widths of the letters tell between which two it is. A text
    with anything but capital letters in it (even a space), or with fewer than five, is returned unchanged.

    Args:
        content: The line as read.
        flat: The rectified picture that it was read from.
        box: Place of the line, in ratios of the picture.
    """
    if len(content) < _FEWEST_LETTERS or not content.isalpha() or not content.isupper():
        return content
    places = _places(content, _ink_spans(flat, box))
    parts = [content[start:end] for start, end in pairwise([0, *places, len(content)])]
    # An empty part means that two gaps were placed at the same letter: at most one of them is there.
    return " ".join(parts) if all(parts) else content


def _places(content: str, spans: Sequence[tuple[int, int]]) -> list[int]:
    """Returns the number of letters before each space; empty if there is no space, or one cannot be placed."""
    if len(spans) < 3:
        return []
    gaps = np.array([after[0] - before[1] for before, after in pairwise(spans)], np.float64)
    least = max(_LEAST_SPACE * _HEIGHT, _LEAST_SPACE_RATIO * float(np.quantile(gaps, 0.75)))
    spaces = np.flatnonzero(gaps >= least)
    widths = [_WIDTHS.get(_plain(letter), _OTHER_WIDTH) for letter in content]
    ends = [0.0, *accumulate(widths)]
    first, last = spans[0][0], spans[-1][1]
    # Letters are placed as if the words were set without spaces, as they were read.
    scale = ends[-1] / (last - first - float(gaps[spaces].sum()))
    places = []
    passed = 0.0
    for index in spaces.tolist():
        position = (spans[index][1] - first - passed) * scale
        passed += float(gaps[index])
        nearest = min(range(1, len(content)), key=lambda end: abs(ends[end] - position))
        if abs(ends[nearest] - position) > _TOLERANCE * min(widths[nearest - 1], widths[nearest]):
            return []
        places.append(nearest)
    return places


def _plain(letter: str) -> str:
    """Returns a letter without its accents."""
    return unicodedata.normalize("NFD", letter)[0]


def _ink_spans(flat: Pixels, box: Box) -> list[tuple[int, int]]:
    """Returns the first column of each run of ink in a line and the one after its last, scaled to `_HEIGHT`."""
    left, top, right, bottom = box.to_pixels(flat.shape[1], flat.shape[0])
    if right - left < 8 or bottom - top < 8:
        return []
    gray = cv2.cvtColor(flat[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    scale = _HEIGHT / gray.shape[0]
    large = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    # The black hat keeps dark print and removes the ground, which may be patterned or unevenly lit.
    dark = cv2.morphologyEx(large, cv2.MORPH_BLACKHAT, np.ones((_LARGEST_STROKE, _LARGEST_STROKE), np.uint8))
    _, ink = cv2.threshold(dark, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    rows = ink[int(_ROWS[0] * _HEIGHT) : int(_ROWS[1] * _HEIGHT)]
    return _runs(np.asarray(rows.sum(axis=0) >= _LEAST_INK))


def _runs(filled: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Returns the first index of each run of true values and the one after its last."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], filled, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in steps.reshape(-1, 2)]
