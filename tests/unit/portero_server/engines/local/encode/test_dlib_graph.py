"""Tests of dlib's encoder as an ONNX model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from portero_server.engines.local.encode.dlib_file import UnknownLayout, Weights, read_weights
from portero_server.engines.local.encode.dlib_graph import INPUT, LENGTH, SIDE, onnx_model
from portero_server.vision.models import Model, model_path


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Returns the weights of dlib's file."""
    return read_weights(Path(model_path(Model.ENCODER)).read_bytes())


def test_model_is_sound(weights: Weights) -> None:
    """The model passes ONNX's own checker, and its shapes are those that are promised."""
    model = onnx.load_from_string(onnx_model(weights))
    onnx.checker.check_model(model, full_check=True)
    (taken,), (returned,) = model.graph.input, model.graph.output
    assert taken.name == INPUT
    assert [side.dim_value or side.dim_param for side in taken.type.tensor_type.shape.dim] == ["n", 3, SIDE, SIDE]
    assert [side.dim_value or side.dim_param for side in returned.type.tensor_type.shape.dim] == ["n", LENGTH]


def test_other_networks_are_refused(weights: Weights) -> None:
    """Weights of a network with fewer, more, or other layers are refused."""
    layers = weights.convolutions
    others = [
        replace(weights, convolutions=layers[:-1]),
        replace(weights, convolutions=(*layers, layers[-1])),
        replace(weights, convolutions=(layers[1], *layers[1:])),
        replace(weights, projection=weights.projection[:-1]),
    ]
    for other in others:
        with pytest.raises(UnknownLayout):
            onnx_model(other)
