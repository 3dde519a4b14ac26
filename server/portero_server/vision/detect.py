"""Finds faces locally with dlib's HOG detector, at a bounded cost for frames of any size."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

from portero_server.domain.detection.detections import DetectPolicy, FoundFace
from portero_server.domain.detection.geometry import WHOLE, Box
from portero_server.vision.likeness import face_patch
from portero_server.vision.models import Model, load_dlib, load_model
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray
from portero_server.vision.quality import Landmarks, face_quality

# The narrowest box that the detector gives for an image at its own size, pixels.
_WINDOW = 73


class FaceDetector:
    """Finds faces that look toward the camera, turned by up to about 45 degrees. Thread-safe."""

    def __init__(self, policy: DetectPolicy | None = None) -> None:
        """Loads the landmark model (50 ms); each thread makes its detector (0.2 s) when it first looks.

        Raises:
            StartupProblem: dlib or its models are missing.
        """
        self._policy = policy or DetectPolicy()
        self._dlib = load_dlib()
        self._predictor = load_model(self._dlib.shape_predictor, Model.LANDMARKS)
        # A detector has scratch memory that a search writes to, so no two threads may share one.
        self._local = threading.local()

    def find(self, gray: Gray, *, thorough: bool, within: Box = WHOLE) -> list[FoundFace]:
        """Finds faces. Releases the GIL while it searches.

        Args:
            gray: Height x width; of color images every channel would be searched, at twice the cost and no gain.
            thorough: Whether to look for small faces too, at about three times the cost.
            within: The part of the frame to search, in ratios.

        Returns:
            Faces, largest first, boxes in ratios; a face cut by the frame's edge keeps its whole box.
        """
        height, width = gray.shape
        x0, y0, x1, y1 = within.to_pixels(width, height)
        region = gray[y0:y1, x0:x1]
        if not region.size:
            return []
        scale = self._scale(region.size, thorough=thorough)
        boxes, scores, _ = self._detector().run(_scaled(region, scale), 0, self._policy.min_score)
        faces = []
        for box, score in zip(boxes, scores, strict=True):
            left, right = (x0 + edge / scale for edge in (box.left(), box.right()))
            top, bottom = (y0 + edge / scale for edge in (box.top(), box.bottom()))
            found = self._face(gray, Box.from_pixels(left, top, right, bottom, width=width, height=height), score)
            if found is not None:
                faces.append(found)
        return sorted(faces, key=lambda face: -face.box.area)

    def _face(self, gray: Gray, box: Box, score: float) -> FoundFace | None:
        """Returns the face of a detection, or None if it lies outside the frame."""
        height, width = gray.shape
        x0, y0, x1, y1 = box.to_pixels(width, height)
        if x1 <= x0 or y1 <= y0:
            return None
        landmarks = self._landmarks(gray, box)
        quality = face_quality(gray[y0:y1, x0:x1], landmarks)
        return FoundFace(box, _confidence(score), quality, face_patch(gray, landmarks))

    def _scale(self, pixels: int, *, thorough: bool) -> float:
        policy = self._policy
        quick = min(1.0, _WINDOW / policy.quick_face, math.sqrt(policy.quick_pixels / pixels))
        if not thorough:
            return quick
        return max(quick, min(_WINDOW / policy.min_face, math.sqrt(policy.thorough_pixels / pixels)))

    def _landmarks(self, gray: Gray, box: Box) -> Landmarks:
        height, width = gray.shape
        edges = box.left * width, box.top * height, box.right * width, box.bottom * height
        shape = self._predictor(gray, self._dlib.rectangle(*(round(edge) for edge in edges)))
        return np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float64)

    def _detector(self) -> Any:
        detector = getattr(self._local, "detector", None)
        if detector is None:
            detector = self._local.detector = self._dlib.get_frontal_face_detector()
        return detector


def _scaled(gray: Gray, scale: float) -> Gray:
    if scale == 1.0:
        return np.ascontiguousarray(gray)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=interpolation), dtype=np.uint8)


def _confidence(score: float) -> float:
    """Maps the detector's score to 0..1: 0 (its own limit) to 0.5, 0.5 to 0.88, 1 (a clear face) to 0.98."""
    return 1.0 / (1.0 + math.exp(-4.0 * score))
