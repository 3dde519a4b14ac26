"""The one import of OpenCV, with its limits set before it is loaded."""

import os

# 50 megapixels: more than any camera here gives, and no picture that eats the memory gets decoded.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(50_000_000))
# FFmpeg and OpenCV write addresses, with their passwords, to the standard error.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")

import cv2
import numpy as np
from numpy.typing import NDArray

# Cameras are what runs in parallel here; a pool of threads in every call would only add switches.
cv2.setNumThreads(1)

Pixels = NDArray[np.uint8]
"""A picture, height x width x 3, in the order blue, green, red."""

__all__ = ["Pixels", "cv2"]
