"""`portero visitors` lists, shows, merges, promotes and forgets strangers who are known again."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_cli.exits import ExitCode
from portero_client import NotFound, PorteroClient
from tests.support.client.command_line import Cli
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer


@pytest.fixture
def visitors(server: FakeServer) -> FakeServer:
    """Two visitors of one site, and one of another."""
    for visitor_id, site, visits in (("v1", "north", 3), ("v2", "north", 1), ("v3", "south", 1)):
        server.visitors.add(visitor_id, site=site, visit_count=visits, cameras=["cameras/door"])
    return server


@pytest.fixture
def face(tmp_path: Path) -> Path:
    """A photo."""
    file = tmp_path / "face.jpg"
    file.write_bytes(photo("eve"))
    return file


async def test_visitors_are_listed_and_shown(cli: Cli, visitors: FakeServer) -> None:
    """By site, too; with visits and cameras."""
    listed = (await cli("visitors", "list", "--site", "north")).out
    assert [line.split()[0] for line in listed.splitlines() if "door" in line] == ["v2", "v1"]
    document = (await cli("visitors", "show", "v1", "--json")).document
    assert (document["visitor"]["visit_count"], document["visitor"]["cameras"]) == (3, ["cameras/door"])
    assert (await cli("visitors", "show", "v9")).code == ExitCode.NOT_FOUND
    assert "no visitor" in (await cli("visitors", "list", "--site", "west")).out


async def test_merging_leaves_one(cli: Cli, visitors: FakeServer) -> None:
    """The other is gone."""
    document = (await cli("visitors", "merge", "v1", "visitors/v2", "--yes", "--json")).document
    assert document["visitor"]["visit_count"] == 4
    assert sorted(visitors.visitors.visitors) == ["visitors/v1", "visitors/v3"]


async def test_promoting_says_how_many_sightings_are_the_persons(cli: Cli, visitors: FakeServer) -> None:
    """The visitor is gone; what somebody reviewed before is told."""
    document = (await cli("visitors", "promote", "v1", "ana", "--why", "the new cleaner", "--yes", "--json")).document
    assert (document["promotion"]["sightings"], document["promotion"]["left"]) == (3, 0)
    assert document["promotion"]["receipt"]["visitors"] == ["visitors/v1"]
    assert visitors.visitors.promoted == {"people/ana": "the new cleaner"}
    visitors.visitors.left = 2
    told = await cli("visitors", "promote", "v2", "people/ana", "--yes")
    assert (told.code, "2 were reviewed before, and left" in told.out) == (ExitCode.OK, True)
    assert (await cli("visitors", "promote", "v2", "ana", "--yes")).code == ExitCode.NOT_FOUND
    assert "Make v3 the person ana?" in (await cli("visitors", "promote", "v3", "ana")).err
    assert sorted(visitors.visitors.visitors) == ["visitors/v3"]


async def test_forgetting_shows_a_receipt_for_each(cli: Cli, visitors: FakeServer) -> None:
    """One that is unknown fails, and the others are forgotten nevertheless."""
    result = await cli("visitors", "forget", "v1", "v9", "v3", "--yes", "--json")
    assert result.code == ExitCode.NOT_FOUND
    assert [receipt["visitors"] for receipt in result.document["receipts"]] == [["visitors/v1"], ["visitors/v3"]]
    assert [each["name"] for each in result.document["failed"]] == ["v9"]
    assert sorted(visitors.visitors.visitors) == ["visitors/v2"]


async def test_a_search_that_finds_something_fails_the_command(cli: Cli, visitors: FakeServer) -> None:
    """Only with --verify is anything searched."""
    visitors.visitors.remains = ["visitors.visitor_id"]
    assert (await cli("visitors", "forget", "v1", "--yes")).code == ExitCode.OK
    found = await cli("visitors", "forget", "v2", "--verify", "--yes")
    assert (found.code, "visitors.visitor_id" in found.out) == (ExitCode.FAILED, True)
    visitors.visitors.remains = []
    assert (await cli("visitors", "forget", "v3", "--verify", "--yes")).code == ExitCode.OK


async def test_a_photo_forgets_everybody_who_matches(cli: Cli, visitors: FakeServer, face: Path) -> None:
    """A dry run only names them."""
    tried = await cli("visitors", "forget-face", face, "--dry-run")
    assert "visitors/v1, visitors/v2, visitors/v3" in tried.out
    assert len(visitors.visitors.visitors) == 3
    done = await cli("visitors", "forget-face", face, "--verify", "--yes", "--json")
    assert (done.code, done.document["receipt"]["encodings"]) == (ExitCode.OK, 6)
    again = await cli("visitors", "forget-face", face, "--yes")
    assert (again.code, again.out.strip()) == (ExitCode.OK, "nobody matches")


async def test_a_program_does_the_same_with_the_client(visitors: FakeServer) -> None:
    """What each method returns is a value of its own type."""
    async with PorteroClient(visitors.address) as client:
        listed = [each async for each in client.visitors.list(site="north")]
        merged = await client.visitors.merge("v1", "v2")
        receipt = await client.visitors.forget("v1", verify=True)
        named = await client.visitors.forget_face(photo("eve"), dry_run=True)
        assert (await client.visitors.promote("v3", "ana")).sightings == 1
        with pytest.raises(NotFound):
            await client.visitors.get("v1")
    assert [each.name for each in listed] == ["visitors/v2", "visitors/v1"]
    assert (merged.visit_count, receipt.clean, named.visitors) == (4, True, ("visitors/v3",))
