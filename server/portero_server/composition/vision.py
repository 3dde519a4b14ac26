"""Builds what looks at the frames of streams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portero_server.composition.context import BuildContext
from portero_server.domain.detection.detections import DetectPolicy
from portero_server.engines.scripted import PatchDetector
from portero_server.settings import Settings
from portero_server.vision.analyzer import Detector, VisionPool
from portero_server.vision.detect import FaceDetector


@asynccontextmanager
async def build(context: BuildContext) -> AsyncIterator[VisionPool]:
    """Creates the pool of look threads, and closes it at the end."""
    pool = VisionPool(_detector(context.settings), context.clock, threads=context.settings.vision_threads)
    try:
        yield pool
    finally:
        await pool.aclose()


def _detector(settings: Settings) -> Detector:
    """Returns the face detector for streams; the scripted engine needs its own."""
    if settings.engine == "scripted":
        return PatchDetector()
    return FaceDetector(DetectPolicy(min_face=settings.detect_min_face, quick_face=settings.detect_quick_face))
