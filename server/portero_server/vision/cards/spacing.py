"""Puts back spaces that a reader of text left out between words, by the gaps in the picture of a line."""

from __future__ import annotations

import unicodedata
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.geometry import Box
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

_HEIGHT = 64
"""Lines are judged at this height, pixels."""
_ROWS = (0.2, 1.0)
"""The rows that count, of a line's height: accents above would join letters, and an L ends with its foot."""
_LEAST_GAP = 0.18
"""Width of the narrowest space, in heights of the line's box: a space has a quarter of the letter's square."""
_WIDER = 1.7
"""A space is so many times as wide as three quarters of the line's gaps are at most."""
_LEAST_INK = 2
_EXACT = 0.35
"""How far a space may be from the end of a letter, in that letter's width: further, and it is not known which it is."""
_WIDTHS = dict.fromkeys("I", 0.30) | dict.fromkeys("J", 0.42) | dict.fromkeys("EFLTSZ", 0.62)
_WIDTHS |= dict.fromkeys("OQG", 0.78) | dict.fromkeys("M", 0.86) | dict.fromkeys("W", 1.0)
_OTHER_WIDTH = 0.70
"""Widths of capital letters in sans-serif fonts, in their height, about."""


def with_spaces(content: str, flat: Pixels, box: Box) -> str:
    """Returns a line's text with the spaces that its picture shows between words that were run together.

    A gap becomes a space only where the widths of the letters say between which two it is. Lines that are not all
    capital letters, and lines in which spaces were read, are returned as they are.

    Args:
        content: As read.
        flat: The picture that it was read from, BGR.
        box: Where, in ratios of it.
    """
    if len(content) < 5 or not content.isalpha() or not content.isupper():
        return content
    spans = _ink_spans(flat, box)
    if len(spans) < 3:
        return content
    gaps = np.array([after[0] - before[1] for before, after in pairwise(spans)], np.float64)
    least = max(_LEAST_GAP * _HEIGHT, _WIDER * float(np.quantile(gaps, 0.75)))
    wide = np.flatnonzero(gaps >= least)
    widths = [_WIDTHS.get(_plain(letter), _OTHER_WIDTH) for letter in content]
    ends = [0.0, *accumulate(widths)]
    whole = spans[-1][1] - spans[0][0] - float(gaps[wide].sum())
    places = []
    passed = 0.0
    for index in wide.tolist():
        place = (spans[index][1] - spans[0][0] - passed) / whole * ends[-1]
        passed += float(gaps[index])
        nearest = min(range(1, len(content)), key=lambda end: abs(ends[end] - place))
        if abs(ends[nearest] - place) > _EXACT * min(widths[nearest - 1], widths[nearest]):
            return content
        places.append(nearest)
    parts = [content[start:end] for start, end in pairwise([0, *places, len(content)])]
    return " ".join(parts) if all(parts) else content


def _plain(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0]


def _ink_spans(flat: Pixels, box: Box) -> list[tuple[int, int]]:
    """Returns the columns of each run of ink in a line, first and one after the last."""
    left, top, right, bottom = box.to_pixels(flat.shape[1], flat.shape[0])
    if right - left < 8 or bottom - top < 8:
        return []
    gray = cv2.cvtColor(flat[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    scale = _HEIGHT / gray.shape[0]
    large = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    # Dark print, whatever the ground beneath does.
    dark = cv2.morphologyEx(large, cv2.MORPH_BLACKHAT, np.ones((33, 33), np.uint8))
    _, ink = cv2.threshold(dark, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    rows = ink[int(_ROWS[0] * _HEIGHT) : int(_ROWS[1] * _HEIGHT)]
    return _runs(np.asarray(rows.sum(axis=0) >= _LEAST_INK))


def _runs(filled: NDArray[np.bool_]) -> list[tuple[int, int]]:
    steps = np.flatnonzero(np.diff(np.concatenate([[False], filled, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in steps.reshape(-1, 2)]
