"""`portero gallery`: everybody out to a folder, and in again."""

from __future__ import annotations

import json
from pathlib import Path

import grpc
import numpy as np
import pytest

from portero_cli.commands.gallery import labels_of
from tests.support.client.command_line import Cli
from tests.support.client.gallery_files import encodings_folder
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.unit.portero_cli.commands.test_people import write


async def test_encodings_come_in_and_go_out_in_both_layouts(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """What was imported is exported with the same numbers and names, and importing that adds nothing."""
    source = encodings_folder(tmp_path / "in", {"Bo": [1], "Ana": [0, 2]}, 3)
    result = await cli("gallery", "import", source)
    assert result.code == 0
    assert result.out == "2 people added, 0 existed, 0 refused; 3 faces added, 0 were there already\n"
    rows = np.load(source / "encodings.npy").astype(np.float32)
    for layout in ([], ["--labels-as-dict"]):
        out = tmp_path / f"out{len(layout)}"
        told = await cli("gallery", "export", out, "--encodings", *layout)
        assert (told.code, told.out) == (0, f"{out}: 3 encodings of 2 people\n")
        assert "biometric data of everybody" in told.err
        exported = np.load(out / "encodings.npy")
        assert exported.dtype == np.float64
        assert np.array_equal(exported, rows[[0, 2, 1]])
        labels = json.loads((out / "labels.json").read_text())
        assert labels == ({"Ana": [0, 1], "Bo": [2]} if layout else ["Ana", "Ana", "Bo"])
        again = await cli("gallery", "import", out)
        assert again.out == "0 people added, 2 existed, 0 refused; 0 faces added, 3 were there already\n"
        assert {path.stat().st_mode & 0o777 for path in (out / "encodings.npy", out / "labels.json")} == {0o600}


async def test_a_gallery_is_restored_on_an_empty_server(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """Everybody of the folder is there again, and a second import of it adds nothing."""
    await cli("gallery", "import", encodings_folder(tmp_path / "in", [f"p {number:03}" for number in range(700)], 700))
    told = await cli("gallery", "export", tmp_path / "out")
    assert told.out == f"{tmp_path / 'out'}: 700 people, 700 faces of fake dlib-resnet-v1\n"
    before = {name: list(record.faces) for name, record in server.gallery.records.items()}
    server.gallery.records.clear()
    result = await cli("gallery", "import", tmp_path / "out", "--json")
    assert result.code == 0
    assert (result.document["imported"]["created"], result.document["imported"]["added_faces"]) == (700, 700)
    assert {name: list(record.faces) for name, record in server.gallery.records.items()} == before
    assert server.calls["ImportPeople"] == 4


async def test_faces_of_another_model_are_left_out_and_enrolled_from_photos(
    cli: Cli, server: FakeServer, tmp_path: Path
) -> None:
    """On a server with another model people come without faces, that is told, and --photos enrolls them anew."""
    await cli("gallery", "import", encodings_folder(tmp_path / "in", ["Ana", "Bo"], 2))
    await cli("gallery", "export", tmp_path / "out")
    server.gallery.records.clear()
    server.gallery.model_version = "other"
    result = await cli("gallery", "import", tmp_path / "out")
    assert result.code == 4
    assert "2 faces were left out: 2 are of another face model than the server's" in result.out
    assert "2 people added, 0 existed, 0 refused; 0 faces added" in result.out
    for person in ("Ana", "Bo"):
        write(tmp_path / "photos", f"{person}/1.jpg", photo(person))
    write(tmp_path / "photos", "zoe/1.jpg", photo("zoe"))
    result = await cli("gallery", "import", tmp_path / "out", "--photos", tmp_path / "photos")
    assert result.code == 4
    assert "zoe: left out: it is nobody's who was imported" in result.out
    assert "2 photos: 2 enrolled of 2 people, 0 refused, 1 file or folder left out" in result.out


async def test_an_engine_that_takes_no_encodings_says_so(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """The server's line is the error, and nobody was added."""
    words = "the engine rekognition keeps its faces itself and takes no encodings; import photos instead"
    server.refuse("ImportPeople", Refusal(grpc.StatusCode.FAILED_PRECONDITION, words, reason="ENCODINGS_NOT_TAKEN"))
    result = await cli("gallery", "import", encodings_folder(tmp_path / "in", ["Ana"], 1))
    assert (result.code, result.err, server.gallery.records) == (7, f"error: {words}\n", {})


async def test_encodings_that_are_none_of_the_model_stop_the_import(
    cli: Cli, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When none of the first people has encodings of the server's model, one line says so."""
    monkeypatch.setattr("tests.support.client.gallery.ENCODING_BYTES", 4)
    result = await cli("gallery", "import", encodings_folder(tmp_path / "in", ["Ana", "Bo"], 2))
    assert (result.code, server.gallery.records) == (7, {})
    assert "nobody was imported: none of the first 2 people has encodings of dlib-resnet-v1" in result.err
    wrong = await cli("gallery", "import", encodings_folder(tmp_path / "512", ["Ana"], 1, length=512))
    assert (wrong.code, "they are of another face model" in wrong.err) == (4, True)


async def test_people_of_one_name_are_told_apart_by_their_ids() -> None:
    """Labels of two people with one name have the id behind it, so that they do not become one."""
    owners = [("people/ana", "Ana"), ("people/ana-2", "Ana"), ("people/bo", "Bo"), ("people/ana", "Ana")]
    assert labels_of(owners) == ["Ana (ana)", "Ana (ana-2)", "Bo", "Ana (ana)"]
