"""Lets YuNet's network take a picture of any size: its file fixes 640 x 640, though no layer depends on that."""

from __future__ import annotations

from portero_server.vision.runtime import UnusableModel, load_library

_SHAPE = 4
_ROWS, _COLUMNS = 2, 3
PURPOSE = "the detector yunet"
"""What needs the libraries, for messages."""


def any_size(content: bytes) -> bytes:
    """Returns the model in a file's content with an input of 1 x 3 x any height x any width.

    Raises:
        UnusableModel: It is not a model, or takes something other than one picture.
        StartupProblem: The package onnx is missing.
    """
    onnx = load_library("onnx", PURPOSE)
    try:
        model = onnx.load_model_from_string(content)
    except Exception:  # noqa: BLE001  # of protobuf, which is not for this package to know
        raise UnusableModel("it is not an ONNX model") from None
    graph = model.graph
    if len(graph.input) != 1:
        raise UnusableModel(f"it has {len(graph.input)} inputs, not one")
    sides = graph.input[0].type.tensor_type.shape.dim
    if len(sides) != _SHAPE:
        raise UnusableModel(f"its input has {len(sides)} dimensions, not {_SHAPE}")
    sides[_ROWS].dim_param, sides[_COLUMNS].dim_param = "height", "width"
    # What the layers return was written down for the fixed size, and the runtime would plan its memory by that.
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    return bytes(model.SerializeToString())
