"""Shows a side as a photocopy on a phone's screen, to be taken a picture of."""

from __future__ import annotations

import numpy as np

from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

_SHEET, _BODY = 0.10, 0.07
"""White around the photocopy, and black around the screen, in heights of the side."""


def on_a_phone(side: Pixels) -> Pixels:
    """Returns the phone, BGR: a black body, a white sheet on its screen, and a gray copy of the side on it."""
    height = side.shape[0]
    copied = cv2.cvtColor(cv2.cvtColor(side, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    copied = np.clip(copied.astype(np.float32) * 1.05, 0, 255).astype(np.uint8)
    sheet, body = round(_SHEET * height), round(_BODY * height)
    shown = cv2.copyMakeBorder(copied, sheet, sheet, sheet, sheet, cv2.BORDER_CONSTANT, value=(236, 236, 236))
    # A screen's rows of dots are darker between.
    shown[::3] = (shown[::3] * 0.9).astype(np.uint8)
    framed = cv2.copyMakeBorder(shown, body, body, body, body, cv2.BORDER_CONSTANT, value=(18, 18, 18))
    return np.asarray(framed, dtype=np.uint8)
