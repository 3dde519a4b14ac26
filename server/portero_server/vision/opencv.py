"""OpenCV with its global options set; always import `cv2` from here, never from the library itself."""

from __future__ import annotations

import os

# OpenCV reads this once, while it is imported. It is a second fence: each caller checks the header
# against its own, lower, limits before anything is decoded.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(64 * 1024 * 1024))

import cv2

# We work on many frames at once; threads within one picture would only fight over the processors.
cv2.setNumThreads(1)

__all__ = ["cv2"]
