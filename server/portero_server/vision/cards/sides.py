"""Recognizes which side of a flat document is seen, and which way up: by its codes, its portrait and its MRZ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.documents.document import CardSide
from portero_server.vision.cards.codes import FoundCode
from portero_server.vision.cards.flattening import upside_down
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

_BAND_WIDTH = 480
"""The MRZ is looked for at this width: its letters are a stroke wide there, and print with gaps falls apart."""
_LEAST_BAND = 0.72
"""Share of the width that the MRZ's lines span; no other text reaches it."""
_LEAST_FACE, _MOST_LEFT = 0.08, 0.62
"""Width of a portrait as a share of the document's, and where its middle lies at most: the ghost is further right."""


class PortraitDetector(Protocol):
    """Finds faces; `vision.detect.face_detector.FaceDetector` does."""

    def find(self, image: Pixels, *, thorough: bool) -> list[FoundFace]:
        """Returns the faces of a BGR picture, largest first."""
        ...


@dataclass(frozen=True, slots=True)
class RectifiedSide:
    """A side of a document, cut out flat: which one it is, and which way up it lay.

    Attributes:
        pixels: The flat document, turned upright where its orientation was recognized, BGR.
        side: Which side, or None.
        whole: Whether it shows portrait and MRZ, and so is all there is: a passport's page.
        faces: On it, largest first, in ratios; looked for only where they decide.
        turned: Whether it was turned by half a turn.
        oriented: Whether its orientation was recognized.
    """

    pixels: Pixels
    side: CardSide | None
    whole: bool = False
    faces: tuple[FoundFace, ...] = ()
    turned: bool = False
    oriented: bool = False


def classify_side(flat: Pixels, codes: Sequence[FoundCode], detector: PortraitDetector) -> RectifiedSide:
    """Returns the side of a flat document, upright.

    Args:
        flat: See `flattening.flattened`.
        codes: What was decoded on it.
        detector: Finds the portrait.
    """
    if codes:
        turned = codes[0].turned == 180
        return RectifiedSide(upside_down(flat) if turned else flat, CardSide.BACK, turned=turned, oriented=True)
    band = mrz_band(flat)
    if band is None:
        return _by_portrait(flat, detector)
    turned = band < 0.5
    upright = upside_down(flat) if turned else flat
    faces = _portraits(upright, detector)
    side = CardSide.FRONT if faces else CardSide.BACK
    return RectifiedSide(upright, side, bool(faces), faces, turned, oriented=True)


def mrz_band(flat: Pixels) -> float | None:
    """Returns the height, 0..1 from the top, of the middle of a flat document's MRZ, or None if it shows none."""
    gray = cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY)
    height = round(gray.shape[0] * _BAND_WIDTH / gray.shape[1])
    gray = cv2.resize(gray, (_BAND_WIDTH, height), interpolation=cv2.INTER_AREA)
    # Dark print on a lighter ground, whatever the light; then its upright strokes.
    dark = cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, np.ones((7, 13), np.uint8))
    strokes = np.abs(cv2.Sobel(dark, cv2.CV_32F, 1, 0, ksize=3))
    level = np.asarray(np.clip(strokes * (255.0 / max(float(np.quantile(strokes, 0.995)), 1.0)), 0, 255), np.uint8)
    joined = cv2.morphologyEx(level, cv2.MORPH_CLOSE, np.ones((3, 17), np.uint8))
    _, mask = cv2.threshold(joined, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((4, 9), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 21), np.uint8))
    # The document's own edges are not print.
    mask[:, :4] = mask[:, -4:] = 0
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    best: tuple[float, float] | None = None
    for contour in contours:
        _, top, across, down = cv2.boundingRect(contour)
        filled = float(cv2.contourArea(contour)) / max(across * down, 1)
        middle = (top + down / 2) / height
        # One to three lines together, near the upper or the lower edge.
        if across < _LEAST_BAND * _BAND_WIDTH or not 0.022 <= down / height <= 0.4 or filled < 0.6:
            continue
        if abs(middle - 0.5) > 0.15 and (best is None or filled > best[0]):
            best = filled, middle
    return None if best is None else best[1]


def _by_portrait(flat: Pixels, detector: PortraitDetector) -> RectifiedSide:
    upright = _portraits(flat, detector)
    if upright:
        return RectifiedSide(flat, CardSide.FRONT, faces=upright, oriented=True)
    other = upside_down(flat)
    faces = _portraits(other, detector)
    if faces:
        return RectifiedSide(other, CardSide.FRONT, faces=faces, turned=True, oriented=True)
    return RectifiedSide(flat, None)


def _portraits(flat: Pixels, detector: PortraitDetector) -> tuple[FoundFace, ...]:
    """Returns the faces of a document if the largest is where portraits are, else none."""
    faces = [face for face in detector.find(flat, thorough=False) if face.box.width >= _LEAST_FACE / 3]
    if not faces or faces[0].box.width < _LEAST_FACE or faces[0].box.center[0] > _MOST_LEFT:
        return ()
    return tuple(faces)
