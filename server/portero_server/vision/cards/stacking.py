"""Puts the sides of a document into one picture, so that one call reads both, and parts what was read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from portero_server.domain.detection.detections import Text
from portero_server.domain.detection.geometry import WHOLE, Box
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

_GUTTER = 24
"""Pixels between two sides, so that no line is read across."""
_GRAY = 128


@dataclass(frozen=True, slots=True)
class Stack:
    """Pictures below each other: the whole, and the region of each in ratios of it."""

    pixels: Pixels
    regions: tuple[Box, ...]

    def share(self, texts: Sequence[Text]) -> list[list[Text]]:
        """Returns the texts of each picture, boxes in its own ratios; a text belongs where its middle is."""
        shares: list[list[Text]] = [[] for _ in self.regions]
        for text in texts:
            x, y = text.box.center
            for share, region in zip(shares, self.regions, strict=True):
                if region.left <= x <= region.right and region.top <= y <= region.bottom:
                    inside = text.box.relative_to(region).clipped()
                    share.append(Text(text.content, text.kind, inside, text.confidence))
                    break
        return shares


def stacked(pictures: Sequence[Pixels]) -> Stack:
    """Returns pictures below each other, all as wide as the widest.

    Args:
        pictures: One or more, height x width x 3, BGR.
    """
    if len(pictures) == 1:
        return Stack(pictures[0], (WHOLE,))
    width = max(picture.shape[1] for picture in pictures)
    wide = [_widened(picture, width) for picture in pictures]
    height = sum(picture.shape[0] for picture in wide) + _GUTTER * (len(wide) - 1)
    pixels = np.full((height, width, 3), _GRAY, np.uint8)
    regions = []
    top = 0
    for picture in wide:
        bottom = top + picture.shape[0]
        pixels[top:bottom] = picture
        regions.append(Box.from_pixels(0, top, width, bottom, width=width, height=height))
        top = bottom + _GUTTER
    return Stack(pixels, tuple(regions))


def _widened(picture: Pixels, width: int) -> Pixels:
    if picture.shape[1] == width:
        return picture
    height = round(picture.shape[0] * width / picture.shape[1])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
