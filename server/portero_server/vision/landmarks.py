"""Where the eyes and the base of the nose of a face are, by dlib's five-point model or by a network's points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.geometry import Box
from portero_server.vision.models import Model, load_dlib, load_model
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray, Pixels
from portero_server.vision.quality import Landmarks

# The model answers in whole pixels, so it is shown no face narrower than this: its points are then exact to half a
# hundredth of the face, and a face at rest has almost the same ones in every look.
_SIDE = 160
# Of a face's size on each side: what the model reads lies within.
_AROUND = 0.25
# The base of the nose, which is dlib's fifth point, lies so far from its tip toward the mouth.
_NOSE_BASE = 0.4


class LandmarkModel:
    """dlib's five-point model. Thread-safe."""

    def __init__(self) -> None:
        """Loads the model (50 ms).

        Raises:
            StartupProblem: dlib or the model is missing.
        """
        self._dlib = load_dlib()
        self._predictor = load_model(self._dlib.shape_predictor, Model.LANDMARKS)

    def points(self, image: Gray | Pixels, face: Box) -> Any:
        """Returns dlib's own object of the five points of the face in that box; 0.5 ms.

        They are placed from the known box: searching for the face once more in the crop gave the same vectors
        (distances within 0.02 on 80 shots) and cost 10 ms a face.
        """
        height, width = image.shape[:2]
        edges = face.left * width, face.top * height, face.right * width, face.bottom * height
        return self._predictor(image, self._dlib.rectangle(*(round(edge) for edge in edges)))

    def find(self, image: Gray | Pixels, face: Box) -> Landmarks:
        """Returns the landmarks of the face in that box, in whole pixels of the image."""
        return _landmarks(self.points(image, face))

    def read(self, image: Gray | Pixels, box: Any) -> Landmarks:
        """Returns the landmarks of a face in a box as dlib draws it, both in whole pixels of the image."""
        return _landmarks(self._predictor(image, box))

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


def nose_base(tip: NDArray[np.float64], mouth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the base of a nose, x and y, from its tip and both corners of the mouth (2 x 2)."""
    return np.asarray(tip + _NOSE_BASE * (mouth.mean(axis=0) - tip))


def _landmarks(found: Any) -> Landmarks:
    right, other_right, left, other_left, nose = found.parts()
    # The corners of the eye on the image's right come first, then those of the eye on its left.
    middles = [
        ((one.x + other.x) / 2, (one.y + other.y) / 2) for one, other in ((left, other_left), (right, other_right))
    ]
    return np.array([*middles, (nose.x, nose.y)], dtype=np.float64)
