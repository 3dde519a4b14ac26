"""What a face looks like at a glance: a small upright patch, to notice that another face took its place."""

from __future__ import annotations

import numpy as np

from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray
from portero_server.vision.quality import Landmarks

_SIDE = 16
# Turned at this size first, then averaged, so that no pixel of the face is left out.
_FINE = 64
# Where the eyes are in a patch, and how far apart, in sides: brows to mouth fill it.
_EYES_AT = (0.5, 0.32)
_EYE_DISTANCE = 0.5


def face_patch(gray: Gray, landmarks: Landmarks) -> tuple[float, ...]:
    """Returns a face, turned upright, as 16 x 16 gray levels of mean 0 and length 1; empty if it is even.

    Args:
        gray: The frame, or a part of it around the face.
        landmarks: Landmarks of the face, in pixels of the same image.
    """
    left, right = landmarks[:2]
    across = right - left
    eyes = float(np.hypot(*across))
    if eyes < 1.0:
        return ()
    scale = _EYE_DISTANCE * _FINE / eyes
    cos, sin = across / eyes * scale
    turn = np.array([[cos, sin, 0.0], [-sin, cos, 0.0]])
    turn[:, 2] = np.array(_EYES_AT) * _FINE - turn[:, :2] @ ((left + right) / 2)
    upright = cv2.warpAffine(gray, turn, (_FINE, _FINE), borderMode=cv2.BORDER_REPLICATE)
    patch = np.asarray(cv2.resize(upright, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float64)
    patch -= patch.mean()
    length = float(np.linalg.norm(patch))
    return tuple((patch / length).ravel().tolist()) if length > 1.0 else ()
