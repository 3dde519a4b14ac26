"""YuNet as OpenCV computes it: what the server's own computation is held against."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from portero_server.vision.detect.finder import Image, RawFace, face_of_network
from portero_server.vision.detect.yunet import YunetFinder
from portero_server.vision.model_file import ModelFile
from portero_server.vision.opencv import cv2

_OVERLAP, _MOST_FACES = 0.3, 1000
# Pixels, and of 1: a tenfold of what the two orders of summing were seen to differ by.
_ROUNDING = 0.005
_CONFIDENCE = 1e-4


def faces_of_opencv(model: ModelFile, picture: Image, min_confidence: float) -> list[RawFace]:
    """Returns the faces that cv2.FaceDetectorYN finds in a color picture, at its own scale."""
    height, width = picture.shape[:2]
    content = np.frombuffer(model.path.read_bytes(), np.uint8)
    nothing = np.empty(0, np.uint8)
    network: Any = cv2.FaceDetectorYN.create(
        "onnx", content, nothing, (width, height), min_confidence, _OVERLAP, _MOST_FACES
    )
    _, rows = network.detect(picture)
    if rows is None:
        return []
    found = np.asarray(rows, np.float64)
    return [face_of_network(row[0:4], row[4:14].reshape(5, 2), float(row[14])) for row in found]


def assert_same(finder: YunetFinder, model: ModelFile, picture: Image, min_confidence: float) -> int:
    """Asserts that a finder finds what OpenCV does, within rounding; returns how many faces that are."""
    expected = faces_of_opencv(model, picture, min_confidence)
    found = finder.search(picture, min_confidence)
    assert len(found) == len(expected)
    for mine, theirs in zip(_in_order(found), _in_order(expected), strict=True):
        assert mine.confidence == pytest.approx(theirs.confidence, abs=_CONFIDENCE)
        assert (mine.left, mine.top, mine.side) == pytest.approx((theirs.left, theirs.top, theirs.side), abs=_ROUNDING)
        assert mine.landmarks == pytest.approx(theirs.landmarks, abs=_ROUNDING)
    return len(found)


def _in_order(faces: list[RawFace]) -> list[RawFace]:
    """Returns faces by place: equally sure ones come in any order."""
    return sorted(faces, key=lambda face: (round(face.top), round(face.left)))
