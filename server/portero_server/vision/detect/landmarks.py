"""Places the landmarks of a face with dlib's five-point model."""

from __future__ import annotations

from typing import Any

import numpy as np

from portero_server.vision.detect.finder import Image
from portero_server.vision.models import Model, load_dlib, load_model
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray
from portero_server.vision.quality import Landmarks

# The model answers in whole pixels, so it is shown no face narrower than this: its points are then exact to half a
# hundredth of the face, and a face at rest has almost the same ones in every look.
_SIDE = 160
# Of a face's size on each side: what the model reads lies within.
_AROUND = 0.25


class LandmarkModel:
    """dlib's five-point model. Thread-safe."""

    def __init__(self) -> None:
        """Loads the model (50 ms).

        Raises:
            StartupProblem: dlib or the model is missing.
        """
        self._dlib = load_dlib()
        self._predictor = load_model(self._dlib.shape_predictor, Model.LANDMARKS)

    def read(self, image: Image, box: Any) -> Landmarks:
        """Returns the landmarks of a face in a box as dlib draws it, both in whole pixels of the image."""
        points = np.array([(point.x, point.y) for point in self._predictor(image, box).parts()], dtype=np.float64)
        # Both corners of the eye on the image's right, both of the one on its left, the base of the nose.
        return np.array([points[2:4].mean(axis=0), points[0:2].mean(axis=0), points[4]])

    def place(self, gray: Gray, left: float, top: float, side: float) -> Landmarks:
        """Returns the landmarks of a face in parts of a pixel; 0.6 ms.

        Args:
            gray: The picture.
            left: Left edge of the face's box, a square as `RawFace` has it, in pixels.
            top: Top edge.
            side: Width and height, above 0.
        """
        scale = max(1.0, _SIDE / side)
        corner = np.array([left, top]) - _AROUND * side
        shift = np.array([[scale, 0.0, -corner[0] * scale], [0.0, scale, -corner[1] * scale]])
        begin, end, whole = (round(share * side * scale) for share in (_AROUND, 1.0 + _AROUND, 1.0 + 2 * _AROUND))
        face = cv2.warpAffine(gray, shift, (whole, whole), borderMode=cv2.BORDER_REPLICATE)
        box = self._dlib.rectangle(begin, begin, end, end)
        return self.read(np.asarray(face, np.uint8), box) / scale + corner
