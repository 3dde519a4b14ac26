"""`portero faces`: what is told of the collection, and teaching again whose faces it has lost."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from tests.support.client.command_line import Cli
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.unit.portero_cli.commands.test_people import write


@pytest.fixture
async def folder(cli: Cli, tmp_path: Path) -> Path:
    """A folder with the photos of Ana (two), Bo and Cy, all of whom were imported from it."""
    photos = tmp_path / "photos"
    write(photos / "Ana Díaz", "1.jpg", photo("ana"))
    write(photos / "Ana Díaz", "2.jpg", photo("ana", quality=0.8))
    write(photos / "bo", "1.jpg", photo("bo"))
    write(photos / "cy", "1.jpg", photo("cy"))
    assert (await cli("people", "import", photos)).code == 0
    return photos


def _faces(server: FakeServer, person: str) -> list[str]:
    return list(server.gallery.known[f"people/{person}"].faces)


async def test_a_sound_gallery_is_told_with_its_counts(cli: Cli, folder: Path) -> None:
    """When nothing is wrong the code is 0, for people and for programs."""
    result = await cli("faces", "check")
    assert result.code == 0
    assert "SOUND" in result.out
    document = (await cli("faces", "check", "--json")).document
    assert (document["report"]["state"], document["report"]["stored_faces"], document["people"]) == ("sound", 4, [])


async def test_lost_faces_are_told_with_whose_they_are(cli: Cli, server: FakeServer, folder: Path) -> None:
    """Who lost some faces and who lost all is told apart, and the code is 1; what was found last needs no list."""
    server.gallery.lost = {_faces(server, "ana-diaz")[0], *_faces(server, "bo")}
    result = await cli("faces", "check")
    assert result.code == 1
    assert "INCOMPLETE" in result.out
    assert "Ana Díaz (ana-diaz): 1 of 2 faces is lost" in result.out
    assert "Bo (bo): the only face is lost, so they are not recognized" in result.out
    assert (await cli("faces", "check", "--last-known", "--json")).document["people"] == []


async def test_people_are_taught_again_from_the_folder_they_came_from(
    cli: Cli, server: FakeServer, folder: Path
) -> None:
    """After the collection was emptied one command teaches everybody again, and enrolls nothing twice."""
    before = {person: _faces(server, person) for person in ("ana-diaz", "bo", "cy")}
    server.gallery.lost = {face for faces in before.values() for face in faces}
    result = await cli("faces", "repair", "--photos", folder)
    assert result.code == 0
    assert "Ana Díaz (ana-diaz): 2 of 2 photos enrolled" in result.out
    assert "SOUND" in result.out
    assert {person: _faces(server, person) for person in before} == before


async def test_a_lost_collection_is_created_first(cli: Cli, server: FakeServer, folder: Path) -> None:
    """Where there is no collection it is created, and then everybody is taught again."""
    server.gallery.collection_gone = True
    result = await cli("faces", "repair", "--photos", folder, "--json")
    assert result.code == 0
    document = result.document
    assert document["created"] is True
    assert [each["person"] for each in document["retaught"]] == ["people/ana-diaz", "people/bo", "people/cy"]
    assert document["report"]["state"] == "sound"


async def test_people_who_need_nothing_are_passed_over(cli: Cli, server: FakeServer, folder: Path) -> None:
    """Only whose faces are lost is taught; strangers to the gallery are not added."""
    server.gallery.lost = set(_faces(server, "bo"))
    write(folder / "Dan", "1.jpg", photo("dan"))
    result = await cli("faces", "repair", "--photos", folder, "--json")
    assert result.code == 0
    assert [each["person"] for each in result.document["retaught"]] == ["people/bo"]
    assert "people/dan" not in server.gallery.known


async def test_faces_of_photos_that_are_gone_make_room_for_the_new_ones(
    cli: Cli, server: FakeServer, folder: Path, tmp_path: Path
) -> None:
    """From other photos, in a folder named with the id, a person is known again, and the lost faces are removed."""
    server.gallery.lost = set(_faces(server, "ana-diaz"))
    other = tmp_path / "other"
    write(other / "ana-diaz", "new.jpg", photo("ana", quality=0.6))
    result = await cli("faces", "repair", "--photos", other)
    assert result.code == 0
    assert "1 of 1 photos enrolled; 2 lost faces of other photos removed" in result.out
    assert len(_faces(server, "ana-diaz")) == 1


async def test_whoever_has_no_usable_photo_is_still_missed(
    cli: Cli, server: FakeServer, folder: Path, tmp_path: Path
) -> None:
    """A photo without a face removes nothing and ends with 4; people without a folder are named, with 1."""
    server.gallery.lost = {*_faces(server, "bo"), *_faces(server, "cy")}
    other = tmp_path / "other"
    write(other / "bo", "room.jpg", photo())
    result = await cli("faces", "repair", "--photos", other)
    assert result.code == 4
    assert "room.jpg: no face was found in the image" in result.out
    assert "Cy (cy): the only face is lost, so they are not recognized; no folder has their photos" in result.out
    assert len(_faces(server, "bo")) == 1
    assert (await cli("faces", "repair")).code == 1


async def test_a_folder_of_another_persons_name_is_not_theirs(
    cli: Cli, server: FakeServer, folder: Path, tmp_path: Path
) -> None:
    """A name that makes the same id as somebody with another display name teaches nobody."""
    server.gallery.lost = set(_faces(server, "ana-diaz"))
    other = tmp_path / "other"
    write(other / "Ana  Diaz", "1.jpg", photo("eva"))
    write(other / "李", "1.jpg", photo("eva"))
    write(other / "!!", "1.jpg", photo("eva"))
    result = await cli("faces", "repair", "--photos", other, "--json")
    assert (result.code, result.document["retaught"]) == (1, [])


async def test_foreign_faces_are_removed_only_on_request(cli: Cli, server: FakeServer, folder: Path) -> None:
    """Without the option they stay; with it they go after a question, which a script answers beforehand."""
    server.gallery.foreign = 3
    assert (await cli("faces", "repair")).code == 1
    assert server.gallery.foreign == 3
    assert (await cli("faces", "repair", "--remove-foreign")).code != 0
    assert server.gallery.foreign == 3
    result = await cli("faces", "repair", "--remove-foreign", "--yes")
    assert result.code == 0
    assert "3 foreign faces removed" in result.out


async def test_a_server_that_fails_in_the_middle_leaves_a_report(cli: Cli, server: FakeServer, folder: Path) -> None:
    """What was done is told, and the error ends the command with its own code."""
    server.gallery.lost = set(_faces(server, "bo"))
    server.refuse("EnrollFace", Refusal(grpc.StatusCode.PERMISSION_DENIED, "no", reason="ROLE"))
    result = await cli("faces", "repair", "--photos", folder)
    assert result.code == 6
    assert "INCOMPLETE" in result.out


async def test_a_folder_that_is_not_there_is_told_before_anything_is_done(cli: Cli, tmp_path: Path) -> None:
    """A mistyped folder ends with 4."""
    result = await cli("faces", "repair", "--photos", tmp_path / "typo")
    assert result.code == 4
    assert "is not a folder" in result.err


async def test_the_doctor_has_a_line_for_it(cli: Cli, server: FakeServer, folder: Path) -> None:
    """The state is told without comparing; as the rest is recognized, it does not fail the doctor."""
    assert "sound: 0 of 4" in (await cli("doctor")).out
    server.gallery.lost = set(_faces(server, "bo"))
    result = await cli("doctor")
    assert result.code == 0
    assert "INCOMPLETE: 1 of 4 stored faces" in result.out
    assert "portero faces check" in result.out
    server.refuse("CheckFaces", Refusal(grpc.StatusCode.PERMISSION_DENIED, "no", reason="ROLE"))
    assert "only operators and admins may" in (await cli("doctor")).out


async def test_a_lost_collection_is_rebuilt_from_the_vault(cli: Cli, server: FakeServer, folder: Path) -> None:
    """Without any folder one command creates the collection and teaches every photo that the server keeps."""
    server.gallery.photos = [face for person in ("ana-diaz", "bo", "cy") for face in _faces(server, person)]
    server.gallery.collection_gone = True
    result = await cli("faces", "rebuild", "--json")
    assert result.code == 0
    document = result.document
    assert (document["created"], document["counts"], document["report"]["state"]) == (True, {"taught": 4}, "sound")
    assert [photo["face"] for photo in document["photos"]] == server.gallery.photos
    result = await cli("faces", "rebuild")
    assert result.code == 0
    assert "4 photos in the vault: 4 known already" in result.out


async def test_a_dry_run_changes_nothing(cli: Cli, server: FakeServer, folder: Path) -> None:
    """It says how many photos would be taught and which cannot be read, creates nothing, and ends with 4."""
    server.gallery.photos = [*_faces(server, "ana-diaz"), *_faces(server, "bo")]
    server.gallery.lost = set(server.gallery.photos)
    server.gallery.unreadable = set(_faces(server, "bo"))
    result = await cli("faces", "rebuild", "--dry-run")
    assert result.code == 4
    assert "3 photos in the vault: 2 would be taught, 1 unreadable" in result.out
    assert "bo, photo p" in result.out
    assert "PHOTO_DAMAGED: the object was changed" in result.out
    assert len(server.gallery.lost) == 3


async def test_whoever_has_no_photo_in_the_vault_is_still_missed(cli: Cli, server: FakeServer, folder: Path) -> None:
    """Who did not let their photo be kept is named at the end, and the code is 1."""
    server.gallery.photos = _faces(server, "ana-diaz")
    server.gallery.lost = {*_faces(server, "ana-diaz"), *_faces(server, "cy")}
    result = await cli("faces", "rebuild")
    assert result.code == 1
    assert "2 photos in the vault: 2 taught" in result.out
    assert "Cy (cy): the only face is lost, so they are not recognized; the vault has no photo" in result.out


async def test_a_server_without_a_vault_says_so(cli: Cli, folder: Path) -> None:
    """Nothing was rebuilt, and the server's reason is the error."""
    result = await cli("faces", "rebuild")
    assert result.code != 0
    assert "this server keeps no photos" in result.err
