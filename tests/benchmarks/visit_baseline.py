"""What calling the recognizer on every frame would find: the yardstick of recall."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import cv2
import numpy as np

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import decide
from portero_server.engines.base import CallContext, GalleryFace
from portero_server.engines.local.engine import LocalEngine
from portero_server.engines.local.options import LocalOptions
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.hog import HogFinder
from portero_server.vision.jpeg import decode_color, to_gray
from tests.benchmarks.visit_footage import Footage, Subject, TrueVisit

_NOBODY_WAITS = CallContext(None, Lane.ATTENDANCE)
NEAR = 0.15
"""How far a face may be from where its visit is drawn, as a ratio of the width."""


async def visits_found(subjects: Sequence[Subject], footage: Footage) -> list[bool]:
    """Returns for each visit whether one of its frames alone would have given the right answer.

    Frames are tried from the middle of the visit outwards, until one does. The recognizer is the one behind the
    simulator.
    """
    async with learned(subjects) as (engine, _):
        return [await _found(engine, footage, each) for each in footage.visits]


@asynccontextmanager
async def learned(subjects: Sequence[Subject]) -> AsyncIterator[tuple[LocalEngine, Sequence[GalleryFace]]]:
    """Runs a local engine that knows everybody who is enrolled, and returns it with their faces."""
    engine = LocalEngine(LocalOptions())
    faces = []
    try:
        for subject in subjects:
            for number, photo in enumerate(subject.enrolled):
                pixels = np.asarray(cv2.imread(str(photo), cv2.IMREAD_COLOR), np.uint8)
                face_id = f"{subject.name}-{number}"
                found = await engine.learn(pixels, subject.name, face_id, _NOBODY_WAITS)
                faces.append(GalleryFace(face_id, subject.name, found.embedding, None))
        await engine.add(faces)
        yield engine, faces
    finally:
        await engine.aclose()


def first_seen(footage: Footage) -> list[float | None]:
    """Returns for each visit when the first frame was shown in which its face can be found, seconds; None: never.

    That is the first one in which a thorough search of the whole picture finds it, whatever the server searched.
    """
    detector = FaceDetector(HogFinder())
    return [_first(detector, footage, each) for each in footage.visits]


def _first(detector: FaceDetector, footage: Footage, true: TrueVisit) -> float | None:
    visit = true.visit
    last = min(int((visit.start + visit.duration) * footage.rate), len(footage.frames) - 1)
    for index in range(int(visit.start * footage.rate), last + 1):
        x = visit.placement(index / footage.rate)[0]
        gray = to_gray(decode_color(footage.frames[index]))
        if any(abs(face.box.center[0] - x) < NEAR for face in detector.find(gray, thorough=True)):
            return index / footage.rate
    return None


async def _found(engine: LocalEngine, footage: Footage, true: TrueVisit) -> bool:
    visit = true.visit
    first, last = int(visit.start * footage.rate) + 1, int((visit.start + visit.duration) * footage.rate)
    middle = (first + last) // 2
    for index in sorted(range(first, min(last, len(footage.frames))), key=lambda index: abs(index - middle)):
        pixels = cv2.imdecode(np.frombuffer(footage.frames[index], np.uint8), cv2.IMREAD_COLOR)
        x = visit.placement(index / footage.rate)[0]
        for searched in await engine.search(np.asarray(pixels, np.uint8), 5, _NOBODY_WAITS):
            match = decide(searched.candidates, engine.traits.policy)
            if abs(searched.face.box.center[0] - x) < NEAR and (match.person_id if match else "") == true.name:
                return True
    return False
