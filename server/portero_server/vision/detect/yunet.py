"""Finds faces with YuNet, a network in a file, through OpenCV."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from portero_server.errors import StartupProblem
from portero_server.vision.detect.finder import FinderTraits, Image, RawFace, face_of_network
from portero_server.vision.model_file import ModelFile
from portero_server.vision.opencv import cv2

_MOST_FACES = 1000
_OVERLAP = 0.3


class YunetFinder:
    """Finds faces turned by up to about 60 degrees, or leaning by up to about 45. Implements `FaceFinder`."""

    def __init__(self, model: ModelFile) -> None:
        """Reads the file, and tries it; each thread makes its network (10 ms) when it first searches.

        Raises:
            StartupProblem: It cannot be read, has another checksum, or is no such network.
        """
        # What was verified is what is used, whatever becomes of the file.
        self._content = np.frombuffer(model.verified(), np.uint8)
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
        self._local = threading.local()
        try:
            self.search(np.zeros((32, 32, 3), np.uint8), 1.0)
        except cv2.error:
            raise StartupProblem(f"the model file {model.path} is no YuNet face detector that OpenCV can use") from None

    @property
    def traits(self) -> FinderTraits:
        """See `FaceFinder`."""
        return self._traits

    def search(self, image: Image, min_confidence: float) -> list[RawFace]:
        """See `FaceFinder`; 90 ms a million pixels."""
        height, width = image.shape[:2]
        network = self._network()
        network.setScoreThreshold(min_confidence)
        network.setInputSize((width, height))
        _, rows = network.detect(image)
        if rows is None:
            return []
        return [
            face_of_network(row[0:4], row[4:14].reshape(5, 2), float(row[14]))
            for row in np.asarray(rows, dtype=np.float64)
        ]

    def _network(self) -> Any:
        network = getattr(self._local, "network", None)
        if network is None:
            network = self._local.network = cv2.FaceDetectorYN.create(
                "onnx", self._content, np.empty(0, np.uint8), (32, 32), 0.5, _OVERLAP, _MOST_FACES
            )
        return network
