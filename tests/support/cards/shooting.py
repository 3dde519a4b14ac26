"""Takes pictures of printed sides: on a desk, leaning, tilted, blurred, with glare and noise, as JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np
from numpy.typing import NDArray

from portero_server.vision.jpeg import encode_jpeg
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.cards.ink import DOTS

SIZES = ((640, 480), (800, 600), (1280, 720), (1280, 960), (1920, 1080))
_ROUND = 3.2
_FOCAL = 1.4
Points = NDArray[np.float32]
"""Corners in a picture, n x 2 (x, y) pixels."""


@dataclass(frozen=True, slots=True)
class Level:
    """How bad a picture may be; each value is drawn evenly from its range.

    Attributes:
        name: In tables.
        lean: Most degrees turned in the picture's plane, to either side.
        tilt: Most degrees turned out of it, about both other axes.
        blur: Standard deviation of the blur, in pixels of a picture 1280 wide.
        noise: Of the sensor, gray levels.
        jpeg: Lowest and highest quality.
        glare: How often a side has a reflection.
        fills: Share of the frame that the document spans, of width or height, whichever it reaches first.
    """

    name: str
    lean: float
    tilt: float
    blur: tuple[float, float]
    noise: tuple[float, float]
    jpeg: tuple[int, int]
    glare: float
    fills: tuple[float, float]


CLEAN = Level("clean", 3, 4, (0.0, 0.3), (1, 2), (85, 90), 0.0, (0.85, 0.95))
LIGHT = Level("light", 8, 8, (0.2, 0.6), (2, 4), (75, 90), 0.1, (0.75, 0.92))
MODERATE = Level("moderate", 15, 12, (0.4, 0.9), (3, 6), (60, 85), 0.25, (0.7, 0.9))
HEAVY = Level("heavy", 30, 20, (0.6, 1.6), (5, 11), (40, 65), 0.5, (0.6, 0.85))
LEVELS = (CLEAN, LIGHT, MODERATE, HEAVY)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of one side, and what the reader must find out by itself.

    Attributes:
        jpeg: The file.
        corners: Of the document, clockwise from its own top left, 4 x 2 pixels.
        dots: Pixels of a millimeter, in the middle of the document.
        blur: Standard deviation of the blur, pixels.
        glare: Middle and half width of the reflection in millimeters on the document, or None.
    """

    jpeg: bytes
    corners: Points
    dots: float
    blur: float
    glare: tuple[float, float, float] | None

    def legible(self, left: float, top: float, right: float, bottom: float, stroke: float) -> bool:
        """Returns whether a zone can be read by somebody patient.

        Its strokes or squares must be wider than one and a half pixels and than the blur, and no reflection may lie on
        it. Everything is in millimeters.
        """
        if self.glare is not None:
            x, y, reach = self.glare
            if left - reach < x < right + reach and top - reach < y < bottom + reach:
                return False
        width = stroke * self.dots
        return width >= 1.5 and width >= 1.6 * self.blur


def shot(side: Pixels, level: Level, size: tuple[int, int], seed: int, *, turned: bool = False) -> Shot:
    """Takes a picture of a side.

    Args:
        side: As printed, 15 pixels a millimeter, BGR.
        level: How bad it may be.
        size: Width and height of the picture.
        seed: What is drawn depends on it alone.
        turned: Whether the document lies upside down.
    """
    random = Random(f"shot {seed} {level.name}")
    width, height = size
    ground = _desk(width, height, random)
    half = (side.shape[1] / 2 / DOTS, side.shape[0] / 2 / DOTS)
    corners, dots = _corners(half, level, size, random)
    if turned:
        corners = np.roll(corners, 2, axis=0)
    glare = _glare(half, random) if random.random() < level.glare else None
    frame = _laid(ground, side if glare is None else _lit(side, glare, random), corners, dots)
    blur = random.uniform(*level.blur) * width / 1280
    frame = _taken(frame, blur, random.uniform(*level.noise), random.uniform(0.8, 1.12), random.randrange(2**31))
    return Shot(encode_jpeg(frame, random.randint(*level.jpeg)), corners, dots, blur, glare)


def _corners(half: tuple[float, float], level: Level, size: tuple[int, int], random: Random) -> tuple[Points, float]:
    """Returns where the document's corners are in the picture, and its scale, by a camera with a normal lens."""
    lean = np.deg2rad(random.uniform(-level.lean, level.lean))
    about_x, about_y = (np.deg2rad(random.uniform(-level.tilt, level.tilt)) for _ in "xy")
    flat = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], np.float64) * (*half, 0)
    turn = cv2.Rodrigues(np.array([about_x, 0.0, 0.0]))[0] @ cv2.Rodrigues(np.array([0.0, about_y, 0.0]))[0]
    space = flat @ (turn @ cv2.Rodrigues(np.array([0.0, 0.0, lean]))[0]).T
    away = 2 * _FOCAL * half[0]
    seen = space[:, :2] * (away / (away + space[:, 2:]))
    low, high = seen.min(axis=0), seen.max(axis=0)
    scale = float(min(np.array(size) / (high - low))) * random.uniform(*level.fills)
    room = (np.array(size) - (high - low) * scale) / 2
    middle = np.array(size) / 2 + room * np.array([random.uniform(-0.8, 0.8), random.uniform(-0.8, 0.8)])
    return ((seen - (low + high) / 2) * scale + middle).astype(np.float32), scale


def _laid(ground: Pixels, side: Pixels, corners: Points, dots: float) -> Pixels:
    """Puts a side with round corners on a desk, over its shadow."""
    height, width = ground.shape[:2]
    shrink = min(1.0, 1.25 * dots / DOTS)
    small = cv2.resize(side, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else side
    rows, columns = small.shape[:2]
    edges = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32)
    matrix = cv2.getPerspectiveTransform(edges - 0.5, corners)
    mask = _rounded(columns, rows, round(_ROUND * DOTS * shrink))
    placed = cv2.warpPerspective(small, matrix, (width, height), flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(mask, matrix, (width, height), flags=cv2.INTER_LINEAR).astype(np.float32) / 255
    off = max(2, round(0.8 * dots))
    shadow = cv2.GaussianBlur(np.roll(cover, (off, off), axis=(0, 1)), (0, 0), off)
    lit = ground * (1 - 0.45 * shadow[..., None])
    return np.asarray(lit * (1 - cover[..., None]) + placed * cover[..., None], dtype=np.uint8)


@lru_cache(maxsize=8)
def _rounded(width: int, height: int, radius: int) -> Pixels:
    mask = np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(mask, (0, radius), (width, height - radius), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(mask, (x, y), radius, 255, -1)
    return mask


def _desk(width: int, height: int, random: Random) -> Pixels:
    """Returns a desk of one color with a soft grain and a few things on it."""
    fine = np.random.default_rng(random.randrange(2**31))
    color = np.array([random.randrange(25, 215)] * 3, np.float32) + fine.uniform(-22, 22, 3)
    grain = cv2.resize(fine.normal(0, 9, (height // 8, 6)).astype(np.float32), (width, height))
    light = np.linspace(random.uniform(-18, 18), random.uniform(-18, 18), width, dtype=np.float32)[None, :]
    ground = np.clip(color + (grain + light)[..., None], 0, 255).astype(np.uint8)
    for _ in range(random.randrange(5)):
        x, y = random.randrange(width), random.randrange(height)
        across, down = random.randrange(width // 12, width // 4), random.randrange(height // 12, height // 3)
        box = ((float(x), float(y)), (float(across), float(down)), random.uniform(0, 90))
        shade = [random.randrange(20, 230) for _ in "bgr"]
        cv2.fillPoly(ground, [cv2.boxPoints(box).astype(np.int32)], shade)
    return ground


def _glare(half: tuple[float, float], random: Random) -> tuple[float, float, float]:
    return (
        random.uniform(0.1, 0.9) * 2 * half[0],
        random.uniform(0.1, 0.9) * 2 * half[1],
        random.uniform(0.08, 0.22) * half[0],
    )


def _lit(side: Pixels, glare: tuple[float, float, float], random: Random) -> Pixels:
    """Returns a side with a reflection that is white in its middle."""
    x, y, reach = (value * DOTS for value in glare)
    columns = np.arange(side.shape[1], dtype=np.float32)[None, :]
    rows = np.arange(side.shape[0], dtype=np.float32)[:, None]
    flat = random.uniform(0.5, 1.0)
    distance = ((columns - x) / reach) ** 2 + ((rows - y) / (reach * flat)) ** 2
    strength = np.clip(1.5 * np.exp(-1.4 * distance), 0, 1)[..., None]
    return np.asarray(side * (1 - strength) + 255 * strength, dtype=np.uint8)


def _taken(frame: Pixels, blur: float, noise: float, gain: float, seed: int) -> Pixels:
    """Returns a frame through the lens and onto the sensor."""
    if blur > 0.15:
        frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), blur), dtype=np.uint8)
    field = np.random.default_rng(seed).normal(0, noise, frame.shape[:2]).astype(np.float32)
    return np.asarray(np.clip(frame * gain + field[..., None], 0, 255), dtype=np.uint8)
