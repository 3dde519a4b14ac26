"""Two public-domain portraits that our dependencies install: Eileen Collins and Grace Hopper."""

from __future__ import annotations

from functools import cache

import matplotlib.cbook
import numpy as np
import skimage.data

from portero_server.domain.detection.geometry import Box
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

COLLINS_FACE = Box.from_pixels(175, 75, 265, 165, width=512, height=512)
HOPPER_FACE = Box.from_pixels(182, 140, 368, 327, width=512, height=600)
"""Where their faces are."""


@cache
def collins() -> Pixels:
    """512 x 512, face about 90 pixels wide, 35 % from the left and 25 % from the top."""
    return np.asarray(cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR), dtype=np.uint8)


@cache
def hopper() -> Pixels:
    """512 x 600, face about 200 pixels wide."""
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    return np.asarray(cv2.imread(str(path)), dtype=np.uint8)


def both() -> Pixels:
    """Collins on the left, Hopper, larger, on the right: 949 x 512."""
    return np.hstack([collins(), np.asarray(cv2.resize(hopper(), (437, 512)), dtype=np.uint8)])


def another(portrait: Pixels) -> Pixels:
    """Stands in for a second photograph of the same person: mirrored, smaller, darker."""
    smaller = cv2.resize(portrait[:, ::-1].copy(), None, fx=0.9, fy=0.9, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.convertScaleAbs(smaller, alpha=0.8, beta=10), dtype=np.uint8)


def frame_with(portrait: Pixels, scale: float, *, left: int, top: int) -> Pixels:
    """A 640 x 360 frame, gray, into which a scaled portrait is put; what reaches over the edge is cut."""
    frame = np.full((360, 640, 3), 90, np.uint8)
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = min(small.shape[0], 360 - top), min(small.shape[1], 640 - left)
    frame[top : top + height, left : left + width] = small[:height, :width]
    return frame
