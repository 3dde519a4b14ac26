"""Computing YuNet, on a stand-in for its network; the trained one is tried in tests/contracts/test_detectors.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from portero_server.errors import StartupProblem
from portero_server.vision.detect.yunet import YunetFinder
from portero_server.vision.model_file import ModelFile
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.server.yunet_of_opencv import assert_same
from tests.support.server.yunet_stand_in import written

_SIZES = ((640, 640), (320, 192), (291, 218), (65, 31), (33, 97), (7, 3), (1, 1))


@pytest.fixture
def model(tmp_path: Path) -> ModelFile:
    """Returns the stand-in's file."""
    return written(tmp_path / "network.onnx")


def _noise(width: int, height: int, seed: int = 1) -> Pixels:
    """Returns a picture of clouds of color, so that cells differ."""
    clouds = np.random.default_rng(seed).integers(0, 256, (-(-height // 8), -(-width // 8), 3), np.uint8)
    return np.asarray(cv2.resize(clouds, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


@pytest.mark.parametrize("min_confidence", [0.3, 0.7, 0.95])
def test_it_finds_what_opencv_finds(model: ModelFile, min_confidence: float) -> None:
    """In pictures of any size, at any confidence, boxes, landmarks and confidences are those of OpenCV."""
    finder = YunetFinder(model)
    counts = [assert_same(finder, model, _noise(width, height), min_confidence) for width, height in _SIZES]
    assert max(counts) > 5


def test_a_search_leaves_nothing_to_the_next(model: ModelFile) -> None:
    """A small picture after a large one is searched as if it were the first; so is one whose memory is not kept."""
    finder = YunetFinder(model)
    for width, height in ((320, 192), (1300, 900), (65, 31), (291, 218)):
        picture = _noise(width, height, seed=width)
        alone = YunetFinder(model).search(picture, 0.7)
        assert [face.left for face in finder.search(picture, 0.7)] == [face.left for face in alone]
        assert_same(finder, model, picture, 0.7)


def test_another_network_is_a_startup_problem(tmp_path: Path) -> None:
    """A model that takes something else is told in one line, with the setting that names it."""
    model = written(tmp_path / "other.onnx", inputs=2)
    with pytest.raises(StartupProblem, match=r"other\.onnx is not a YuNet face detector; correct PORTERO_"):
        YunetFinder(model)
