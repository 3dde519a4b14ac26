"""Encodes faces with dlib's ResNet, computed by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import MatchPolicy
from portero_server.domain.tracking.policy import FaceDistances
from portero_server.engines.local.encode.alignment import to_rgb
from portero_server.engines.local.encode.dlib_file import UnknownLayout, read_weights
from portero_server.engines.local.encode.dlib_graph import INPUT, LENGTH, SIDE, onnx_model
from portero_server.engines.local.encode.encoder import EncoderTraits, FacePatch, SimilarityScale, VectorPlace
from portero_server.errors import EngineError
from portero_server.vision.landmarks import LandmarkModel
from portero_server.vision.models import Model, load_dlib, load_model
from portero_server.vision.runtime import UnusableModel, load_library, load_runtime, open_network

_CENTER = """
-0.09 0.1 0.08 -0.03 -0.08 -0.02 -0.02 -0.07 0.13 -0.07 0.21 -0.03 -0.24 -0.04 -0.03 0.14 -0.14 -0.13 -0.11 -0.07 0.01
0.02 0.01 0.05 -0.13 -0.3 -0.05 -0.1 0.05 -0.1 -0.02 0.04 -0.17 -0.03 0.02 0.06 -0.03 -0.06 0.19 0.01 -0.18 0.0 0.04
0.28 0.19 0.01 0.02 -0.05 0.12 -0.26 0.04 0.13 0.1 0.08 0.08 -0.17 0.02 0.13 -0.19 0.07 0.06 -0.06 -0.04 -0.07 0.22
0.1 -0.13 -0.13 0.16 -0.15 -0.01 0.08 -0.1 -0.16 -0.24 0.05 0.39 0.16 -0.18 0.02 -0.1 -0.01 0.03 0.05 -0.09 0.0 -0.09
0.02 0.18 -0.01 0.0 0.22 0.0 -0.01 0.02 0.02 -0.12 -0.01 -0.12 -0.02 0.02 -0.11 0.02 0.09 -0.19 0.16 -0.01 0.0 0.01
0.03 -0.09 -0.03 0.17 -0.26 0.19 0.17 0.04 0.12 0.06 0.07 -0.01 -0.01 -0.13 -0.08 0.05 -0.06 0.03 0.03
"""

TRAITS = EncoderTraits(
    name="dlib",
    model=Model.ENCODER.value,
    version="dlib-resnet-v1",
    length=LENGTH,
    scale=SimilarityScale.DISTANCE,
    # 0.6 is dlib's customary distance, and took strangers for people we know; 0.55 did not, and the margin guards
    # large galleries, where strangers are near to several people at once. It does not guard against a stranger who
    # resembles one person: the shots of one such pair were at 0.458 to 0.482, so one shot must be above that to name
    # somebody alone. People of the gallery who are easily taken for each other need three times the margin.
    policy=MatchPolicy(
        threshold=0.45, margin=0.05, sure_by=0.06, sure_by_tenfold=0.02, sure_quality=0.1, confusable_margin=0.15
    ),
    # About 0.3 to 0.6 for one person, 0.7 and more for two.
    distances=FaceDistances(),
    # Fifty faces had lengths of 1.26 to 1.59 and were at most 0.70 from their mean, which is far from zero. The vectors
    # of other models have no such mean: of length 1.4 they are 1.9 from it. Most of them have length one.
    place=VectorPlace(
        shortest=1.1,
        longest=1.8,
        farthest=1.0,
        center=tuple(map(float, _CENTER.split())),
    ),
)

_PURPOSE = "the face encoder"
# The encoder was trained on faces cut out like this.
_CHIP_PADDING = 0.25


class DlibEncoder:
    """Encodes a face in about 7 ms. Implements `FaceEncoder`."""

    def __init__(self) -> None:
        """Loads the models (0.5 s).

        Raises:
            StartupProblem: A library or a model file is missing or damaged.
        """
        self._dlib = load_dlib()
        self._landmarks = LandmarkModel()
        self._network = open_resnet()

    @property
    def traits(self) -> EncoderTraits:
        """See `FaceEncoder`."""
        return TRAITS

    def encode(self, patches: Sequence[FacePatch]) -> NDArray[np.float32]:
        """See `FaceEncoder`."""
        chips = np.stack([self._chip(patch) for patch in patches]).transpose(0, 3, 1, 2)
        try:
            # One call for all: the network runs once over the batch.
            answers = self._network.run(None, {INPUT: np.ascontiguousarray(chips, np.float32)})
        except Exception:  # noqa: BLE001  # onnxruntime's errors have no common class
            raise EngineError("the face encoder failed at a face") from None
        return np.asarray(answers[0], np.float32).reshape(len(patches), TRAITS.length)

    def _chip(self, patch: FacePatch) -> Any:
        """Cuts the face out upright, eyes level, at the encoder's size."""
        rgb = to_rgb(patch.pixels)
        return self._dlib.get_face_chip(rgb, self._landmarks.points(rgb, patch.face), SIDE, _CHIP_PADDING)


def check_libraries() -> None:
    """Checks that the libraries of this encoder can be loaded.

    Raises:
        StartupProblem: One is missing.
    """
    load_dlib()
    load_runtime(_PURPOSE)
    load_library("onnx", _PURPOSE)


def open_resnet() -> Any:
    """Returns dlib's network as an onnxruntime session: `INPUT`, n x 3 x 150 x 150 of RGB in 0..255, to n x 128.

    Raises:
        StartupProblem: A library is missing, or the file of the weights is missing or damaged.
    """
    load_library("onnx", _PURPOSE)
    return load_model(_opened, Model.ENCODER)


def _opened(path: str) -> Any:
    try:
        return open_network(onnx_model(read_weights(Path(path).read_bytes())), _PURPOSE)
    except (OSError, UnknownLayout, UnusableModel) as fault:
        raise RuntimeError(str(fault)) from None
