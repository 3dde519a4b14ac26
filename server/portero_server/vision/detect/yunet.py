"""Finds faces with YuNet, a network in a file, through onnxruntime.

OpenCV's FaceDetectorYN computes the same network in twice the time or more; what it finds is what is found here.
"""

from __future__ import annotations

import threading

import numpy as np

from portero_server.errors import StartupProblem
from portero_server.vision.detect.finder import FinderTraits, Image, RawFace, face_of_network
from portero_server.vision.detect.yunet_answers import OUTPUTS, STRIDES, Floats, faces_in
from portero_server.vision.detect.yunet_graph import PURPOSE, any_size
from portero_server.vision.model_file import ModelFile
from portero_server.vision.opencv import cv2
from portero_server.vision.runtime import load_runtime, open_network

_CELL = STRIDES[-1]
_COLORS = 3
# Pixels of a search whose memory is kept for the next one; one of three times as many takes a quarter of a gigabyte.
_KEPT = 1_000_000


class YunetFinder:
    """Finds faces turned by up to about 60 degrees, or leaning by up to about 45. Implements `FaceFinder`."""

    def __init__(self, model: ModelFile) -> None:
        """Reads the file, and tries it (0.2 s).

        Raises:
            StartupProblem: It cannot be read, has another checksum, or is not a YuNet network; or a library is missing.
        """
        self._traits = FinderTraits(
            name="yunet",
            model=f"{model.path.name} (SHA-256 {model.sha256[:12]}…)",
            color=True,
            least_face=20,
            most_face=350,
            quick_face=44,
            most_pixels=3_000_000,
            min_confidence=0.7,
            coarse_landmarks=True,
        )
        self._memory = _Memory()
        self._returning = load_runtime(PURPOSE).RunOptions()
        self._returning.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        # What was verified is what is used, whatever becomes of the file.
        content = model.verified()
        try:
            self._network = open_network(any_size(content), PURPOSE, any_size=True)
            self._input = self._network.get_inputs()[0].name
            # Of all cells, so that all answers are read.
            self.search(np.zeros((_CELL, 2 * _CELL, _COLORS), np.uint8), 0.0)
        except StartupProblem:
            raise
        except Exception:  # noqa: BLE001  # onnxruntime's errors have no common class
            raise StartupProblem(
                f"the model file {model.path} is not a YuNet face detector; correct PORTERO_DETECTOR_MODEL"
            ) from None

    @property
    def traits(self) -> FinderTraits:
        """See `FaceFinder`."""
        return self._traits

    def search(self, image: Image, min_confidence: float) -> list[RawFace]:
        """See `FaceFinder`; 45 ms a million pixels."""
        planes = self._memory.planes(image)
        large = planes[0, 0].size > _KEPT
        answers = self._network.run(OUTPUTS, {self._input: planes}, self._returning if large else None)
        faces = faces_in(answers, planes.shape[3], min_confidence).astype(np.float64)
        return [face_of_network(row[0:4], row[4:14].reshape(5, 2), float(row[14])) for row in faces]


class _Memory(threading.local):
    """One thread's memory for pictures as the network takes them."""

    def __init__(self) -> None:
        self._numbers = np.empty(0, np.float32)

    def planes(self, image: Image) -> Floats:
        """Returns a picture, height x width x 3, as 1 x 3 x height x width; valid until the next call.

        It gets black margins, right and below, for whole cells.
        """
        height, width = image.shape[:2]
        rows, columns = (-(-side // _CELL) * _CELL for side in (height, width))
        planes = self._of(_COLORS * rows * columns).reshape(1, _COLORS, rows, columns)
        planes[:, :, height:] = 0.0
        planes[:, :, :height, width:] = 0.0
        # Splitting bytes and then widening them costs a tenth of OpenCV's own blobFromImage.
        for plane, color in zip(planes[0], cv2.split(image), strict=True):
            plane[:height, :width] = color
        return planes

    def _of(self, size: int) -> Floats:
        if size > _COLORS * _KEPT:
            return np.empty(size, np.float32)
        if size > self._numbers.size:
            self._numbers = np.empty(size, np.float32)
        return self._numbers[:size]
