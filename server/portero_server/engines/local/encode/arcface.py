"""Encodes faces with a network in an ONNX file, of the family of ArcFace and MobileFaceNet, through onnxruntime.

The file says what it takes: how many pixels, and whether colors come first or last. The settings say what it does not:
the order of colors, and how a pixel becomes a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import MatchPolicy
from portero_server.domain.tracking.policy import FaceDistances
from portero_server.engines.local.encode.alignment import aligned, to_rgb
from portero_server.engines.local.encode.encoder import EncoderTraits, FacePatch, SimilarityScale, VectorPlace
from portero_server.engines.local.encode.options import InputOptions
from portero_server.errors import EngineError, StartupProblem
from portero_server.vision.landmarks import LandmarkModel
from portero_server.vision.model_file import ModelFile
from portero_server.vision.pixels import Pixels
from portero_server.vision.runtime import UnusableModel, open_network

_USUAL_SIDE = 112
_SIDES = range(64, 257)
_LENGTHS = range(128, 513)
_DIGITS = 12
_LEAST_NORM = 1e-6

# Cosines, from what is published about the family: strangers rarely exceed 0.3, shots of one person mostly 0.5. They
# were not set on footage here, as dlib's were, so they err toward nobody's name.
_POLICY = MatchPolicy(
    threshold=0.45, margin=0.05, sure_by=0.1, sure_by_tenfold=0.03, sure_quality=0.1, confusable_margin=0.15
)
# Of vectors of length one: cosines of 0.5, 0.35, and 0.6 where a mistake would repeat itself.
_DISTANCES = FaceDistances(same=1.0, perhaps=1.14, lead=0.1, recalled=0.9, recalled_lead=0.15)
_PLACE = VectorPlace(shortest=0.99, longest=1.01)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a network takes: a square of so many pixels, its three colors before or after rows and columns."""

    side: int
    colors_first: bool


class OnnxEncoder:
    """Encodes faces with a network in a file. Implements `FaceEncoder`."""

    def __init__(self, model: ModelFile, shown: InputOptions) -> None:
        """Reads the file, and tries it.

        Args:
            model: The file.
            shown: What the network is shown.

        Raises:
            StartupProblem: It cannot be read, has another checksum, or is not a network that encodes faces.
        """
        self._path = model.path
        self._shown = shown
        self._landmarks = LandmarkModel()
        # What was verified is what is used, whatever becomes of the file.
        self._network = _load(model)
        self._shape = self._checked_shape()
        self._traits = EncoderTraits(
            name="onnx",
            model=f"{model.path.name} (SHA-256 {model.sha256[:_DIGITS]}…)",
            version=model_version(model.sha256, shown),
            length=self._checked_length(),
            scale=SimilarityScale.COSINE,
            policy=_POLICY,
            distances=_DISTANCES,
            place=_PLACE,
        )

    @property
    def traits(self) -> EncoderTraits:
        """See `FaceEncoder`."""
        return self._traits

    def encode(self, patches: Sequence[FacePatch]) -> NDArray[np.float32]:
        """See `FaceEncoder`; vectors have the length one."""
        # One at a time: many files take one face only, and together they are hardly quicker.
        return np.stack([self._vector(self._chip(patch)) for patch in patches])

    def _chip(self, patch: FacePatch) -> Pixels:
        rgb = to_rgb(patch.pixels)
        return aligned(rgb, self._landmarks.find(rgb, patch.face), self._shape.side)

    def _vector(self, rgb: Pixels) -> NDArray[np.float32]:
        try:
            answer = self._answer(rgb).astype(np.float64).reshape(-1)
        except Exception:  # noqa: BLE001  # onnxruntime's errors have no common class
            raise EngineError("the encoder's model failed at a face; check PORTERO_ENCODER_MODEL") from None
        norm = float(np.linalg.norm(answer))
        # Anything else would be as near to one person as to the next.
        if not np.isfinite(norm) or norm < _LEAST_NORM:
            raise EngineError("the encoder's model answered a face with no vector; check PORTERO_ENCODER_MODEL")
        return (answer / norm).astype(np.float32)

    def _answer(self, rgb: Pixels) -> NDArray[np.float32]:
        """Returns what the network makes of an aligned face."""
        colors = rgb if self._shown.color == "rgb" else rgb[:, :, ::-1]
        values = (colors.astype(np.float32) - np.float32(self._shown.mean)) / np.float32(self._shown.divisor)
        if self._shape.colors_first:
            values = values.transpose(2, 0, 1)
        feed = {self._network.get_inputs()[0].name: np.ascontiguousarray(values[np.newaxis])}
        return np.asarray(self._network.run(None, feed)[0])

    def _checked_shape(self) -> _Shape:
        inputs = self._network.get_inputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)":
            raise self._problem(f"takes {_listed(inputs)}, not one input of 32-bit floats")
        # What is not fixed has a name, or none.
        fixed = [size if isinstance(size, int) else None for size in inputs[0].shape]
        if len(fixed) == 4 and fixed[0] in (1, None):
            for colors_first, colors, sides in ((True, fixed[1], fixed[2:4]), (False, fixed[3], fixed[1:3])):
                rows, columns = (_USUAL_SIDE if size is None else size for size in sides)
                if colors == 3 and rows == columns and rows in _SIDES:
                    return _Shape(rows, colors_first)
        raise self._problem(
            f"takes {_listed(inputs)}, not one face as 1x3x112x112 or 1x112x112x3 (squares of {_SIDES[0]} to "
            f"{_SIDES[-1]} pixels)"
        )

    def _checked_length(self) -> int:
        outputs = self._network.get_outputs()
        if len(outputs) != 1 or outputs[0].type != "tensor(float)":
            raise self._problem(f"returns {_listed(outputs)}, not one vector of 32-bit floats")
        side = self._shape.side
        # The shape that a file claims to return may be missing or wrong: what it does return counts.
        pictures = np.random.default_rng(1).integers(0, 256, (2, side, side, 3), np.uint8)
        try:
            first, second = (self._answer(picture) for picture in pictures)
        except Exception:  # noqa: BLE001  # onnxruntime's errors have no common class
            raise self._problem(f"cannot encode a picture of {side}x{side} pixels") from None
        if first.size not in _LENGTHS or first.shape not in ((1, first.size), (1, first.size, 1, 1)):
            found = "x".join(map(str, first.shape))
            raise self._problem(f"returns {found} numbers, not 1x{_LENGTHS[0]} to 1x{_LENGTHS[-1]}")
        norms = [float(np.linalg.norm(vector)) for vector in (first, second)]
        if not np.isfinite(norms).all() or min(norms) < _LEAST_NORM:
            raise self._problem("returns vectors without a length; its numbers are not sound")
        if np.allclose(first, second):
            raise self._problem("returns the same vector for every picture")
        return int(first.size)

    def _problem(self, what: str) -> StartupProblem:
        return StartupProblem(f"the encoder's model {self._path} {what}; correct PORTERO_ENCODER_MODEL")


def model_version(sha256: str, shown: InputOptions) -> str:
    """Returns the model version of a file's faces: the first digits of its SHA-256, and what it is shown if unusual."""
    version = f"onnx-{sha256[:_DIGITS]}"
    return version if shown == InputOptions() else f"{version}-{shown.color}-{shown.mean:g}-{shown.divisor:g}"


def _load(model: ModelFile) -> Any:
    content = model.verified()
    try:
        return open_network(content, "PORTERO_ENCODER=onnx")
    except UnusableModel:
        raise StartupProblem(
            f"the encoder's model {model.path} is not an ONNX model that onnxruntime can load, or its weights lie in "
            "another file; correct PORTERO_ENCODER_MODEL"
        ) from None


def _listed(values: Sequence[Any]) -> str:
    return " and ".join(f"{value.type} {'x'.join(str(size or '?') for size in value.shape)}" for value in values)
