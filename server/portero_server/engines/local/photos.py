"""Finds faces in photographs, and decides whether a photograph can be used for enrollment."""

from __future__ import annotations

from collections.abc import Sequence

from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.engines.base import PhotoRefused, Pixels
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions

# Beside a clear face, an unclear one is more often a badge or a pattern in cloth than a face.
_CLEAR = 0.85
_UNCLEAR = 0.7
_QUALITY_LIMITS = (
    ("size", 0.5, "the face is too small; come closer, so that it is at least 60 pixels wide"),
    ("frontality", 0.35, "the face is turned away; look straight at the camera"),
    ("sharpness", 0.42, "the face is blurred; hold still and clean the lens"),
    ("brightness", 0.4, "the face is too dark or too bright; light it evenly from the front"),
)


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
        return _without_patterns(self._detector.find(image, thorough=True))

    def only(self, image: Pixels) -> FoundFace:
        """Returns the one face of a photograph for enrollment.

        Raises:
            PhotoRefused: No face, several faces, or too poor a picture.
        """
        faces = self._detector.find(image, thorough=False) or self._detector.find(image, thorough=True)
        faces = _without_patterns(faces)
        if not faces:
            raise PhotoRefused(
                "image", "there is no face in the photograph; take it from the front, with light", reason="NO_FACE"
            )
        if len(faces) > 1:
            raise PhotoRefused(
                "image",
                f"there are {len(faces)} faces in the photograph; cut it so that it shows one",
                reason="SEVERAL_FACES",
            )
        if problems := _problems(faces[0].quality):
            raise PhotoRefused(
                "image", f"the photograph is not good enough: {'; '.join(problems)}", reason="LOW_QUALITY"
            )
        return faces[0]


def _without_patterns(faces: list[FoundFace]) -> list[FoundFace]:
    if not any(face.confidence >= _CLEAR for face in faces):
        return faces
    return [face for face in faces if face.confidence >= _UNCLEAR]


def _problems(quality: FaceQuality) -> Sequence[str]:
    return [advice for name, least, advice in _QUALITY_LIMITS if getattr(quality, name) < least]
