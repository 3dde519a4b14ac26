"""The model file that an operator gives."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from portero_server.errors import StartupProblem
from portero_server.vision.model_file import ModelFile


def test_a_file_with_its_checksum_is_read(tmp_path: Path) -> None:
    """The content is returned, so that what was verified is what is used."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"weights")
    assert ModelFile(path, hashlib.sha256(b"weights").hexdigest(), "encoder").verified() == b"weights"


def test_another_file_is_refused_with_both_checksums(tmp_path: Path) -> None:
    """The message names the setting and what the file's checksum is."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"others")
    found = hashlib.sha256(b"others").hexdigest()
    with pytest.raises(StartupProblem, match=rf"{found}, not the {64 * '0'} of PORTERO_ENCODER_MODEL_SHA256"):
        ModelFile(path, 64 * "0", "encoder").verified()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The message names the path, the reason and the setting."""
    for path, reason in ((tmp_path / "gone.onnx", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(StartupProblem, match=rf"{path.name} cannot be read \({reason}.*PORTERO_ENCODER_MODEL"):
            ModelFile(path, 64 * "0", "encoder").verified()
