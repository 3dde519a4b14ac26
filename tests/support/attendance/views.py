"""Glimpses of views: of furnished rooms, or without pictures; those are places on a line, alike where they are near."""

from __future__ import annotations

from functools import cache

import numpy as np

from portero_server.domain.attendance.frame_notes import SettledLook
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.detection.glimpse import Glimpse
from portero_server.vision.glimpse import Glimpses
from portero_server.vision.opencv import cv2
from tests.support.images.scenes import room
from tests.support.store.commits import at

DARK = Glimpse(4.0, 8.0, 0.4)
COVERED = Glimpse(60.0, 80.0, 0.6)
PLAIN = Glimpse(120.0, 140.0, 9.0, b"plain")


@cache
def glimpse_of(seed: int) -> Glimpse:
    """Returns what a camera sees of the furnished room of a seed."""
    picture = cv2.resize(room(seed=seed).mean(axis=2).clip(0, 255).astype(np.uint8), (256, 192))
    found = Glimpses().take(np.asarray(picture, dtype=np.uint8), 0.0)
    assert found is not None
    return found


def view(place: float = 0.0) -> Glimpse:
    """Returns a lit glimpse of the view at a place: those 1 apart have nothing in common, and near ones are alike."""
    return Glimpse(120.0, 200.0, 20.0, b"%f" % place)


class PlacedViews:
    """Compares such views."""

    def agreement(self, reference: bytes, edges: bytes) -> float | None:
        """Returns 1 for the same place, falling to 0 at a distance of 1; None for a plain one."""
        if b"plain" in (reference, edges):
            return None
        return max(0.0, 1.0 - abs(float(reference) - float(edges)))

    def plain(self, edges: bytes) -> bool:
        """Returns whether it is the plain one."""
        return edges == b"plain"


def looks(*glimpses: Glimpse, begins: int = 0, every: float = 1.0) -> list[SettledLook]:
    """Returns looks at one glimpse a second, or as often as said."""
    return [
        SettledLook(TimeSpan(at(begins + number * every), at(begins + (number + 1) * every)), glimpse)
        for number, glimpse in enumerate(glimpses)
    ]
