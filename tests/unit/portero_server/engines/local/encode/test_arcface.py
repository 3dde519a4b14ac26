"""Networks in ONNX files: what they are shown, and which files are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from portero_server.engines.local.encode.alignment import aligned, to_rgb
from portero_server.engines.local.encode.arcface import OnnxEncoder, model_version
from portero_server.engines.local.encode.choice import choose_encoder
from portero_server.engines.local.encode.encoder import FacePatch
from portero_server.engines.local.encode.options import InputOptions
from portero_server.errors import EngineError, StartupProblem
from portero_server.vision.landmarks import LandmarkModel
from portero_server.vision.pixels import Pixels
from tests.support.images.portraits import HOPPER_FACE, hopper
from tests.support.server.onnx_networks import Network, written

_DIGEST = "0123456789ab" + 52 * "c"
_PATCH = FacePatch(hopper(), HOPPER_FACE)


class _Unsound:
    """A network that answers wrongly, or with None fails."""

    def __init__(self, network: Any, answer: NDArray[np.float32] | None) -> None:
        self.get_inputs = network.get_inputs
        self._answer = answer

    def run(self, names: object, feed: object) -> list[NDArray[np.float32]]:
        """Answers."""
        if self._answer is None:
            raise RuntimeError("out of memory")
        return [self._answer]


def hopper_aligned() -> Pixels:
    """Returns what a network should see of the portrait, RGB."""
    rgb = to_rgb(hopper())
    return aligned(rgb, LandmarkModel().find(rgb, HOPPER_FACE), 112)


@pytest.mark.parametrize("colors_first", [True, False], ids=["colors first", "colors last"])
@pytest.mark.parametrize(
    "shown", [InputOptions(), InputOptions(divisor=128.0), InputOptions("bgr", 0.0, 1.0)], ids=["usual", "128", "raw"]
)
def test_a_network_sees_what_it_was_trained_with(tmp_path: Path, colors_first: bool, shown: InputOptions) -> None:
    """Colors come in the order that is set, where the file wants them, less the mean and over the divisor."""
    options = written(tmp_path / "seen.onnx", Network(colors_first=colors_first, answer="seen"))
    [vector] = choose_encoder(replace(options, input=shown)).encode([_PATCH])
    picture = hopper_aligned() if shown.color == "rgb" else hopper_aligned()[:, :, ::-1]
    values = (picture.astype(np.float64) - shown.mean) / shown.divisor
    seen = (values.transpose(2, 0, 1) if colors_first else values).reshape(-1)[:127]
    assert vector / vector[-1] == pytest.approx(np.append(seen, 1.0), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Network(shape=(1, 1, 112, 112), answer="seen"), "takes tensor(float) 1x1x112x112, not one face"),
        (Network(shape=(1, 3, 112, 96), answer="seen"), "takes tensor(float) 1x3x112x96, not one face"),
        (Network(shape=(8, 3, 112, 112)), "takes tensor(float) 8x3x112x112, not one face"),
        (Network(shape=(1, 3, 640, 640), answer="seen"), "takes tensor(float) 1x3x640x640, not one face"),
        (Network(side=28), "squares of 64 to 256 pixels"),
        (Network(kind=TensorProto.UINT8), "takes tensor(uint8) 1x3x112x112, not one input of 32-bit floats"),
        (Network(length=64), "returns 1x64 numbers, not 1x128 to 1x512"),
        (Network(length=1000), "returns 1x1000 numbers, not 1x128 to 1x512"),
        (Network(answer="rows"), "returns 1x3x14x14 numbers, not 1x128 to 1x512"),
        (Network(answer="two"), "not one vector of 32-bit floats"),
        (Network(answer="nan"), "returns vectors without a length"),
        (Network(answer="constant"), "returns the same vector for every picture"),
        (Network(shape=("n", 3, "h", "w"), side=224), "cannot encode a picture of 112x112 pixels"),
    ],
)
def test_a_network_that_encodes_no_faces_is_refused(tmp_path: Path, network: Network, words: str) -> None:
    """The problem is one line with the file, what is wrong with it, and the setting."""
    options = written(tmp_path / "other.onnx", network)
    with pytest.raises(StartupProblem) as problem:
        choose_encoder(options)
    assert words in problem.value.message
    assert f"the encoder's model {tmp_path / 'other.onnx'}" in problem.value.message
    assert problem.value.message.endswith("correct PORTERO_ENCODER_MODEL")
    assert "\n" not in problem.value.message


def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    """What was vetted is used, or nothing: both checksums and the setting are named."""
    options = written(tmp_path / "model.onnx")
    (tmp_path / "model.onnx").write_bytes(b"others")
    with pytest.raises(
        StartupProblem, match=rf"has the SHA-256 [0-9a-f]+, not the {options.sha256} of PORTERO_ENCODER_"
    ):
        choose_encoder(options)


@pytest.mark.parametrize(
    "answer",
    [np.zeros((1, 128), np.float32), np.full((1, 128), np.nan, np.float32), None],
    ids=["zeros", "nan", "none"],
)
def test_an_answer_without_a_vector_names_nobody(tmp_path: Path, answer: NDArray[np.float32] | None) -> None:
    """A network that was sound at the start, and then is not, is an error of the engine, and no face."""
    encoder = choose_encoder(written(tmp_path / "seen.onnx", Network()))
    assert isinstance(encoder, OnnxEncoder)
    encoder._network = _Unsound(encoder._network, answer)
    with pytest.raises(EngineError, match="PORTERO_ENCODER_MODEL"):
        encoder.encode([_PATCH])


def test_the_version_is_of_file_and_input() -> None:
    """Another file, or other numbers shown to it, is another model: its faces are not compared with the first one's."""
    assert model_version(_DIGEST, InputOptions()) == "onnx-0123456789ab"
    assert model_version("f" + _DIGEST[1:], InputOptions()) == "onnx-f123456789ab"
    assert model_version(_DIGEST, InputOptions("bgr")) == "onnx-0123456789ab-bgr-127.5-127.5"
    assert model_version(_DIGEST, InputOptions(divisor=128)) == "onnx-0123456789ab-rgb-127.5-128"


@pytest.mark.parametrize("mean", [0.0, 127.5, 254.9999999])
@pytest.mark.parametrize("divisor", [0.001, 1 / 3, 255.0])
def test_the_longest_version_can_be_stored_beside_a_paid_engine_s(mean: float, divisor: float) -> None:
    """The column holds 63 characters, of which a paid engine's version takes a few."""
    assert len(f"99.99+{model_version(_DIGEST, InputOptions('bgr', mean, divisor))}") <= 63
