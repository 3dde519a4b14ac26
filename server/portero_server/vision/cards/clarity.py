"""How well a flat document can be read: sharpness and glare."""

from __future__ import annotations

import numpy as np

from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray, Pixels
from portero_server.vision.quality import sharpness

_WIDTH = 640
"""Sides are judged at one size, so that a large blurred view does not pass for a sharp one of a small card."""
_BURNT = 250
"""Gray level from which a pixel is burnt out. White paper stays below it unless overexposed."""
_SPOT = 5
"""Side of the least patch that counts as glare, pixels; print between white bars of a code is not."""


def card_sharpness(flat: Pixels) -> float:
    """Returns how sharp a flat document is, 0..1."""
    return sharpness(_gray(flat))


def card_glare(flat: Pixels) -> float:
    """Returns the share of a flat document that is burnt out, 0..1."""
    burnt = np.asarray(_gray(flat) >= _BURNT, dtype=np.uint8)
    patches = cv2.morphologyEx(burnt, cv2.MORPH_OPEN, np.ones((_SPOT, _SPOT), np.uint8))
    return float(patches.mean())


def _gray(flat: Pixels) -> Gray:
    gray = cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY)
    height = max(1, round(gray.shape[0] * _WIDTH / gray.shape[1]))
    return np.asarray(cv2.resize(gray, (_WIDTH, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
