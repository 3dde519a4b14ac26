"""Types of images in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""An image in memory: height x width x 3, BGR, uint8."""

Gray = NDArray[np.uint8]
"""A gray image in memory: height x width, uint8."""
