"""The model file that an operator gives."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from portero_server.errors import StartupProblem
from portero_server.vision.detect.options import detector_model


def test_a_file_with_its_checksum_is_read(tmp_path: Path) -> None:
    """The content is returned, so that what was verified is what is used."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"weights")
    assert detector_model(path, hashlib.sha256(b"weights").hexdigest()).verified() == b"weights"


def test_another_file_is_refused_with_both_checksums(tmp_path: Path) -> None:
    """The message names the setting and what the file's checksum is."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"others")
    with pytest.raises(
        StartupProblem, match=rf"{hashlib.sha256(b'others').hexdigest()}.*PORTERO_DETECTOR_MODEL_SHA256"
    ):
        detector_model(path).verified()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message names the path, the reason and the setting."""
    with pytest.raises(StartupProblem, match=r"gone\.onnx cannot be read \(No such file.*PORTERO_DETECTOR_MODEL"):
        detector_model(tmp_path / "gone.onnx").verified()
