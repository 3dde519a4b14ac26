"""`portero-server doctor` and `portero-server models`."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_server.composition.detector_commands import Doctor, ModelCommand
from portero_server.errors import StartupProblem
from portero_server.settings import Settings
from tests.support.server.onnx_networks import written


async def test_the_doctor_says_what_finds_faces_and_how_far_away(capsys: pytest.CaptureFixture[str]) -> None:
    """The detector, and for each usual frame the least face and the distance through the lens."""
    await Doctor(90.0)(Settings(detector="hog", detect_min_face=40))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("detector: hog")
    assert "90 degrees" in lines[1]
    assert any("1920x1080" in line and "43 px" in line and "PORTERO_DETECT_PIXELS" in line for line in lines)
    assert any("640x480" in line and "40 px, to 1.2 m" in line for line in lines)


async def test_the_doctor_says_what_encodes_faces(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The encoder and its model version, or in one line why it cannot be used."""
    options = written(tmp_path / "faces.onnx")
    given = Settings(detector="hog", encoder="onnx", encoder_model=options.model, encoder_model_sha256=options.sha256)
    await Doctor(70.0)(given)
    assert capsys.readouterr().out.splitlines()[-1].startswith("encoder: onnx (faces.onnx")
    with pytest.raises(StartupProblem, match="PORTERO_ENCODER_MODEL"):
        await Doctor(70.0)(Settings(detector="hog", encoder="onnx"))


async def test_an_encoder_s_file_is_listed_and_verified(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The file comes with those of the packages, and a changed one fails."""
    options = written(tmp_path / "faces.onnx")
    given = Settings(encoder="onnx", encoder_model=options.model, encoder_model_sha256=options.sha256)
    await ModelCommand(verify=True)(given)
    *_, listed, sound = capsys.readouterr().out.splitlines()
    assert listed.split() == ["onnx", options.sha256, str(options.model)]
    assert "sound" in sound
    (tmp_path / "faces.onnx").write_bytes(b"others")
    with pytest.raises(StartupProblem, match="PORTERO_ENCODER_MODEL_SHA256"):
        await ModelCommand(verify=True)(given)


async def test_the_models_are_listed_with_their_checksums(capsys: pytest.CaptureFixture[str]) -> None:
    """Each file that is read, by name, checksum and path."""
    await ModelCommand(verify=False)(Settings())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["landmarks", "encoder"]
    assert all(len(line.split()[1]) == 64 and line.endswith(".dat") for line in lines)


async def test_a_model_that_is_not_what_it_should_be_fails(tmp_path: Path) -> None:
    """Verifying ends with the checksum that was found."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"others")
    with pytest.raises(StartupProblem, match="SHA-256"):
        await ModelCommand(verify=True)(Settings(detector_model=path))


async def test_a_model_that_is_missing_fails_the_list_too(tmp_path: Path) -> None:
    """A path without a file is named."""
    with pytest.raises(StartupProblem, match=r"gone\.onnx cannot be read"):
        await ModelCommand(verify=False)(Settings(detector_model=tmp_path / "gone.onnx"))
