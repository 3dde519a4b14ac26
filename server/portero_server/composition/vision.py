"""Builds what finds faces in pictures, for streams and for documents."""

from __future__ import annotations

from dataclasses import dataclass

from portero_server.engines.scripted import PatchDetector
from portero_server.settings import Settings
from portero_server.vision.detect.choice import Choice, choose_finder
from portero_server.vision.detect.face_detector import FaceDetector


@dataclass(frozen=True, slots=True)
class VisionParts:
    """What finds faces, and how it was chosen; None of the scripted engine, which has its own."""

    detector: FaceDetector | PatchDetector
    choice: Choice | None


def build(settings: Settings) -> VisionParts:
    """Builds the detector.

    Raises:
        StartupProblem: The one that is asked for does not work here.
    """
    if settings.engine == "scripted":
        # Its faces are patches of color.
        return VisionParts(PatchDetector(), None)
    choice = choose_finder(settings.detector_options)
    return VisionParts(FaceDetector(choice.finder, settings.detect_policy), choice)
