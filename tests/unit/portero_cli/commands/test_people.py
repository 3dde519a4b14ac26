from __future__ import annotations

from pathlib import Path

import grpc

from tests.support.client.command_line import Cli
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal


def write(folder: Path, name: str, content: bytes) -> Path:
    """Writes a file, and the folders to it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


async def test_a_person_is_added_with_an_id_made_of_the_name(cli: Cli, tmp_path: Path) -> None:
    """Adding creates the person, teaches each photo and tells both."""
    result = await cli("people", "add", "Ana María Díaz", write(tmp_path, "a.jpg", photo("ana")))
    assert result.code == 0
    assert "Ana María Díaz (ana-maria-diaz) is new: 1 of 1 photo enrolled, 1 face in all" in result.out
    assert result.err == ""


async def test_each_photo_that_does_not_serve_is_told_in_words(cli: Cli, tmp_path: Path) -> None:
    """The good photo is enrolled, each bad one is named with its reason and advice, and the code is 4."""
    good = write(tmp_path, "good.jpg", photo("ana"))
    empty_room = write(tmp_path, "room.jpg", photo())
    group = write(tmp_path, "group.jpg", photo("ana", "bea"))
    result = await cli("people", "add", "Ana", good, empty_room, group, tmp_path / "gone.jpg")
    assert result.code == 4
    assert "1 of 4 photos enrolled, 1 face in all" in result.out
    assert f"{empty_room}: no face was found in the image" in result.out
    assert f"{group}: 2 faces were found; one is wanted" in result.out
    assert "gone.jpg cannot be read: no such file or directory" in result.out


async def test_nobody_is_added_for_photos_that_are_not_there(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """A mistyped file is told before anything is done."""
    result = await cli("people", "add", "Ana", tmp_path / "typo.jpg", tmp_path / "typo2.jpg")
    assert (result.code, result.out) == (4, "")
    assert result.err == f"error: {tmp_path / 'typo.jpg'} cannot be read: no such file or directory\n"
    assert not server.gallery.known


async def test_adding_a_known_person_adds_photos(cli: Cli, tmp_path: Path) -> None:
    """The same name again adds to the same person; the same photo again adds nothing."""
    first, second = write(tmp_path, "1.jpg", photo("ana")), write(tmp_path, "2.jpg", photo("ana", quality=0.8))
    await cli("people", "add", "Ana", first)
    result = await cli("people", "add", "Ana", first, second, "--json")
    assert result.code == 0
    assert (result.document["created"], result.document["person"]["face_count"]) == (False, 2)


async def test_an_id_of_somebody_else_is_not_taken_over(cli: Cli, tmp_path: Path) -> None:
    """Two names with the same id are not mixed up: the second needs an id of its own."""
    image = write(tmp_path, "1.jpg", photo("jose"))
    await cli("people", "add", "José", image)
    result = await cli("people", "add", "Jose", image)
    assert (result.code, result.out) == (7, "")
    assert "people/jose belongs to somebody with another name; choose another id with --id" in result.err
    assert (await cli("people", "add", "Jose", image, "--id", "jose-2")).code == 0


async def test_the_document_of_an_addition_names_things_as_the_contract_does(cli: Cli, tmp_path: Path) -> None:
    """The JSON has the person, and for each photo a face or an error."""
    good, bad = write(tmp_path, "good.jpg", photo("ana")), write(tmp_path, "bad.jpg", photo())
    document = (await cli("people", "add", "Ana", good, bad, "--json")).document
    assert document["person"]["name"] == "people/ana"
    assert document["person"]["display_name"] == "Ana"
    assert document["person"]["create_time"] == "2025-06-15T15:06:40Z"
    taught, refused = document["photos"]
    assert (taught["photo"], taught["error"]) == (str(good), None)
    assert taught["face"]["name"].startswith("people/ana/faces/")
    assert refused["face"] is None
    assert refused["error"] == {"reason": "NO_FACE", "message": "no face was found in the image"}


async def test_a_folder_of_folders_is_imported(cli: Cli, tmp_path: Path) -> None:
    """Each folder becomes a person with its photos; other files are named, hidden ones are not."""
    write(tmp_path, "rose-leslie/one.jpg", photo("rose"))
    write(tmp_path, "rose-leslie/two.PNG", photo("rose", quality=0.8))
    write(tmp_path, "rose-leslie/notes.txt", b"not a photo")
    write(tmp_path, "Ana Díaz/one.jpeg", photo("ana"))
    write(tmp_path, "Ana Díaz/.hidden.jpg", photo("ana"))
    write(tmp_path, "Ana Díaz/._one.jpeg", b"macOS")
    write(tmp_path, "__MACOSX/Ana Díaz/._one.jpeg", b"macOS")
    result = await cli("people", "import", tmp_path, "--json")
    assert result.code == 0
    imported = {each["person"]["name"]: each["person"] for each in result.document["people"]}
    assert {name: (person["display_name"], person["face_count"]) for name, person in imported.items()} == {
        "people/ana-diaz": ("Ana Díaz", 1),
        "people/rose-leslie": ("Rose Leslie", 2),
    }
    assert result.document["refused"] == []
    notes = {
        "path": str(tmp_path / "rose-leslie/notes.txt"),
        "reason": "NOT_A_PHOTO",
        "message": "left out: it is no photo",
    }
    assert result.document["left_out"] == [notes]


async def test_an_import_names_every_photo_and_person_that_is_left_out(cli: Cli, tmp_path: Path) -> None:
    """A person without photos, a photo without a person and a broken photo are lines, and the code is 4."""
    write(tmp_path, "ana/good.jpg", photo("ana"))
    write(tmp_path, "ana/broken.heic", b"not a photo")
    write(tmp_path, "ana/more/one.jpg", photo("ana"))
    write(tmp_path, "loose.jpg", photo("bea"))
    (tmp_path / "empty").mkdir()
    result = await cli("people", "import", tmp_path)
    assert result.code == 4
    assert "Ana (ana) is new: 1 of 2 photos enrolled" in result.out
    assert f"{tmp_path}/ana/broken.heic is no photo: JPEG, PNG, WebP, HEIC" in result.out
    assert f"{tmp_path}/empty: nobody was added: the folder holds no photo" in result.out
    assert f"{tmp_path}/ana/more: left out: photos are taken from the person's own folder only" in result.out
    assert f"{tmp_path}/loose.jpg: left out: put it into a folder that has the person's name" in result.out


async def test_an_import_that_the_server_ends_says_what_was_done(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """People before the failure are listed, those after it are named, and the failure has its own code."""
    write(tmp_path, "ana/1.jpg", photo("ana"))
    write(tmp_path, "bea/1.jpg", photo("bea"))
    await cli("people", "add", "Ana", tmp_path / "ana/1.jpg")
    server.refuse("CreatePerson", Refusal(grpc.StatusCode.PERMISSION_DENIED, "only operators may add", reason="ROLE"))
    result = await cli("people", "import", tmp_path)
    assert (result.code, result.err) == (6, "error: only operators may add\n")
    assert f"{tmp_path}/bea: left out: the server failed before all its photos were enrolled" in result.out


async def test_an_import_goes_on_after_a_folder_that_cannot_be_a_person(cli: Cli, tmp_path: Path) -> None:
    """A folder without a usable name is reported, the others are imported, and the code is 4."""
    write(tmp_path, "李/one.jpg", photo("li"))
    write(tmp_path, "ana/one.jpg", photo("ana"))
    result = await cli("people", "import", tmp_path)
    assert result.code == 4
    assert "Ana (ana) is new" in result.out
    assert "李: no id can be made of this name" in result.out


async def test_a_folder_without_people_is_told(cli: Cli, tmp_path: Path) -> None:
    """Importing nothing is a mistake, not a success."""
    assert (await cli("people", "import", tmp_path)).err == (f"error: {tmp_path} holds no folder with photos\n")
    assert (await cli("people", "import", tmp_path / "gone")).err == f"error: {tmp_path / 'gone'} is not a folder\n"


async def test_people_are_listed_filtered_and_continued(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """A list holds names and ids; the token of a limited list goes on after it."""
    image = write(tmp_path, "a.jpg", photo("ana"))
    for name in ("Ana", "Bea", "Carla Ana"):
        await cli("people", "add", name, image)
    assert "Carla Ana" in (await cli("people", "list")).out
    assert [p["name"] for p in (await cli("people", "list", "--contains", "ANA", "--json")).document["people"]] == [
        "people/ana",
        "people/carla-ana",
    ]
    head = (await cli("people", "list", "--limit", "2", "--json")).document
    rest = (await cli("people", "list", "--page-token", head["next_page_token"], "--json")).document
    assert [person["display_name"] for person in head["people"] + rest["people"]] == ["Ana", "Bea", "Carla Ana"]
    assert rest["next_page_token"] == ""
    cut = await cli("people", "list", "--limit", "1")
    assert "there are more" in cut.err


async def test_an_empty_gallery_is_told_in_a_word(cli: Cli) -> None:
    """Nobody is not an empty table for people, and an empty list for machines."""
    assert (await cli("people", "list")).out == "nobody\n"
    assert (await cli("people", "list", "--json")).document == {"people": [], "next_page_token": ""}


async def test_a_person_is_shown_with_faces_and_removed(cli: Cli, tmp_path: Path) -> None:
    """Showing gives the person and the faces; removing leaves nothing."""
    await cli("people", "add", "Ana", write(tmp_path, "a.jpg", photo("ana")))
    shown = (await cli("people", "show", "people/ana", "--json")).document
    assert shown["person"]["face_count"] == len(shown["faces"]) == 1
    assert shown["faces"][0]["quality"]["overall"] == 0.9
    assert "people/ana/faces/" in (await cli("people", "show", "ana")).out
    removed = await cli("people", "remove", "ana", "--json")
    assert (removed.document, removed.err) == ({"removed": ["people/ana"]}, "people/ana removed\n")
    assert (await cli("people", "show", "ana")).code == 3


async def test_a_name_cannot_steer_the_terminal(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """Control characters and markup in a stored name are shown as what they are."""
    await cli("people", "add", "Ana", write(tmp_path, "a.jpg", photo("ana")))
    server.gallery.known["people/ana"].person.display_name = "[red]A\x1b[31mna"
    out = (await cli("people", "list")).out
    assert "[red]A\N{REPLACEMENT CHARACTER}[31mna" in out
    assert "\x1b" not in out


async def test_a_server_lost_in_mid_import_ends_with_its_own_code(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """A photo's fault is the user's; a server's fault ends the command as such."""
    denied = Refusal(grpc.StatusCode.PERMISSION_DENIED, "only operators may enroll", reason="ROLE")
    server.refuse("EnrollFace", denied)
    result = await cli("people", "add", "Ana", write(tmp_path, "a.jpg", photo("ana")))
    assert (result.code, result.err) == (6, "error: only operators may enroll\n")
