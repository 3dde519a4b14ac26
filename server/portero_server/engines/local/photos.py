"""Finds faces in photographs, and decides whether a photograph can be used for enrollment."""

from __future__ import annotations

from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.photo_advice import people_among
from portero_server.engines.base import Pixels, usable_face
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.photo_report import photo_report


class PhotoFaces:
    """Finds the faces of photographs. Thread-safe."""

    def __init__(self, options: DetectorOptions) -> None:
        """Loads the face detector.

        Raises:
            StartupProblem: It cannot be used on this machine.
        """
        self._detector = FaceDetector(choose_finder(options).finder)

    def all(self, image: Pixels) -> list[FoundFace]:
        """Returns every face, including small ones, largest first."""
        return people_among(self._detector.find(image, thorough=True))

    def only(self, image: Pixels) -> FoundFace:
        """Returns the one face of a photograph for enrollment.

        Raises:
            PhotoRefused: No face, several faces, or too poor a picture.
        """
        return usable_face(photo_report(self._detector, image))
