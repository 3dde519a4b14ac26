"""A camera that looks at a room: furniture, sensor noise, and JPEG coding, the same each time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portero_server.vision.jpeg import encode_jpeg
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.images.portraits import collins

Room = NDArray[np.float32]
"""A scene without noise: height x width x 3, gray levels."""


_SPARE = 97


class NoisyCamera:
    """Takes pictures of a room, at a steady rate."""

    def __init__(self, *, noise: float, rate: float = 5.0, quality: int = 75, seed: int = 1) -> None:
        """`noise` is the sensor's standard deviation in gray levels; `rate` pictures a second."""
        self._random = np.random.default_rng(seed)
        self._noise = noise
        self._fields: dict[tuple[int, ...], Room] = {}
        self._quality = quality
        self.interval = 1.0 / rate
        self.now = 1_000_000.0

    def shoot(self, room: Room) -> tuple[bytes, float]:
        """Returns the next picture, a JPEG file, and its capture time in seconds."""
        self.now += self.interval
        noisy = np.clip(room + self._next_noise(room.shape), 0, 255)
        return encode_jpeg(noisy.astype(np.uint8), self._quality), self.now

    def _next_noise(self, shape: tuple[int, ...]) -> Room:
        """Returns a random piece of one large field of noise, which is much faster than fresh noise."""
        height, width, colors = shape
        field = self._fields.get(shape)
        if field is None:
            larger = (height + _SPARE, width + _SPARE, colors)
            field = self._fields[shape] = self._random.normal(0.0, self._noise, larger).astype(np.float32)
        top, left = self._random.integers(0, _SPARE, 2)
        return field[top : top + height, left : left + width]


def room(width: int = 640, height: int = 480, seed: int = 3) -> Room:
    """Furnishes a room: soft light and boxes of all sizes."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.repeat((70 + 50 * np.sin(columns / 70) + 30 * np.cos(rows / 50))[..., np.newaxis], 3, axis=2)
    for _ in range(25):
        left, top = random.integers(0, width - 20), random.integers(0, height - 20)
        across, down = random.integers(10, width // 4, 2)
        pixels[top : top + down, left : left + across] = random.integers(20, 220, 3)
    return pixels.astype(np.float32)


def with_face(empty: Room, left: int, top: int, side: int = 40) -> Room:
    """Puts a face of `side` pixels into a room."""
    face: Pixels = np.asarray(
        cv2.resize(collins()[70:190, 165:285], (side, side), interpolation=cv2.INTER_AREA), np.uint8
    )
    changed = empty.copy()
    changed[top : top + side, left : left + side] = face
    return changed
