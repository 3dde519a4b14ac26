"""What `portero-server check` says of the encoder and of faces that it cannot be compared with."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_server.composition.encoder_report import encoder_line, faces_lines
from portero_server.domain.people.people import FaceModel
from portero_server.errors import StartupProblem
from portero_server.settings import Settings
from tests.support.server.onnx_networks import written


def test_the_encoder_is_named_with_its_model(tmp_path: Path) -> None:
    """Name, file, numbers a face and the model version that faces are stored with."""
    options = written(tmp_path / "faces.onnx")
    settings = Settings(encoder="onnx", encoder_model=options.model, encoder_model_sha256=options.sha256)
    digits = (options.sha256 or "")[:12]
    assert encoder_line(settings) == (
        f"encoder: onnx (faces.onnx (SHA-256 {digits}…)), 128 numbers a face, model version onnx-{digits}"
    )
    assert "model version dlib-resnet-v1" in encoder_line(Settings())


def test_an_encoder_that_cannot_be_used_is_a_problem(tmp_path: Path) -> None:
    """As it would be at the start."""
    with pytest.raises(StartupProblem, match="PORTERO_ENCODER_MODEL"):
        encoder_line(Settings(encoder="onnx", encoder_model=tmp_path / "gone.onnx", encoder_model_sha256=64 * "0"))


def test_an_engine_that_compares_by_itself_has_none() -> None:
    """A paid engine without the local one behind it encodes nothing here."""
    assert encoder_line(Settings(engine="rekognition", local_backing=False)).startswith("encoder: none")
    assert encoder_line(Settings(engine="rekognition")).startswith("encoder: dlib")


def test_faces_of_other_models_are_told_with_what_to_do() -> None:
    """One line a model that cannot be compared; without such, only how many faces there are."""
    used, other = FaceModel("local", "onnx-0123456789ab"), FaceModel("local", "dlib-resnet-v1")
    assert list(faces_lines({used: 3}, used)) == ["faces: 3 of this model"]
    ours, line = faces_lines({other: 12}, used)
    assert ours == "faces: 0 of this model"
    assert line.startswith("  12 of local dlib-resnet-v1, which are not compared; enroll these people again")
