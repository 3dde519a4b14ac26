"""`portero review`: doubtful sightings judged by a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


@pytest.fixture(autouse=True)
def stored(server: FakeServer) -> None:
    """Two strangers: one who is a little like Ana, and one who is like nobody who is left."""
    server.decisions.store("door", ("ana", 0.4375), ("ben", 0.25))
    server.decisions.store("desk", seconds=60, incomplete=True)


async def _ids(cli: Cli, *options: str) -> list[str]:
    document = (await cli("review", "list", "--json", *options)).document
    return [each["sighting"]["name"] for each in document["sightings"]]


async def test_the_queue_shows_what_was_seen(cli: Cli) -> None:
    """Time, camera, reason, candidates with their similarity, and the id to judge by."""
    out = (await cli("review", "list")).out
    for word in ("just below", "ana 0.438, ben 0.250", "(gone)", "door", "s1", "unknown"):
        assert word in out
    assert await _ids(cli) == ["sightings/s2", "sightings/s1"]
    assert await _ids(cli, "--reason", "just_above") == []


async def test_a_picture_is_saved_for_nobody_else(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """A file that is there is not written over, and none is made where there is no picture."""
    server.decisions.pictures["sightings/s1"] = b"\xff\xd8 picture"
    listed = (await cli("review", "list", "--json")).document["sightings"]
    assert [each["has_picture"] for each in listed] == [False, True]
    file = tmp_path / "s1.jpg"
    told = await cli("review", "picture", "s1", str(file))
    assert (told.code, file.read_bytes(), file.stat().st_mode & 0o777) == (0, b"\xff\xd8 picture", 0o600)
    assert f"{file}: taken 2025-06-15" in told.out
    assert (await cli("review", "picture", "s1", str(file))).code == 4
    assert (await cli("review", "picture", "s2", str(tmp_path / "s2.jpg"))).code == 3
    assert [each.name for each in tmp_path.iterdir()] == ["s1.jpg"]  # noqa: ASYNC240 - nothing else runs


async def test_a_judgment_says_what_it_led_to_and_how_to_undo_it(cli: Cli) -> None:
    """Afterwards the sighting is no longer in the queue, until the review is undone."""
    out = (await cli("review", "this-is", "s1", "ana", "--why", "at the desk")).out
    assert out == "s1 at door is Ana (portero review undo v1)\n"
    assert await _ids(cli) == ["sightings/s2"]
    listed = (await cli("review", "done")).out
    for word in ("this is", "ana", "at the desk", "keys/me", "v1"):
        assert word in listed
    assert (await cli("review", "undo", "v1")).out == "undone: s1 at door is unknown\n"
    assert await _ids(cli) == ["sightings/s2", "sightings/s1"]
    assert (await cli("review", "done", "--holding")).out == "nothing was reviewed\n"


async def test_a_denied_name_tells_what_is_demanded(cli: Cli) -> None:
    """How much, of whom, where and until when."""
    out = (await cli("review", "not", "s1", "ana")).out
    assert "until 2025-07-15, ana is named there only by more than 0.438" in out
    assert "is named there" not in (await cli("review", "ignore", "s2")).out
    assert (await cli("review", "list")).out == "nothing to review\n"


async def test_what_is_unknown_is_told_by_its_code(cli: Cli) -> None:
    """A sighting and a review that do not exist, and an id that is none."""
    assert (await cli("review", "ignore", "s9")).code == 3
    assert (await cli("review", "undo", "v9")).code == 3
    assert (await cli("review", "ignore", "a b")).code == 4
