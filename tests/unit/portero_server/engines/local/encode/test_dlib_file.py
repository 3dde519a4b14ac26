"""Tests of reading dlib's network files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from portero_server.engines.local.encode.dlib_file import UnknownLayout, read_weights
from portero_server.vision.models import Model, model_path

_TENSOR = b"\x01\x02"


def tensor(values: list[float]) -> bytes:
    """Returns a tensor as dlib writes it."""
    return _TENSOR + bytes([1, len(values)]) + b"\x01\x01" * 3 + np.array(values, "<f4").tobytes()


def layer(name: bytes, *parts: bytes) -> bytes:
    """Returns a layer as dlib writes it."""
    return bytes([1, len(name)]) + name + b"".join(parts)


CONVOLUTION = layer(b"con_4", tensor([1.0, 2.0, 3.0, 4.0, 0.5, 0.25]))
AFFINE = layer(b"affine_", tensor([10.0, 20.0, -1.0, -2.0]))
PROJECTION = layer(b"fc_2", b"\x01\x02", b"\x01\x03", tensor([7.0, 8.0]))


def test_parameters_are_read() -> None:
    """Weights, bias, gain and shift of a convolution come from the two layers that hold them."""
    weights = read_weights(b"header" + CONVOLUTION + b"between" + AFFINE + b"relu" + PROJECTION + b"end")
    (only,) = weights.convolutions
    assert only.filters.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert only.bias.tolist() == [0.5, 0.25]
    assert only.gain.tolist() == [10.0, 20.0]
    assert only.shift.tolist() == [-1.0, -2.0]
    assert weights.projection.tolist() == [7.0, 8.0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        CONVOLUTION,
        CONVOLUTION + AFFINE,
        CONVOLUTION + PROJECTION,
        AFFINE + CONVOLUTION + PROJECTION,
        CONVOLUTION[:-1],
        CONVOLUTION[:8],
        CONVOLUTION.replace(_TENSOR, b"\x01\x03", 1) + AFFINE + PROJECTION,
        CONVOLUTION + layer(b"affine_", tensor([1.0] * 14)) + PROJECTION,
        CONVOLUTION + layer(b"affine_", tensor([1.0])) + PROJECTION,
    ],
)
def test_other_content_is_refused(content: bytes) -> None:
    """What is cut off, or not laid out like this network, is refused."""
    with pytest.raises(UnknownLayout):
        read_weights(content)


def test_whole_file_is_read() -> None:
    """The encoder's file has 29 convolutions and a projection of 256 numbers to 128."""
    weights = read_weights(Path(model_path(Model.ENCODER)).read_bytes())
    assert len(weights.convolutions) == 29
    assert weights.projection.size == 256 * 128
