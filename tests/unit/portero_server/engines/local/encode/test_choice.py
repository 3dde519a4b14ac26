"""Choosing what encodes faces."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from portero_server.engines.local.encode.choice import choose_encoder, tried_encoder
from portero_server.engines.local.encode.options import EncoderOptions
from portero_server.errors import StartupProblem
from tests.support.server.onnx_networks import written


def test_dlib_is_the_default() -> None:
    """Without a setting nothing changes for people who are enrolled."""
    assert tried_encoder(EncoderOptions()).version == "dlib-resnet-v1"


def test_a_file_is_used_under_its_own_version(tmp_path: Path) -> None:
    """The first digits of its checksum name the model."""
    options = written(tmp_path / "model.onnx")
    traits = tried_encoder(options)
    assert options.sha256 is not None
    assert traits.version == f"onnx-{options.sha256[:12]}"
    assert traits.model == f"model.onnx (SHA-256 {options.sha256[:12]}…)"


def test_onnx_needs_a_file() -> None:
    """The message names the setting."""
    with pytest.raises(StartupProblem, match="PORTERO_ENCODER=onnx needs the file of its model; set PORTERO_ENCODER_M"):
        choose_encoder(EncoderOptions("onnx"))


def test_a_file_needs_its_checksum_and_the_message_tells_it(tmp_path: Path) -> None:
    """Nothing is used that was not vetted, and what to set is there to be copied."""
    options = written(tmp_path / "model.onnx")
    with pytest.raises(StartupProblem, match=f"PORTERO_ENCODER_MODEL_SHA256 to {options.sha256} if .*model.onnx is"):
        choose_encoder(replace(options, sha256=None))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Path, reason and setting are told."""
    options = EncoderOptions("onnx", tmp_path / "gone.onnx", 64 * "0")
    with pytest.raises(StartupProblem, match=r"gone\.onnx cannot be read \(No such file.*PORTERO_ENCODER_MODEL"):
        choose_encoder(options)


@pytest.mark.parametrize("content", [b"", b"no network", bytes(range(256)) * 40], ids=["empty", "text", "noise"])
def test_a_file_that_is_no_model_is_a_startup_problem(tmp_path: Path, content: bytes) -> None:
    """With the right checksum of the wrong file, start-up ends in one line."""
    options = written(tmp_path / "model.onnx")
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(StartupProblem) as told:
        choose_encoder(replace(options, sha256=None))
    digest = told.value.message.partition("SHA256 to ")[2].partition(" ")[0]
    with pytest.raises(StartupProblem, match=r"model\.onnx is not an ONNX model that onnxruntime can load") as problem:
        choose_encoder(replace(options, sha256=digest))
    assert "\n" not in problem.value.message


def test_a_file_that_would_not_be_used_is_told(tmp_path: Path) -> None:
    """Whoever gives a file wants it used: forgetting PORTERO_ENCODER is no silent dlib."""
    with pytest.raises(StartupProblem, match="PORTERO_ENCODER=dlib does not use it; set PORTERO_ENCODER=onnx"):
        tried_encoder(EncoderOptions("dlib", tmp_path / "model.onnx"))


def test_a_missing_runtime_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without onnxruntime the message says what to install."""
    options = written(tmp_path / "model.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(StartupProblem, match=r"onnxruntime.*pip install 'portero\[local\]'"):
        choose_encoder(options)
