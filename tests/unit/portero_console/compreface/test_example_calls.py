"""Examples: the enrolled faces of people."""

from __future__ import annotations

import base64

import grpc

from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.support.console.program import Program

_FACES = "/recognition/faces"
_UUID = "6b135f5b-a365-4522-b1f1-4c9ac2dd0728"


async def test_an_example_adds_its_subject(program: Program, server: FakeServer) -> None:
    """A form and a document in base64 both teach; the person is added once."""
    first = await program.teach("Ana", photo("ana"))
    encoded = {"file": base64.b64encode(photo("ana", quality=0.8)).decode()}
    status, second = await program.ask("POST", _FACES, params={"subject": "Ana"}, json=encoded)
    assert (status, second["subject"]) == (201, "Ana")
    (known,) = server.gallery.known.values()
    ids = [face.removeprefix("people/").replace("/faces/", "~") for face in known.faces]
    assert ids == [first, second["image_id"]]


async def test_a_photo_that_does_not_serve_adds_nobody(program: Program, server: FakeServer) -> None:
    """CompreFace's codes say that there is no face, or several; what is poor is said in the server's words."""
    cases = [
        (photo(), 28, "No face is found in the given image"),
        (photo("a", "b"), 31, "More than one face in the source image"),
        (photo("a", quality=0.1), 36, "the face is blurred; hold still"),
    ]
    for content, code, message in cases:
        answer = await program.ask("POST", _FACES, params={"subject": "Ana"}, files={"file": content})
        assert answer == (400, {"message": message, "code": code})
    assert server.gallery.known == {}


async def test_a_server_without_checks_leaves_the_photo_to_its_engine(program: Program, server: FakeServer) -> None:
    """The example is enrolled, and what the engine refuses is passed on."""
    refusal = Refusal(grpc.StatusCode.FAILED_PRECONDITION, "no guard", reason="NO_ENROLL_GUARD")
    server.refuse("CheckPhoto", refusal, times=2)
    await program.teach("Ana", photo("ana"))
    answer = await program.ask("POST", _FACES, params={"subject": "Bob"}, files={"file": photo()})
    assert answer[1]["code"] == 28


async def test_examples_are_listed_by_pages(program: Program) -> None:
    """Pages run through the people, and a subject's name leaves only theirs."""
    taught = [
        (await program.teach(subject, photo(subject, lines=(str(number),))), subject)
        for subject in ("Ana", "Bob")
        for number in range(3)
    ]
    expected = [{"image_id": image_id, "subject": subject} for image_id, subject in taught]
    pages = [(await program.ask("GET", _FACES, params={"page": page, "size": 4}))[1] for page in range(3)]
    assert [page["faces"] for page in pages] == [expected[:4], expected[4:], []]
    assert {key: value for key, value in pages[1].items() if key != "faces"} == {
        "page_number": 1,
        "page_size": 4,
        "total_pages": 2,
        "total_elements": 6,
    }
    whole = (await program.ask("GET", _FACES))[1]
    assert (whole["page_size"], whole["total_pages"], whole["faces"]) == (20, 1, expected)
    assert (await program.ask("GET", _FACES, params={"subject": "Bob"}))[1]["faces"] == expected[3:]


async def test_examples_are_deleted_by_id_by_list_and_by_subject(program: Program, server: FakeServer) -> None:
    """Each answer says what is gone; the person stays."""
    ids = [await program.teach("Ana", photo("ana", lines=(str(number),))) for number in range(4)]
    assert await program.ask("DELETE", f"{_FACES}/{ids[0]}") == (200, {"image_id": ids[0], "subject": "Ana"})
    gone = (404, {"message": f"Image {ids[0]} not found", "code": 44})
    assert await program.ask("DELETE", f"{_FACES}/{ids[0]}") == gone
    listed = await program.ask("POST", f"{_FACES}/delete", json=[ids[1], ids[0], "nobody~x", _UUID, ids[1]])
    assert listed == (200, [{"image_id": ids[1], "subject": "Ana"}])
    assert await program.ask("DELETE", _FACES, params={"subject": "Ana"}) == (200, {"deleted": 2})
    assert [known.person.face_count for known in server.gallery.known.values()] == [0]


async def test_everybodys_examples_are_deleted_only_without_a_subject(program: Program) -> None:
    """An empty subject is an error: a program with an empty name does not mean everybody."""
    for subject in ("Ana", "Bob"):
        await program.teach(subject, photo(subject))
    status, document = await program.ask("DELETE", _FACES, params={"subject": ""})
    assert (status, document["code"]) == (400, 26)
    assert await program.ask("DELETE", _FACES) == (200, {"deleted": 2})


async def test_what_cannot_be_an_id_is_refused(program: Program) -> None:
    """An id of another form is not found; a list of something else is said to be none."""
    assert (await program.ask("DELETE", f"{_FACES}/6b135f5b-a365-4522"))[1]["code"] == 44
    assert (await program.ask("POST", f"{_FACES}/delete", json={"ids": []}))[1]["code"] == 36
    assert (await program.ask("POST", _FACES, files={"file": photo("a")}))[1]["code"] == 33
