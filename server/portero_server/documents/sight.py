"""Looks at one frame of a check-in: the card, its side and how well it can be read, and the faces beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import WHOLE, Box
from portero_server.domain.documents.capture import CardView, FrameView, on_card
from portero_server.domain.documents.liveness import CardAndFace
from portero_server.domain.documents.people_in_view import FaceView
from portero_server.domain.streams.frames import Frame
from portero_server.vision.analyzer import Detector
from portero_server.vision.crops import crop_face
from portero_server.vision.jpeg import decode_color
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from portero_server.vision.zones import blacken

_ROOM = 0.08
"""Room around a card that is kept with it, in its own size: whoever reads it finds its edges anew."""


class CardFinder(Protocol):
    """Finds the card in a frame; called in threads."""

    def find(self, pixels: Pixels) -> CardView | None:
        """Returns the card in a BGR frame, or None."""
        ...


@dataclass(frozen=True, slots=True)
class CardSight:
    """What one frame shows, with its pixels.

    Attributes:
        pixels: The frame, BGR, with the camera's privacy zones black.
        card: The card.
        faces: Faces that are not printed on it, largest first.
        printed: Faces that are.
    """

    pixels: Pixels
    card: CardView | None
    faces: tuple[FoundFace, ...]
    printed: tuple[FoundFace, ...] = ()

    def view(self, time: float) -> FrameView:
        """Returns it for the plan."""
        faces = tuple(FaceView(face.box, face.quality) for face in self.faces)
        return FrameView(time, self.card, faces, tuple(face.box for face in self.printed))

    def card_and_face(self, time: float) -> CardAndFace | None:
        """Returns card and face in pixels, if both are there and nobody else."""
        if self.card is None or len(self.faces) != 1:
            return None
        height, width = self.pixels.shape[:2]
        box = self.faces[0].box
        return CardAndFace(
            time, self.card.corners, Box(box.left * width, box.top * height, box.width * width, box.height * height)
        )

    def card_pixels(self, card: CardView) -> Pixels:
        """Returns the part of the frame that holds its card, as a copy."""
        height, width = self.pixels.shape[:2]
        corners = corners_of(card)
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        box = Box.from_pixels(left, top, right, bottom, width=width, height=height).padded(_ROOM)
        x0, y0, x1, y1 = box.to_pixels(width, height)
        return self.pixels[y0:y1, x0:x1].copy()

    def face_pixels(self, face: Box) -> Pixels:
        """Returns a face with its surroundings, in which the card and other faces are black.

        An engine compares the largest face that it finds: the portrait on the card must not be one of them.
        """
        pixels = self.pixels
        height, width = pixels.shape[:2]
        others = [other.box.padded(0.1).to_pixels(width, height) for other in self.faces if other.box != face]
        if self.card is not None or others:
            kept = face.to_pixels(width, height)
            pixels = pixels.copy()
            if self.card is not None:
                cv2.fillConvexPoly(pixels, np.rint(corners_of(self.card)).astype(np.int32), (0, 0, 0))
            for left, top, right, bottom in others:
                pixels[top:bottom, left:right] = 0
            left, top, right, bottom = kept
            pixels[top:bottom, left:right] = self.pixels[top:bottom, left:right]
        return crop_face(pixels, face).pixels


def corners_of(card: CardView) -> NDArray[np.float64]:
    """Returns a card's corners, 4 x 2 pixels, clockwise from the upper left."""
    return np.asarray(card.corners, dtype=np.float64)


class CardInspector:
    """Inspects frames with a finder of cards and a detector of faces. Has no state; any thread may use it."""

    def __init__(self, finder: CardFinder, detector: Detector) -> None:
        self._finder = finder
        self._detector = detector

    def look(self, frame: Frame) -> CardSight:
        """Returns what a frame shows.

        Raises:
            FrameRefused: It cannot be decoded.
        """
        return self.look_at(blacken(decode_color(frame.jpeg), frame.zones))

    def look_at(self, pixels: Pixels) -> CardSight:
        """Returns what a decoded frame shows, BGR."""
        height, width = pixels.shape[:2]
        card = self._finder.find(pixels)
        faces = self._detector.find(pixels, thorough=False, within=WHOLE)
        printed = () if card is None else tuple(f for f in faces if on_card(f.box, card.corners, width, height))
        live = sorted((face for face in faces if face not in printed), key=lambda face: -face.box.area)
        return CardSight(pixels, card, tuple(live), printed)
