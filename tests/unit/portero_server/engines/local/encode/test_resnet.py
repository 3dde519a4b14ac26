"""Tests of dlib's encoder as onnxruntime computes it."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from portero_server.engines.local.encode import resnet
from portero_server.engines.local.encode.dlib_graph import INPUT, LENGTH, SIDE
from portero_server.engines.local.encode.resnet import check_libraries, open_resnet
from portero_server.errors import StartupProblem
from portero_server.vision import models
from portero_server.vision.models import Model, load_dlib, load_model, model_path
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.images.portraits import collins, hopper


def chips() -> list[Pixels]:
    """Returns pictures of the size that the network takes."""
    return [np.asarray(cv2.resize(each, (SIDE, SIDE)), np.uint8) for each in (collins(), hopper())]


def test_encodings_are_dlibs_own() -> None:
    """The encodings of onnxruntime are those of dlib, but for rounding, alone and in a batch."""
    dlib_network = load_model(load_dlib().face_recognition_model_v1, Model.ENCODER)
    expected = np.array(dlib_network.compute_face_descriptor(chips(), 0))
    network = open_resnet()
    pictures = np.stack(chips()).transpose(0, 3, 1, 2).astype(np.float32)
    together = network.run(None, {INPUT: pictures})[0]
    alone = [network.run(None, {INPUT: picture[np.newaxis]})[0][0] for picture in pictures]
    assert together.shape == (2, LENGTH)
    np.testing.assert_allclose(together, expected, atol=1e-5)
    np.testing.assert_allclose(alone, expected, atol=1e-5)


@pytest.mark.parametrize("kept", [0, 100, 1_000_000, 22_400_000])
def test_damaged_file_is_told(kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of weights that was cut off is a readable start-up problem."""
    file = tmp_path / "cut.dat"
    file.write_bytes(Path(model_path(Model.ENCODER)).read_bytes()[:kept])
    monkeypatch.setattr(models, "model_path", lambda model: str(file))
    with pytest.raises(StartupProblem, match=r"cut\.dat is damaged; reinstall it"):
        open_resnet()


@pytest.mark.parametrize("library", ["onnx", "onnxruntime"])
def test_missing_library_is_told(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is missing is named, with what installs it."""
    real = importlib.import_module

    def without(name: str) -> object:
        if name == library:
            raise ImportError(f"No module named '{name}'")
        return real(name)

    monkeypatch.setattr(importlib, "import_module", without)
    for use in (check_libraries, resnet.open_resnet):
        with pytest.raises(StartupProblem, match=rf"^{library}, which the face encoder needs, .*portero\[local\]"):
            use()
