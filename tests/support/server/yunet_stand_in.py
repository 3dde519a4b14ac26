"""A network with YuNet's input and answers that finds "faces" in any noise: the trained one is not shipped."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from portero_server.vision.detect.options import detector_model
from portero_server.vision.model_file import ModelFile

_OPSET, _IR = 11, 6
_SIDE = 640
_LENGTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
# The mean color of a cell, 0..255, becomes numbers of about these sizes: one cell in some is a face.
_SPREAD = {"cls": 0.4, "obj": 0.4, "bbox": 0.02, "kps": 0.02}


def written(path: Path, *, inputs: int = 1) -> ModelFile:
    """Writes the network into a file, with so many inputs, of which one is used."""
    content = network(inputs=inputs)
    path.write_bytes(content)
    return detector_model(path, hashlib.sha256(content).hexdigest())


def network(*, inputs: int = 1, shape: tuple[int, ...] = (1, 3, _SIDE, _SIDE)) -> bytes:
    """Returns the file: each cell's mean color, times a fixed matrix."""
    chance = np.random.default_rng(5)
    nodes, outputs, constants = [], [], []
    for stride in (8, 16, 32):
        nodes.append(
            helper.make_node(
                "AveragePool", ["input"], [f"mean_{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2
            )
        )
        for what, length in _LENGTHS.items():
            name = f"{what}_{stride}"
            weights = chance.normal(0.0, _SPREAD[what], (length, 3, 1, 1)).astype(np.float32)
            # As much above the middle of the colors as below it, and fewer faces than cells.
            bias = -127.5 * weights.sum(axis=(1, 2, 3)) - (1.0 if what in ("cls", "obj") else 0.0)
            constants += [
                numpy_helper.from_array(weights, f"{name}_weights"),
                numpy_helper.from_array(bias.astype(np.float32), f"{name}_bias"),
                numpy_helper.from_array(np.array([1, -1, length]), f"{name}_shape"),
            ]
            last = f"{name}_rows" if length == 1 else name
            nodes += [
                helper.make_node(
                    "Conv",
                    [f"mean_{stride}", f"{name}_weights", f"{name}_bias"],
                    [f"{name}_map"],
                    kernel_shape=[1, 1],
                ),
                helper.make_node("Transpose", [f"{name}_map"], [f"{name}_last"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"{name}_last", f"{name}_shape"], [last]),
            ]
            if length == 1:
                nodes.append(helper.make_node("Sigmoid", [last], [name]))
            cells = (_SIDE // stride) ** 2
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, cells, length]))
    names = ["input", *(f"unused_{number}" for number in range(1, inputs))]
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names],
        outputs,
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    if len(shape) == 4:
        # As the trained one's file has it: what the layers return is written down for the fixed size.
        model = onnx.shape_inference.infer_shapes(model)
    return bytes(model.SerializeToString())
