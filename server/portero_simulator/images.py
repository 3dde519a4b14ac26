"""Images in requests: checked against Rekognition's limits and decoded upright."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np

from portero_server.domain.streams.frames import FrameRefused
from portero_server.vision import png
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from portero_simulator.problems import ApiProblem, invalid_parameters

MIN_SIDE = 80
MAX_SIDE = 10_000
_FORMATS = (b"\xff\xd8\xff", png.SIGNATURE)


async def decoded(image: Mapping[str, Any]) -> Pixels:
    """Decodes the image of a request, in a thread.

    Raises:
        ApiProblem: It is in S3, of another format, unreadable, too small or too large.
    """
    data = image.get("Bytes")
    if data is None:
        if "S3Object" in image:
            raise ApiProblem(
                "InvalidS3ObjectException",
                "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
            )
        raise invalid_parameters()
    return await asyncio.to_thread(_decode, data)


def _decode(data: bytes) -> Pixels:
    pixels = None
    try:
        if data.startswith(png.SIGNATURE):
            _check_longest(*png.size_of(data))
            data = png.bounded(data)
        if data.startswith(_FORMATS):
            # Turned upright as EXIF says: Rekognition does so, and gives boxes of the upright image.
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, FrameRefused):
        pixels = None
    if pixels is None:
        raise ApiProblem("InvalidImageFormatException", "Request has invalid image format")
    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise invalid_parameters()
    _check_longest(width, height)
    return np.asarray(pixels, dtype=np.uint8)


def _check_longest(width: int, height: int) -> None:
    if max(height, width) > MAX_SIDE:
        raise ApiProblem(
            "ImageTooLargeException",
            f"Input image dimensions {width} x {height} exceed maximum dimension size of {MAX_SIDE} pixels",
        )
