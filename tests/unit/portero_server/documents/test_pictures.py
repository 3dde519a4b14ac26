"""What a single picture of a person says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from portero_server.documents.pictures import PictureLook
from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.vision.pixels import Pixels
from tests.support.cards.portraits import live, portrait

_BLANK: Pixels = np.zeros((400, 400, 3), np.uint8)


class _Faces:
    """Finds what the test says."""

    def __init__(self, *widths: float) -> None:
        quality = FaceQuality(1.0, 0.5, 1.0, 1.0)
        self._found = [FoundFace(Box(0.1, 0.1, width, width), 0.9, quality) for width in widths]

    def find(self, image: Pixels, *, thorough: bool) -> list[FoundFace]:
        """Returns the faces."""
        return list(self._found)


def test_the_largest_face_is_the_persons() -> None:
    """The largest face is taken, with its size in pixels; who stands beside is counted, and not the background."""
    face = PictureLook(_Faces(0.4, 0.25, 0.1)).live_face(_BLANK)
    assert face is not None
    assert (face.faces, face.size) == (2, 160)
    assert face.quality == FaceQuality(1.0, 0.5, 1.0, 1.0).overall
    assert PictureLook(_Faces()).live_face(_BLANK) is None


def _suspected(portraits: Sequence[Pixels], picture: Pixels, *, framed: bool = False) -> tuple[str, ...]:
    look = PictureLook(_Faces(0.5))
    found = look.suspicion(portraits, look.live_face(picture), framed=framed)
    return () if found is None else found.cues


def test_a_picture_of_the_card_itself_is_suspected() -> None:
    """The card's own portrait shown as the live face is suspected; another photograph of the person is not."""
    shown = portrait(0)
    assert _suspected([shown], shown) == ("same_picture",)
    assert _suspected([shown], live(1)) == ()
    assert _suspected([shown], live(1), framed=True) == ("framed",)
    assert _suspected([], shown) == ()
