"""Small networks in ONNX files, made by the tests: no trained encoder may be shipped."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from portero_server.domain.detection.geometry import Box
from portero_server.engines.local.encode.alignment import aligned, to_rgb
from portero_server.engines.local.encode.options import EncoderOptions, InputOptions
from portero_server.vision.landmarks import LandmarkModel
from portero_server.vision.pixels import Pixels
from tests.support.images.portraits import COLLINS_FACE, HOPPER_FACE, collins, hopper

_TILES = 14
_OPSET = 17
_IR = 8


@dataclass(frozen=True, slots=True)
class Network:
    """What a network takes and returns.

    Attributes:
        side: Width and height of what it takes, pixels; more than 14, and a multiple of it.
        shape: What its input claims to be; None: 1 x 3 x side x side, or colors last.
        colors_first: Whether colors come before rows and columns.
        length: Numbers it returns.
        kind: Type of its input.
        answer: "vector"; "seen": what it was shown, the first 127 numbers of it and a one; or what is wrong with it:
            "rows" (one a tile), "constant", "nan", "two" (outputs).
        taught: Whether it was shown two people, and so tells them apart; otherwise it returns what it sees, mixed.
    """

    side: int = 112
    shape: tuple[int | str, ...] | None = None
    colors_first: bool = True
    length: int = 128
    kind: int = TensorProto.FLOAT
    answer: str = "vector"
    taught: bool = False


def written(path: Path, network: Network | None = None) -> EncoderOptions:
    """Writes a network into a file, and returns the options that use it."""
    content = _model(Network() if network is None else network)
    path.write_bytes(content)
    return EncoderOptions("onnx", path, hashlib.sha256(content).hexdigest())


def _model(network: Network) -> bytes:
    """Returns the file: the mean color of 14 x 14 tiles, made even in light and contrast, times a fixed matrix."""
    side = network.side
    usual: tuple[int | str, ...] = (1, 3, side, side) if network.colors_first else (1, side, side, 3)
    tile = side // _TILES
    nodes = [
        helper.make_node("AveragePool", ["planes"], ["tiles"], kernel_shape=[tile, tile], strides=[tile, tile]),
        helper.make_node("InstanceNormalization", ["tiles", "one", "zero"], ["even"], epsilon=1e-4),
        helper.make_node("Flatten", ["even"], ["row"], axis=1),
        helper.make_node("Sub", ["row", "middle"], ["apart"]),
        helper.make_node("MatMul", ["apart", "matrix"], ["face"]),
    ]
    turn = [0, 1, 2, 3] if network.colors_first else [0, 3, 1, 2]
    nodes.insert(0, helper.make_node("Transpose", ["floats"], ["planes"], perm=turn))
    nodes.insert(0, helper.make_node("Cast", ["picture"], ["floats"], to=TensorProto.FLOAT))
    outputs = [
        helper.make_tensor_value_info("face", TensorProto.FLOAT, [None] * (4 if network.answer == "rows" else 2))
    ]
    if network.answer == "rows":
        nodes[-3:] = [helper.make_node("Identity", ["even"], ["face"])]
    elif network.answer == "seen":
        nodes = [
            helper.make_node("Flatten", ["picture"], ["all"], axis=1),
            helper.make_node("Slice", ["all", "first", "last", "axis"], ["seen"]),
            helper.make_node("Concat", ["seen", "column"], ["face"], axis=1),
        ]
    elif network.answer == "constant":
        nodes.append(helper.make_node("Mul", ["face", "none"], ["nothing"]))
        nodes.append(helper.make_node("Add", ["nothing", "ones"], ["same"]))
        outputs = [helper.make_tensor_value_info("same", TensorProto.FLOAT, [None, None])]
    elif network.answer == "nan":
        nodes.append(helper.make_node("Div", ["face", "none"], ["unsound"]))
        outputs = [helper.make_tensor_value_info("unsound", TensorProto.FLOAT, [None, None])]
    elif network.answer == "two":
        outputs.append(helper.make_tensor_value_info("row", TensorProto.FLOAT, [None, None]))
    constants = {
        "one": np.ones(3, np.float32),
        "zero": np.zeros(3, np.float32),
        "middle": _middle(side) if network.taught else np.zeros(3 * _TILES**2, np.float32),
        "matrix": _matrix(network.length),
        "none": np.zeros(1, np.float32),
        "ones": np.ones(1, np.float32),
        "column": np.ones((1, 1), np.float32),
        "first": np.array([0]),
        "last": np.array([127]),
        "axis": np.array([1]),
    }
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("picture", network.kind, network.shape or usual)],
        outputs,
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _matrix(length: int) -> NDArray[np.float32]:
    matrix = np.random.default_rng(7).normal(0.0, 0.04, (3, _TILES, _TILES, length))
    # A face and its mirror image are one person's.
    return np.asarray((matrix + matrix[:, :, ::-1]).reshape(-1, length), np.float32)


def _middle(side: int) -> NDArray[np.float32]:
    """Returns what is between the two people that the network was shown."""
    shown: Sequence[tuple[Pixels, Box]] = ((collins(), COLLINS_FACE), (hopper(), HOPPER_FACE))
    landmarks, rows = LandmarkModel(), []
    for portrait, face in shown:
        rgb = to_rgb(portrait)
        chip = aligned(rgb, landmarks.find(rgb, face), side)
        values = (chip.astype(np.float32) - InputOptions().mean) / InputOptions().divisor
        tiles = values.reshape(_TILES, side // _TILES, _TILES, side // _TILES, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
        even = (tiles - tiles.mean(axis=(1, 2), keepdims=True)) / tiles.std(axis=(1, 2), keepdims=True)
        rows.append(even.reshape(-1))
    return np.asarray(np.mean(rows, axis=0), np.float32)
