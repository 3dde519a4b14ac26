"""Reads the weights of dlib's face encoder from the file in which dlib keeps them.

dlib writes a network from its input to its output, each layer with its name and its parameters (dlib/dnn/core.h and
layers.h). Of this network only three kinds of layers have any: convolutions, affine ones, and the last, which projects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_CONVOLUTION, _AFFINE, _PROJECTION = b"con_4", b"affine_", b"fc_2"
_TENSOR_VERSION = 2
_DIMENSIONS = 4
_SIZE_BITS = 0x0F
_SIGN_BIT = 0x80


class UnknownLayout(ValueError):
    """A file is not laid out as dlib lays out this network."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """The parameters of a convolution and of the affine layer after it.

    Attributes:
        filters: All weights, in the order filter, channel, row, column.
        bias: One for each filter.
        gain, shift: Of the affine layer: one for each filter.
    """

    filters: Floats
    bias: Floats
    gain: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class Weights:
    """The parameters of the network: its convolutions, input first, and the weights of its last layer."""

    convolutions: tuple[Convolution, ...]
    projection: Floats


def read_weights(content: bytes) -> Weights:
    """Returns the parameters in a file's content.

    Raises:
        UnknownLayout: It is cut off, or something else.
    """
    layers = list(_layers(content))
    kinds = [kind for kind, _ in layers]
    pairs = (len(layers) - 1) // 2
    if not pairs or kinds != [_CONVOLUTION, _AFFINE] * pairs + [_PROJECTION]:
        raise UnknownLayout("its layers are others")
    values = [each for _, each in layers]
    return Weights(tuple(map(_convolution, values[:-1:2], values[1:-1:2])), values[-1])


def _convolution(parameters: Floats, affine: Floats) -> Convolution:
    filters = affine.size // 2
    if affine.size % 2 or not 0 < filters < parameters.size:
        raise UnknownLayout("an affine layer does not fit its convolution")
    return Convolution(parameters[:-filters], parameters[-filters:], affine[:filters], affine[filters:])


def _layers(content: bytes) -> Iterator[tuple[bytes, Floats]]:
    """Yields the name and the parameters of each layer that has any, input first."""
    written = {bytes([1, len(name)]) + name: name for name in (_CONVOLUTION, _AFFINE, _PROJECTION)}
    at = 0
    while True:
        found = [(place, mark) for mark in written if (place := content.find(mark, at)) >= 0]
        if not found:
            return
        place, mark = min(found)
        at = place + len(mark)
        if written[mark] == _PROJECTION:
            # How many numbers it returns and takes.
            for _ in range(2):
                _, at = _integer(content, at)
        values, at = _tensor(content, at)
        yield written[mark], values


def _integer(content: bytes, at: int) -> tuple[int, int]:
    """Returns the integer at a place, and where it ends: a byte with its size and sign, then that many bytes."""
    if at >= len(content):
        raise UnknownLayout("it is cut off")
    head = content[at]
    end = at + 1 + (head & _SIZE_BITS)
    value = int.from_bytes(content[at + 1 : end], "little")
    return (-value if head & _SIGN_BIT else value), end


def _tensor(content: bytes, at: int) -> tuple[Floats, int]:
    """Returns the numbers of the tensor at a place, and where it ends."""
    version, at = _integer(content, at)
    sides = []
    for _ in range(_DIMENSIONS):
        side, at = _integer(content, at)
        sides.append(side)
    count = prod(sides)
    end = at + 4 * count
    if version != _TENSOR_VERSION or count <= 0 or end > len(content):
        raise UnknownLayout("its numbers are cut off, or of another version")
    return np.frombuffer(content, "<f4", count, at).astype(np.float32), end
