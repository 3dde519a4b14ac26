"""Pictures of faces for people to look at: small JPEG files of bounded size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from portero_server.domain.recording.review_pictures import PictureRank
from portero_server.vision.jpeg import encode_jpeg
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

_QUALITIES = (88, 75, 60)
_LEAST_SIDE = 16


@dataclass(frozen=True, slots=True)
class FacePicture:
    """The picture of a face that was compared.

    Attributes:
        pixels: Head and shoulders, height x width x 3, BGR.
        face_side: The shorter side of the face in it, pixels.
        taken_at: When it was captured, UTC.
        rank: How good it is.
    """

    pixels: Pixels
    face_side: int
    taken_at: datetime
    rank: PictureRank

    @property
    def size(self) -> int:
        """Bytes that it takes in memory."""
        return int(self.pixels.nbytes)


def small_jpeg(pixels: Pixels, most_side: int, most_bytes: int) -> bytes | None:
    """Returns a picture as a JPEG file, scaled down and compressed as far as needed.

    Args:
        pixels: Height x width x 3, BGR.
        most_side: Its longer side at most, pixels; a smaller picture stays as it is.
        most_bytes: Size of the file at most.

    Returns:
        None: no file of this size would show anything.
    """
    side = min(most_side, max(pixels.shape[:2]))
    while side >= _LEAST_SIDE:
        smaller = scaled(pixels, side)
        for quality in _QUALITIES:
            encoded = encode_jpeg(smaller, quality)
            if len(encoded) <= most_bytes:
                return encoded
        side = side * 3 // 4
    return None


def scaled(pixels: Pixels, side: int) -> Pixels:
    """Returns a picture whose longer side has at most `side` pixels; a smaller one stays as it is."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1.0:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
