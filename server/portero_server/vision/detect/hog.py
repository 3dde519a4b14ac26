"""Finds faces with dlib's HOG detector: needs no model file but the landmarks', and sees frontal faces only."""

from __future__ import annotations

import math
import threading
from typing import Any

from portero_server.vision.detect.finder import FinderTraits, Image, RawFace
from portero_server.vision.landmarks import LandmarkModel
from portero_server.vision.models import load_dlib

_TRAITS = FinderTraits(
    name="hog",
    model="dlib's frontal face detector",
    # Every channel would be searched, at twice the cost and no gain.
    color=False,
    # The narrowest box that it draws.
    least_face=73,
    most_face=None,
    quick_face=73,
    most_pixels=6_000_000,
    # Its own limit; below it sees faces in cloth.
    min_confidence=0.5,
    coarse_landmarks=False,
)
_STEEPNESS = 4.0


class HogFinder:
    """Finds faces that look toward the camera, turned by up to about 45 degrees. Implements `FaceFinder`."""

    def __init__(self) -> None:
        """Loads the landmark model (50 ms); each thread makes its detector (0.2 s) when it first searches.

        Raises:
            StartupProblem: dlib or its models are missing.
        """
        self._dlib = load_dlib()
        self._landmarks = LandmarkModel()
        # A detector has scratch memory that a search writes to, so no two threads may share one.
        self._local = threading.local()

    @property
    def traits(self) -> FinderTraits:
        """See `FaceFinder`."""
        return _TRAITS

    def search(self, image: Image, min_confidence: float) -> list[RawFace]:
        """See `FaceFinder`; 55 ms a million pixels."""
        boxes, scores, _ = self._detector().run(image, 0, _score(min_confidence))
        return [self._face(image, box, score) for box, score in zip(boxes, scores, strict=True)]

    def _face(self, image: Image, box: Any, score: float) -> RawFace:
        landmarks = self._landmarks.read(image, box)
        return RawFace(box.left(), box.top(), box.right() - box.left(), _confidence(score), landmarks)

    def _detector(self) -> Any:
        detector = getattr(self._local, "detector", None)
        if detector is None:
            detector = self._local.detector = self._dlib.get_frontal_face_detector()
        return detector


def _confidence(score: float) -> float:
    """Maps the detector's score to 0..1: 0 (its own limit) to 0.5, 0.5 to 0.88, 1 (a clear face) to 0.98."""
    return 1.0 / (1.0 + math.exp(-_STEEPNESS * score))


def _score(confidence: float) -> float:
    """Returns the score of a confidence; 0 and 1 have none, and get that of their neighbors."""
    confidence = min(max(confidence, 0.01), 0.999)
    return math.log(confidence / (1.0 - confidence)) / _STEEPNESS
