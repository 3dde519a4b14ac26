"""Finding dlib and its models."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from portero_server.errors import StartupProblem
from portero_server.vision.detect.hog import HogFinder
from portero_server.vision.models import Model, load_model, model_path


@pytest.mark.parametrize("model", list(Model))
def test_models_are_found_without_importing_their_package(model: Model) -> None:
    """The files are there, and the package that carries them was not imported."""
    assert Path(model_path(model)).is_file()
    assert "face_recognition_models" not in sys.modules


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package start-up ends in one line that names it and the remedy."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StartupProblem, match=r"face_recognition_models.*pip install 'portero\[local\]'"):
        model_path(Model.ENCODER)


def test_a_missing_file_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package without the model file is named by the file's path."""
    spec = ModuleSpec("face_recognition_models", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(StartupProblem, match=r"shape_predictor_5_face_landmarks\.dat is missing"):
        model_path(Model.LANDMARKS)


def test_a_damaged_file_says_so() -> None:
    """A model file that the library cannot read ends start-up in one line."""

    def make(path: str) -> None:
        raise RuntimeError("deserialization failed")

    with pytest.raises(StartupProblem, match=r"landmarks\.dat is damaged"):
        load_model(make, Model.LANDMARKS)


def test_a_detector_without_dlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector cannot be made without dlib, and the message says so."""
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(StartupProblem, match=r"dlib.*pip install 'portero\[local\]'"):
        HogFinder()
