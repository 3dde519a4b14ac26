"""Reads the faces out of YuNet's answers, as OpenCV's FaceDetectorYN does.

The network looks at the picture in cells of 8, 16 and 32 pixels. For each it says how sure it is of a face, and where
box and landmarks are, from the cell's corner and in cells.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from portero_server.vision.opencv import cv2

Floats = NDArray[np.float32]

STRIDES = (8, 16, 32)
"""Width and height of the cells, pixels."""
OUTPUTS = tuple(f"{what}_{stride}" for what in ("cls", "obj", "bbox", "kps") for stride in STRIDES)
"""The network's answers, by name."""

_POINTS = 5
_NUMBERS = 4 + 2 * _POINTS + 1
_OVERLAP = 0.3
_MOST_FACES = 1000


def faces_in(answers: Sequence[Floats], width: int, min_confidence: float) -> Floats:
    """Returns the faces, surest first, each once.

    Args:
        answers: Those of `OUTPUTS`, in their order: 1 x cells x 1, 1, 4 and 10 numbers.
        width: Width of the picture that the network was shown, pixels; a multiple of the largest cell.
        min_confidence: 0..1.

    Returns:
        Faces x 15, in pixels: left, top, width, height; x and y of the eye on the image's left, the one on its right,
        the tip of the nose, both mouth corners; the confidence, 0..1.
    """
    levels = len(STRIDES)
    found = [
        _in_cells(stride, width // stride, answers[level::levels], min_confidence)
        for level, stride in enumerate(STRIDES)
    ]
    return _distinct(np.concatenate(found), min_confidence)


def _in_cells(stride: int, columns: int, answers: Sequence[Floats], min_confidence: float) -> Floats:
    """Returns the faces, as of `faces_in`, that the cells of one size hold, in any order."""
    face, thing, boxes, points = answers
    confidence = np.sqrt(np.clip(face, 0.0, 1.0) * np.clip(thing, 0.0, 1.0)).reshape(-1)
    # Nearly all cells hold nothing, so the rest is computed of those that do.
    (cells,) = np.nonzero(confidence >= np.float32(min_confidence))
    found = np.empty((len(cells), _NUMBERS), np.float32)
    if not len(cells):
        return found
    corners = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    shifts = boxes.reshape(-1, 4)[cells]
    sizes = np.exp(shifts[:, 2:]) * stride
    found[:, 0:2] = (corners + shifts[:, :2]) * stride - sizes / 2
    found[:, 2:4] = sizes
    found[:, 4:14] = ((points.reshape(-1, _POINTS, 2)[cells] + corners[:, np.newaxis]) * stride).reshape(-1, 10)
    found[:, 14] = confidence[cells]
    return found


def _distinct(found: Floats, min_confidence: float) -> Floats:
    """Returns the surest of the faces that overlap."""
    if len(found) <= 1:
        return found
    # OpenCV compares boxes in whole pixels.
    boxes = np.trunc(found[:, :4]).tolist()
    kept = cv2.dnn.NMSBoxes(boxes, found[:, 14].tolist(), min_confidence, _OVERLAP, top_k=_MOST_FACES)
    return found[np.asarray(kept, np.intp).reshape(-1)]
