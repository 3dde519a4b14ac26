"""Encodes images for Rekognition: JPEG files of at most 5 MiB, at least 80 pixels on each side."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import Pixels
from portero_server.errors import EngineError
from portero_server.vision.crops import Crop, crop_face
from portero_server.vision.jpeg import encode_jpeg
from portero_server.vision.opencv import cv2

MAX_BYTES = 5 * 1024 * 1024
MIN_SIDE = 80
_MAX_SIDE = 4096
_LEAST_SIDE = 20
_QUALITIES = (90, 80, 65)
_MASK = 0


def encode(pixels: Pixels) -> bytes:
    """Returns the JPEG file to send, scaled if the limits require it; boxes in ratios stay valid.

    Raises:
        EngineError: A side has less than 20 pixels; blown up to 80, it would show nothing.
    """
    pixels = _within_sides(pixels)
    while True:
        for quality in _QUALITIES:
            data = encode_jpeg(pixels, quality)
            if len(data) <= MAX_BYTES:
                return data
        pixels = _scaled(pixels, 0.7)


def crop_alone(image: Pixels, face: Box, others: Iterable[Box]) -> Crop:
    """Cuts out a face with its surroundings, other faces blacked out: Rekognition searches only the largest face.

    Args:
        image: Height x width x 3, BGR.
        face: Which face, ratios of the image.
        others: Boxes of the other faces, ratios of the image.
    """
    face = face.clipped()
    crop = crop_face(image, face)
    height, width = crop.pixels.shape[:2]
    region_width, region_height = width / image.shape[1], height / image.shape[0]
    region = Box(
        face.left - crop.face.left * region_width,
        face.top - crop.face.top * region_height,
        region_width,
        region_height,
    )
    left, top, right, bottom = crop.face.to_pixels(width, height)
    whole = crop.pixels[top:bottom, left:right].copy()
    for other in others:
        x0, y0, x1, y1 = other.relative_to(region).to_pixels(width, height)
        crop.pixels[y0:y1, x0:x1] = _MASK
    crop.pixels[top:bottom, left:right] = whole
    return crop


def same_place(searched: Box, expected: Box) -> bool:
    """Returns whether two detectors mean the same face; their boxes differ by a forehead, their centers hardly."""
    x, y = searched.center
    near = expected.padded(0.25)
    return near.left <= x <= near.right and near.top <= y <= near.bottom


def _within_sides(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    shorter, longer = min(height, width), max(height, width)
    if shorter < _LEAST_SIDE:
        raise EngineError(f"the image has a side under {_LEAST_SIDE} pixels", reason="IMAGE_TOO_SMALL")
    if longer > _MAX_SIDE:
        pixels = _scaled(pixels, _MAX_SIDE / longer)
        shorter = min(pixels.shape[:2])
    return pixels if shorter >= MIN_SIDE else _scaled(pixels, MIN_SIDE / shorter)


def _scaled(pixels: Pixels, factor: float) -> Pixels:
    height, width = pixels.shape[:2]
    size = (max(MIN_SIDE, round(width * factor)), max(MIN_SIDE, round(height * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=method), dtype=np.uint8)
