"""`portero people merge` makes one of a person who was enrolled twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_cli.exits import ExitCode
from portero_client import FailedPrecondition, PorteroClient
from tests.support.client.command_line import Cli
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer


@pytest.fixture
async def twice(cli: Cli, server: FakeServer, tmp_path: Path) -> FakeServer:
    """Ana is enrolled as "ana" and as "anna"."""
    for name in ("Ana", "Anna"):
        (tmp_path / f"{name}.jpg").write_bytes(photo(name.lower()))
        await cli("people", "add", name, tmp_path / f"{name}.jpg")
    return server


async def test_it_asks_and_says_what_became_theirs(cli: Cli, twice: FakeServer) -> None:
    """It cannot be undone, and the question says so; the answer counts what was moved, joined and ended."""
    asked = await cli("people", "merge", "ana", "anna")
    assert "Make anna the person ana? anna is gone then, and this cannot be undone." in asked.err
    assert "people/anna" in twice.gallery.known
    result = await cli("people", "merge", "ana", "people/anna", "--yes")
    assert result.code == ExitCode.OK
    assert "people/anna is people/ana now, Ana: 1 faces, 0 photos, 5 sightings" in result.out
    assert "2 sightings were part of the same visit" in result.out
    assert "1 consents ended" in result.out
    assert sorted(twice.gallery.known) == ["people/ana"]


async def test_two_who_were_seen_together_take_force(cli: Cli, twice: FakeServer) -> None:
    """The refusal is told in words; JSON has every count."""
    twice.gallery.known["people/ana"].person.labels["twin"] = "people/anna"
    refused = await cli("people", "merge", "ana", "anna", "--yes")
    assert (refused.code, "seen at one camera at the same time" in refused.err) == (ExitCode.CONFLICT, True)
    document = (await cli("people", "merge", "ana", "anna", "--yes", "--force", "--json")).document
    assert (document["merge"]["person"]["face_count"], document["merge"]["faces"]) == (2, 1)
    assert document["merge"]["attendance_records"] == 0
    assert (await cli("people", "merge", "ana", "anna", "--yes")).code == ExitCode.NOT_FOUND


async def test_a_program_does_the_same_with_the_client(twice: FakeServer) -> None:
    """The answer is a dataclass, and a refusal an error with its reason."""
    twice.gallery.known["people/ana"].person.labels["twin"] = "people/anna"
    async with PorteroClient(twice.address) as client:
        with pytest.raises(FailedPrecondition) as caught:
            await client.people.merge("ana", "anna")
        assert caught.value.reason == "SEEN_TOGETHER"
        merged = await client.people.merge("ana", "anna", force=True)
    assert (merged.person.name, merged.faces, merged.consents, merged.ended_consents) == ("people/ana", 1, 1, 1)
