from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import detections_pb2
from portero.v1 import gallery_service_pb2 as pb2

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
    assert "people/jose belongs to somebody with another name; choose another id" in result.err
    assert "such as jose-2" in result.err
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
        "message": "left out: it is not a photo",
    }
    assert result.document["left_out"] == [notes]


async def test_an_import_names_every_photo_and_person_that_is_left_out(cli: Cli, tmp_path: Path) -> None:
    """A person without photos, a photo without a person and a broken photo are lines, and the code is 4."""
    write(tmp_path, "ana/good.jpg", photo("ana"))
    write(tmp_path, "ana/broken.heic", b"not a photo")
    write(tmp_path, "ana/more/one.jpg", photo("ana"))
    write(tmp_path, "IMG_0042.jpg", photo("bea"))
    (tmp_path / "empty").mkdir()
    result = await cli("people", "import", tmp_path)
    assert result.code == 4
    assert "Ana (ana) is new: 1 of 2 photos enrolled" in result.out
    assert f"{tmp_path}/ana/broken.heic is not a photo: JPEG, PNG, WebP, HEIC" in result.out
    assert f"{tmp_path}/empty: nobody was added: the folder holds no photo" in result.out
    assert f"{tmp_path}/ana/more: left out: photos are taken from the person's own folder only" in result.out
    assert f"{tmp_path}/IMG_0042.jpg: left out: a name with a number is not taken for a person's" in result.out


async def test_an_import_that_the_server_ends_says_what_was_done(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """People before the failure are listed, those after it are named, and the failure has its own code."""
    write(tmp_path, "ana/1.jpg", photo("ana"))
    write(tmp_path, "bea/1.jpg", photo("bea"))
    await cli("people", "add", "Ana", tmp_path / "ana/1.jpg")
    denied = Refusal(grpc.StatusCode.PERMISSION_DENIED, "only operators may add", reason="ROLE")
    server.refuse("CreatePerson", denied, times=2)
    result = await cli("people", "import", tmp_path)
    assert (result.code, result.err) == (6, "error: only operators may add\n")
    assert f"{tmp_path}/bea: left out: the server failed before all its photos were enrolled" in result.out


async def test_an_import_goes_on_after_a_folder_that_cannot_be_a_person(cli: Cli, tmp_path: Path) -> None:
    """A folder without a usable name is reported, the others are imported, and the code is 4."""
    write(tmp_path, "---/one.jpg", photo("li"))
    write(tmp_path, "ana/one.jpg", photo("ana"))
    result = await cli("people", "import", tmp_path)
    assert result.code == 4
    assert "Ana (ana) is new" in result.out
    assert "---: no id can be made of this name" in result.out


async def test_a_folder_without_people_is_told(cli: Cli, tmp_path: Path) -> None:
    """Importing nothing is a mistake, not a success."""
    assert (await cli("people", "import", tmp_path)).err == (f"error: {tmp_path} holds no folder with photos\n")
    gone = await cli("people", "import", tmp_path / "gone")
    assert gone.err == f"error: {tmp_path / 'gone'} is not a folder, list or ZIP archive\n"


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
    removed = await cli("people", "remove", "ana", "--yes", "--json")
    assert (removed.document, removed.notes) == ({"removed": ["people/ana"], "failed": []}, ["people/ana removed"])
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
    assert not server.gallery.known


async def test_a_name_in_another_script_gets_an_id(cli: Cli, tmp_path: Path) -> None:
    """Folders of any script are imported under ids in plain letters; two names of one id are told, and not mixed up."""
    for folder, who in (("李小龙", "li"), ("李晓龙", "other"), ("Иван Петров", "ivan"), ("Ñuñez", "n")):
        write(tmp_path, f"{folder}/one.jpg", photo(who))
    result = await cli("people", "import", tmp_path, "--json")
    assert result.code == 4
    added = {each["person"]["name"]: each["person"]["display_name"] for each in result.document["people"]}
    assert added["people/ivan-petrov"] == "Иван Петров"
    assert added["people/nunez"] == "Ñuñez"
    assert added["people/li-xiao-long"] in ("李小龙", "李晓龙")
    [refused] = result.document["refused"]
    assert "belongs to somebody with another name" in refused["error"]["message"]
    assert "such as li-xiao-long-2" in refused["error"]["message"]


async def test_a_name_is_the_same_however_its_accents_are_written(cli: Cli, tmp_path: Path) -> None:
    """A folder named on another system, with accents apart from their letters, is the same person."""
    image = write(tmp_path, "a.jpg", photo("ana"))
    await cli("people", "add", "Ana D\u00edaz", image)
    again = await cli("people", "add", "Ana Di\u0301az", image)
    assert (again.code, "existed already" in again.out) == (0, True)


async def test_a_failed_enrollment_leaves_nobody_behind(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """Somebody new of whom no photo could be enrolled is not there afterward; somebody known stays."""
    room, face = write(tmp_path, "room.jpg", photo()), write(tmp_path, "a.jpg", photo("ana"))
    result = await cli("people", "add", "Ana", room)
    assert result.code == 4
    assert "Ana (ana) was not added: none of 1 photo could be enrolled" in result.out
    assert "no face was found in the image" in result.out
    assert not server.gallery.known
    await cli("people", "add", "Ana", face)
    assert (await cli("people", "add", "Ana", room, "--json")).document["removed"] is False
    assert server.gallery.known["people/ana"].person.face_count == 1


@pytest.mark.parametrize(("reason", "stays"), [("CONSENT_MISSING", True), ("OTHER", False)])
async def test_who_waits_for_a_consent_stays(
    cli: Cli, server: FakeServer, tmp_path: Path, reason: str, *, stays: bool
) -> None:
    """A consent is recorded of somebody who is there; whoever is refused for another reason is not left behind."""
    server.refuse("EnrollFace", Refusal(grpc.StatusCode.FAILED_PRECONDITION, "people/ana may not yet", reason=reason))
    result = await cli("people", "add", "Ana", write(tmp_path, "a.jpg", photo("ana")))
    assert (result.code, result.err) == (7, "error: people/ana may not yet\n")
    assert ("people/ana" in server.gallery.known) == stays


async def test_a_desk_that_may_remove_nobody_is_told(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """Where the caller may add people and not remove them, the person stays, and the line says so."""
    server.refuse("DeletePerson", Refusal(grpc.StatusCode.PERMISSION_DENIED, "only operators may", reason="ROLE"))
    result = await cli("people", "add", "Ana", write(tmp_path, "room.jpg", photo()))
    assert result.code == 4
    assert "Ana (ana) is new: 0 of 1 photo enrolled, 0 faces in all" in result.out


async def test_the_same_face_under_two_names_is_told(cli: Cli, tmp_path: Path) -> None:
    """Whoever enrolls somebody who looks like somebody else is warned, and the face is enrolled all the same."""
    image, other = write(tmp_path, "a.jpg", photo("ana")), write(tmp_path, "b.jpg", photo("ana", quality=0.8))
    await cli("people", "add", "Ana", image)
    result = await cli("people", "add", "Anna", other)
    assert result.code == 0
    assert "1 of 1 photo enrolled" in result.out
    assert "warning: Ana (ana) has much the same face, 95% alike" in result.out
    again = (await cli("people", "add", "Anna", other, "--json")).document
    assert [like["person"] for like in again["photos"][0]["face"]["look_alikes"]] == ["people/ana"]


async def test_a_person_is_renamed_and_labeled(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """Name and labels change; what is not named stays."""
    await cli("people", "add", "Ana", write(tmp_path, "a.jpg", photo("ana")))
    assert (await cli("people", "rename", "ana", "Ana Luz")).out == "people/ana is now called Ana Luz\n"
    await cli("people", "label", "ana", "room=12", "note=a=b")
    changed = await cli("people", "label", "ana", "room=14", "--remove", "note", "--json")
    assert changed.document["person"]["labels"] == {"room": "14"}
    person = server.gallery.known["people/ana"].person
    assert (person.display_name, dict(person.labels)) == ("Ana Luz", {"room": "14"})
    assert "no label 'note'" in (await cli("people", "label", "ana", "--remove", "note")).err
    assert "a label must be NAME=VALUE, not 'room'" in (await cli("people", "label", "ana", "room")).err


async def test_one_face_is_removed(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """The face goes, the person and the other faces stay."""
    images = [write(tmp_path, f"{quality}.jpg", photo("ana", quality=quality)) for quality in (0.9, 0.8)]
    await cli("people", "add", "Ana", *images)
    faces = [face["name"] for face in (await cli("people", "show", "ana", "--json")).document["faces"]]
    removed = await cli("people", "remove-face", faces[0], "people/ana/faces/none", "--yes", "--json")
    assert removed.code == 3
    assert removed.document["removed"] == [faces[0]]
    assert list(server.gallery.known["people/ana"].faces) == [faces[1]]


async def test_a_blocked_person_looks_blocked(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """Lists and details say who is not recognized, and why."""
    for name in ("Ana", "Bea"):
        await cli("people", "add", name, write(tmp_path, f"{name}.jpg", photo(name)))
    server.gallery.known["people/ana"].person.blocked = True
    server.gallery.known["people/bea"].person.without_consent = True
    ana, bea = (await cli("people", "list")).out.splitlines()[-2:]
    assert "BLOCKED" in ana
    assert "NO CONSENT" in bea
    assert "blocked: no face is recognized" in (await cli("people", "show", "ana")).out
    assert (await cli("people", "show", "bea", "--json")).document["person"]["without_consent"]


async def test_what_is_wrong_with_the_gallery_is_listed(cli: Cli, server: FakeServer) -> None:
    """Outdated people and look-alikes are named with what to do, and end with code 1; a sound gallery with 0."""
    assert ((await cli("people", "check")).code, (await cli("people", "check")).out) == (0, "nothing found\n")
    like = detections_pb2.Candidate(person="people/bo", display_name="Bo", similarity=0.93, face="people/bo/faces/f")
    server.gallery.findings = [
        pb2.GalleryFinding(
            person="people/ana", display_name="Ana", kind=pb2.GALLERY_FINDING_KIND_LOOK_ALIKE, look_alike=like
        ),
        pb2.GalleryFinding(person="people/cy", display_name="Cy", kind=pb2.GALLERY_FINDING_KIND_OUTDATED_FACES),
    ]
    result = await cli("people", "check")
    assert result.code == 1
    assert "same face as Bo (bo), 93%" in result.out
    assert "no face of the model in use" in result.out
    document = (await cli("people", "check", "--json")).document
    assert [found["kind"] for found in document["findings"]] == ["look_alike", "outdated_faces"]


async def test_photos_are_tried_before_anybody_is_added(cli: Cli, tmp_path: Path) -> None:
    """Each photo is told with whether it can be enrolled and what to do; one that cannot ends with code 4."""
    good, poor = write(tmp_path, "good.jpg", photo("ana")), write(tmp_path, "poor.jpg", photo("ana", quality=0.4))
    bad, junk = write(tmp_path, "bad.jpg", photo()), write(tmp_path, "junk.jpg", b"nothing")
    fine = await cli("people", "check-photo", good, poor)
    assert fine.code == 0
    assert [word in fine.out for word in ("good.jpg", "yes, but poor", "blurred; hold still")] == [True] * 3
    refused = await cli("people", "check-photo", good, bad, junk, "--json")
    assert refused.code == 4
    checks = [each["check"] for each in refused.document["photos"]]
    assert [check and check["reason"] for check in checks] == ["", "NO_FACE", None]
    assert refused.document["photos"][2]["error"]["reason"]


async def test_who_may_be_confused_is_listed_and_told_at_the_enrollment(
    server: FakeServer, cli: Cli, tmp_path: Path
) -> None:
    """The pairs come as a table, and an enrollment warns of a similar face and of a poor photo."""
    assert (await cli("people", "confusable")).out.strip() == "nobody"
    pair = pb2.ConfusablePair(
        first_person="people/ana",
        first_display_name="Ana",
        second_person="people/bo",
        second_display_name="Bo",
        similarity=0.5,
        find_time=Timestamp(seconds=60),
    )
    server.gallery.pairs = [pair]
    shown = await cli("people", "confusable")
    assert (shown.code, [word in shown.out for word in ("Ana", "Bo", "50%")]) == (0, [True] * 3)
    server.gallery.confusable = [detections_pb2.Candidate(person="people/bo", display_name="Bo", similarity=0.5)]
    image = write(tmp_path, "poor.jpg", photo("ana", quality=0.4))
    added = (await cli("people", "add", "Ana", image)).out
    assert "warning: Bo (bo) has a similar face, 50% alike" in added
    assert f"warning: {image}: the face is blurred" in added
