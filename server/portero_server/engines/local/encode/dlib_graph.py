"""Builds dlib's face encoder as an ONNX model, which onnxruntime computes some twenty times as fast as dlib does.

The network is the one of dlib's example `dnn_face_recognition_ex.cpp` (a ResNet of 29 convolutions). Its numbers are
dlib's own, so that the encodings are the same but for rounding, and faces enrolled with one are found with the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portero_server.engines.local.encode.dlib_file import Convolution, UnknownLayout, Weights

SIDE = 150
"""Width and height of the pictures that it takes, pixels."""
INPUT = "chips"
LENGTH = 128
"""Numbers of an encoding."""

# What dlib subtracts from red, green and blue, and what it divides by (dlib/dnn/input.h).
_MEAN = (122.782, 117.001, 104.298)
_DIVISOR = 256.0
_STEM = 32
# Filters of each residual block, and whether it halves the picture.
_BLOCKS = (
    *((32, False),) * 3,
    (64, True),
    *((64, False),) * 3,
    (128, True),
    *((128, False),) * 2,
    (256, True),
    *((256, False),) * 2,
    (256, True),
)
_OPSET = 13
_IR_VERSION = 8


def onnx_model(weights: Weights) -> bytes:
    """Returns the encoder as an ONNX file: n x 3 x 150 x 150, RGB in 0..255, to n x 128.

    Raises:
        UnknownLayout: The weights are not those of this network.
        ImportError: The package onnx is missing.
    """
    return _Graph(weights.convolutions).built(weights.projection)


class _Graph:
    """Adds layer after layer; what each returns is the name of its output."""

    def __init__(self, convolutions: Sequence[Convolution]) -> None:
        # Imported late, so that a server without it can say what is missing.
        import onnx

        self._onnx = onnx
        self._convolutions: Iterator[Convolution] = iter(convolutions)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def built(self, projection: NDArray[np.float32]) -> bytes:
        helper = self._onnx.helper
        mean = np.array(_MEAN, np.float32).reshape(1, 3, 1, 1)
        at = self._node("Sub", INPUT, self._constant(mean))
        at = self._node("Mul", at, self._constant(np.array(1.0 / _DIVISOR, np.float32)))
        at = self._node("Relu", self._convolved(at, 3, _STEM, 7, 2))
        at = self._node("MaxPool", at, kernel_shape=[3, 3], strides=[2, 2])
        channels, side = _STEM, _pooled(_pooled(SIDE, 7), 3)
        for filters, halves in _BLOCKS:
            at = self._halved(at, channels, filters, side) if halves else self._block(at, filters)
            channels, side = filters, side // 2 if halves else side
        at = self._node("Flatten", self._node("GlobalAveragePool", at))
        if projection.size != channels * LENGTH or next(self._convolutions, None) is not None:
            raise UnknownLayout("it has other layers")
        at = self._node("MatMul", at, self._constant(projection.reshape(channels, LENGTH)))
        real = self._onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            "dlib-resnet-v1",
            [helper.make_tensor_value_info(INPUT, real, ["n", 3, SIDE, SIDE])],
            [helper.make_tensor_value_info(at, real, ["n", LENGTH])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        return bytes(model.SerializeToString())

    def _block(self, before: str, filters: int) -> str:
        return self._sum(self._twice(before, filters, filters, 1), before)

    def _halved(self, before: str, channels: int, filters: int, side: int) -> str:
        """Adds a block that halves a picture of `side` pixels; where its two ways differ in size, dlib adds zeros."""
        long = self._twice(before, channels, filters, 2)
        short = self._node("AveragePool", before, kernel_shape=[2, 2], strides=[2, 2])
        if filters > channels:
            short = self._padded(short, channels=filters - channels)
        missing = _pooled(side, 2) - _pooled(side, 3)
        return self._sum(self._padded(long, pixels=missing) if missing else long, short)

    def _twice(self, before: str, channels: int, filters: int, stride: int) -> str:
        at = self._node("Relu", self._convolved(before, channels, filters, 3, stride))
        return self._convolved(at, filters, filters, 3, 1)

    def _convolved(self, before: str, channels: int, filters: int, side: int, stride: int) -> str:
        layer = next(self._convolutions, None)
        if layer is None or layer.bias.size != filters or layer.filters.size != filters * channels * side**2:
            raise UnknownLayout("it has other layers")
        # The affine layer after it is folded in.
        weights = layer.filters.reshape(filters, channels, side, side) * layer.gain.reshape(-1, 1, 1, 1)
        bias = layer.bias * layer.gain + layer.shift
        # dlib pads where the picture keeps its size.
        edge = side // 2 if stride == 1 else 0
        kernel = {"kernel_shape": [side, side], "strides": [stride] * 2, "pads": [edge] * 4}
        return self._node("Conv", before, self._constant(weights), self._constant(bias), **kernel)

    def _padded(self, before: str, *, channels: int = 0, pixels: int = 0) -> str:
        ends = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)
        return self._node("Pad", before, self._constant(ends))

    def _sum(self, one: str, other: str) -> str:
        return self._node("Relu", self._node("Add", one, other))

    def _node(self, operation: str, *inputs: str, **attributes: Any) -> str:
        output = f"{operation.lower()}{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operation, list(inputs), [output], **attributes))
        return output

    def _constant(self, values: NDArray[Any]) -> str:
        name = f"constant{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


def _pooled(side: int, window: int) -> int:
    """Returns the side of a picture after a window that moves by two pixels and must fit."""
    return (side - window) // 2 + 1
