"""Looks at the whole picture of a camera once a second, on the small gray picture that the gate has decoded."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.geometry import Box
from portero_server.domain.detection.glimpse import VIEW_EVERY, Glimpse
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray
from portero_server.vision.view_edges import SIZE, cells_of, edges_of
from portero_server.vision.zones import blacken

_AROUND = 7, 7
"""Pixels of 64 x 48: contrast is that with what is around a pixel, so that it has none where light falls off slowly."""
_BRIGHT = 0.95
_VIEW_EVERY = round(VIEW_EVERY.total_seconds())


class Glimpses:
    """Takes the glimpses of one camera: of the first picture of each second, with edges of every fourth.

    One at a time, from any thread.
    """

    def __init__(self) -> None:
        self._second: int | None = None
        self._view: int | None = None
        self._zones: tuple[Box, ...] = ()
        self._visible: NDArray[np.uint8] | None = None

    def take(self, picture: Gray, captured: float, zones: tuple[Box, ...] = ()) -> Glimpse | None:
        """Returns what a picture says of the view; None if one of its second was taken, or zones hide everything.

        Args:
            picture: Small and gray, zones blackened.
            captured: Capture time in seconds; only differences count.
            zones: Privacy zones.
        """
        second = math.floor(captured)
        if second == self._second:
            return None
        self._second = second
        view, self._view = self._view, second // _VIEW_EVERY
        if zones != self._zones:
            self._zones, self._visible = zones, _visible(zones) if zones else None
        small = np.asarray(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return _glimpse(small, self._visible, with_edges=view != self._view)


def _visible(zones: tuple[Box, ...]) -> NDArray[np.uint8]:
    """Returns, as 1, which pixels are in no zone nor beside one."""
    width, height = SIZE
    return blacken(np.ones((height, width), np.uint8), zones)


def _glimpse(picture: Gray, visible: NDArray[np.uint8] | None, *, with_edges: bool) -> Glimpse | None:
    levels, hidden = picture.ravel(), None
    if visible is not None:
        shown = visible.view(np.bool_)
        levels = picture[shown]
        if not levels.size:
            return None
        # The black of a zone is neither contrast nor an edge.
        picture = np.where(shown, picture, np.uint8(levels.mean()))
        hidden = cells_of(visible) == 0
    apart = cv2.subtract(picture, cv2.boxFilter(picture, cv2.CV_32F, _AROUND), dtype=cv2.CV_32F)
    _, contrast = cv2.meanStdDev(apart, mask=visible)
    # A fourth of the pixels tells it as well, in a fourth of the time.
    some = levels[::4]
    place = int(_BRIGHT * (some.size - 1))
    return Glimpse(
        cv2.mean(picture, mask=visible)[0],
        float(np.partition(some, place)[place]),
        float(contrast[0, 0]),
        edges_of(picture, hidden) if with_edges else b"",
    )
