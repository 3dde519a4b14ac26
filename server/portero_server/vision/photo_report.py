"""Looks at a photograph as an enrollment does: finds its one face and says what is wrong with it."""

from __future__ import annotations

from typing import Protocol

from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.detection.photo_advice import (
    FaceLight,
    PhotoReport,
    people_among,
    report_on,
    without_one_face,
)
from portero_server.vision.jpeg import to_gray
from portero_server.vision.pixels import Pixels

# A face's box has hair and ground at its sides, and brows at the top.
_INNER = 0.15


class PhotoDetector(Protocol):
    """Finds the faces of a photograph. Thread-safe."""

    def find(self, image: Pixels, *, thorough: bool) -> list[FoundFace]:
        """Returns faces, largest first; a thorough look finds smaller ones too."""
        ...


def photo_report(detector: PhotoDetector, image: Pixels) -> PhotoReport:
    """Returns what a photograph, height x width x 3 BGR, shows, and what is wrong with it; for a thread."""
    faces = people_among(detector.find(image, thorough=False) or detector.find(image, thorough=True))
    if len(faces) != 1:
        return without_one_face(len(faces))
    return report_on(faces[0], face_light(image, faces[0].box))


def face_light(image: Pixels, box: Box) -> FaceLight:
    """Returns how the inner part of a face is lit; a face outside the image counts as evenly lit."""
    height, width = image.shape[:2]
    left, top, right, bottom = box.padded(-_INNER).to_pixels(width, height)
    middle = (left + right) // 2
    if bottom <= top or not left < middle < right:
        return FaceLight(0.0, 1.0)
    gray = to_gray(image[top:bottom, left:right])
    halves = float(gray[:, : middle - left].mean()), float(gray[:, middle - left :].mean())
    brighter = max(halves)
    return FaceLight(float(gray.mean()), min(halves) / brighter if brighter else 1.0)
