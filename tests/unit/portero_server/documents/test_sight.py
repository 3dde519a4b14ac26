from __future__ import annotations

import numpy as np

from portero_server.documents.sight import CardInspector, CardSight
from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.capture import CardView
from portero_server.domain.documents.document import CardSide
from portero_server.vision.pixels import Pixels

CARD = CardView(((100, 250), (300, 250), (300, 376), (100, 376)), CardSide.FRONT, 200.0, 0.0, 0.6, 0.0)
QUALITY = FaceQuality(1.0, 0.9, 0.9, 1.0)
LIVE = FoundFace(Box(0.4, 0.2, 0.2, 0.3), 1.0, QUALITY)
PORTRAIT = FoundFace(Box(0.3, 0.7, 0.08, 0.12), 1.0, QUALITY)
BYSTANDER = FoundFace(Box(0.62, 0.25, 0.06, 0.1), 1.0, QUALITY)
FRAME: Pixels = np.full((400, 400, 3), 200, np.uint8)


class _Finder:
    def find(self, pixels: Pixels) -> CardView:
        return CARD


class _Detector:
    def find(self, image: Pixels, *, thorough: bool, within: Box) -> list[FoundFace]:
        return [PORTRAIT, LIVE]


def test_the_portrait_on_the_card_is_nobody() -> None:
    """A face that is printed on the card is not among the faces of a frame."""
    sight = CardInspector(_Finder(), _Detector()).look_at(FRAME)
    assert sight.faces == (LIVE,)
    assert sight.card is CARD


def test_card_and_others_are_black_beside_the_live_face() -> None:
    """The picture of the live face shows it whole, and neither the card nor a bystander; the frame stays as it is."""
    sight = CardSight(FRAME, CARD, (LIVE, BYSTANDER))
    crop = sight.face_pixels(LIVE.box)
    # Head and shoulders: from 112 pixels on, 8 down.
    assert (crop[80 - 8 : 200 - 8, 160 - 112 : 240 - 112] == 200).all()
    assert (crop[110 - 8 : 135 - 8, 250 - 112 : 268 - 112] == 0).all()
    assert (crop[260 - 8 :, 160 - 112 : 240 - 112] == 0).all()
    assert (FRAME == 200).all()


def test_the_card_is_cut_out_with_some_room() -> None:
    """The picture of the card holds it whole, with room at its edges, and is a copy."""
    pixels = FRAME.copy()
    cut = CardSight(pixels, CARD, ()).card_pixels(CARD)
    assert cut.shape[0] > 126
    assert cut.shape[1] > 200
    pixels[:] = 0
    assert (cut == 200).all()


def test_card_and_face_are_seen_together_only_if_there_is_one_of_each() -> None:
    """Motion is judged of frames with one face and a card, in pixels."""
    together = CardSight(FRAME, CARD, (LIVE,)).card_and_face(2.0)
    assert together is not None
    assert (together.time, together.face.width, together.face.height) == (2.0, 80.0, 120.0)
    assert CardSight(FRAME, None, (LIVE,)).card_and_face(2.0) is None
    assert CardSight(FRAME, CARD, (LIVE, BYSTANDER)).card_and_face(2.0) is None
