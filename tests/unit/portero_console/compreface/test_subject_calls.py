"""Subjects: people by their names, and never two of them."""

from __future__ import annotations

import asyncio

from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.console.program import Program

_SUBJECTS = "/recognition/subjects"


async def test_a_subject_is_added_listed_renamed_and_deleted(program: Program, server: FakeServer) -> None:
    """A subject is the display name of one person, from its first call to its last."""
    assert await program.ask("POST", _SUBJECTS, json={"subject": " Ana Luz "}) == (201, {"subject": "Ana Luz"})
    assert await program.ask("GET", f"{_SUBJECTS}/") == (200, {"subjects": ["Ana Luz"]})
    assert await program.ask("PUT", f"{_SUBJECTS}/Ana Luz", json={"subject": "Ana/Sol"}) == (200, {"updated": True})
    assert [known.person.display_name for known in server.gallery.known.values()] == ["Ana/Sol"]
    assert await program.ask("DELETE", f"{_SUBJECTS}/Ana%2FSol") == (200, {"subject": "Ana/Sol"})
    assert await program.ask("GET", _SUBJECTS) == (200, {"subjects": []})


async def test_a_name_that_somebody_has_is_refused(program: Program, server: FakeServer) -> None:
    """Neither adding nor renaming merges anybody; a name that differs in case is another one."""
    for name in ("Ana", "ana", "Bob"):
        assert (await program.ask("POST", _SUBJECTS, json={"subject": name}))[0] == 201
    taken = (400, {"message": "Subject already exists", "code": 43})
    assert await program.ask("POST", _SUBJECTS, json={"subject": "Ana"}) == taken
    assert await program.ask("PUT", f"{_SUBJECTS}/Bob", json={"subject": "Ana"}) == taken
    assert await program.ask("PUT", f"{_SUBJECTS}/Bob", json={"subject": "Bob"}) == (200, {"updated": True})
    assert len(server.gallery.known) == 3


async def test_calls_at_the_same_time_add_one_person(program: Program, server: FakeServer) -> None:
    """Of two calls that add one name, the second finds the first one's person."""
    answers = await asyncio.gather(*(program.ask("POST", _SUBJECTS, json={"subject": "Ana"}) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [201, 400, 400, 400]
    await asyncio.gather(*(program.teach("Bob", photo("bob", lines=(str(number),))) for number in range(4)))
    assert [known.person.face_count for known in server.gallery.known.values()] == [0, 4]


async def test_people_of_one_name_are_told_apart(program: Program, server: FakeServer) -> None:
    """Namesakes are listed by resource name, and a call by the name that they share changes none of them."""
    for identifier in ("ana", "ana-2"):
        await program.browser.json("POST", "/people", json={"display_name": "Ana", "id": identifier})
    assert (await program.ask("GET", _SUBJECTS))[1] == {"subjects": ["people/ana", "people/ana-2"]}
    status, refused = await program.ask("DELETE", f"{_SUBJECTS}/Ana")
    assert (status, refused["code"]) == (400, 36)
    assert "people/ana, people/ana-2" in refused["message"]
    assert (await program.ask("POST", _SUBJECTS, json={"subject": "Ana"}))[1]["code"] == 43
    assert await program.ask("DELETE", f"{_SUBJECTS}/people/ana-2") == (200, {"subject": "people/ana-2"})
    assert list(server.gallery.known) == ["people/ana"]


async def test_a_name_that_looks_like_anothers_resource_name_names_nobody_else(
    program: Program, server: FakeServer
) -> None:
    """Somebody who is called "people/ana" is told by their own resource name, and Ana is not deleted for them."""
    await program.browser.json("POST", "/people", json={"display_name": "Ana", "id": "ana"})
    await program.browser.json("POST", "/people", json={"display_name": "people/ana", "id": "eve"})
    assert (await program.ask("GET", _SUBJECTS))[1] == {"subjects": ["Ana", "people/eve"]}
    assert (await program.ask("DELETE", f"{_SUBJECTS}/people/eve"))[0] == 200
    assert list(server.gallery.known) == ["people/ana"]


async def test_a_subject_that_there_is_not_is_said_so(program: Program) -> None:
    """Unknown names and resource names have CompreFace's code, and no person is made of the latter."""
    assert await program.ask("DELETE", f"{_SUBJECTS}/Eve") == (404, {"message": "Subject Eve not found", "code": 42})
    status, document = await program.ask("POST", _SUBJECTS, json={"subject": "people/eve"})
    assert (status, document["code"]) == (404, 42)
    for body in ({"subject": " "}, {}, ["x"]):
        status, document = await program.ask("POST", _SUBJECTS, json=body)
        assert (status, document) == (400, {"message": "subject must not be empty", "code": 26})
    assert (await program.ask("POST", _SUBJECTS, content=b"{"))[1] == {"message": "the body is not JSON", "code": 0}


async def test_all_subjects_are_deleted(program: Program, server: FakeServer) -> None:
    """The answer says how many people are gone."""
    for name in ("Ana", "Bob"):
        await program.ask("POST", _SUBJECTS, json={"subject": name})
    assert await program.ask("DELETE", _SUBJECTS) == (200, {"deleted": 2})
    assert server.gallery.known == {}
