"""`portero faces prepare`, `collections`, `switch` and `drop`: what is told, asked and returned."""

from __future__ import annotations

import pytest
from portero.v1 import gallery_service_pb2 as pb2

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


@pytest.fixture
def kept(server: FakeServer) -> list[str]:
    """Faces whose photos the server's vault keeps."""
    server.gallery.photos = ["people/ana/faces/f1", "people/bo/faces/f2"]
    return server.gallery.photos


async def test_a_collection_is_filled_and_told_photo_by_photo(cli: Cli, server: FakeServer, kept: list[str]) -> None:
    """The second time everything is known; people who would become unknown end it with 1."""
    result = await cli("faces", "prepare", "second", "--region", "eu-west-1", "--json")
    assert result.code == 0
    document = result.document
    assert (document["counts"], document["collections"]["standby"]["region"]) == ({"taught": 2}, "eu-west-1")
    assert document["collections"]["standby"]["role"] == "preparing"
    server.gallery.collections.missing = 3
    result = await cli("faces", "prepare", "second")
    assert result.code == 1
    assert "2 photos in the vault: 2 known already" in result.out
    assert "people whom a switch makes unknown" in result.out


async def test_the_shadow_comparison_is_told_with_its_advice(cli: Cli, server: FakeServer, kept: list[str]) -> None:
    """With its figures, or with the setting that would make some."""
    await cli("faces", "prepare", "second")
    assert "none (PORTERO_SHADOW_SHARE)" in (await cli("faces", "collections")).out
    server.gallery.collections.shadow = pb2.ShadowReport(same=40, only_in_use=2, neither=8, unasked=3, advice="look")
    result = await cli("faces", "collections")
    assert [line.split()[-1] for line in result.out.splitlines() if "compared" in line or "advice" in line] == [
        "50",
        "look",
    ]
    document = (await cli("faces", "collections", "--json")).document
    assert (document["shadow"]["same"], document["shadow"]["unasked"]) == (40, 3)


async def test_a_switch_is_asked_for_and_goes_back(cli: Cli, server: FakeServer, kept: list[str]) -> None:
    """Without --yes there is nobody to ask here; people who would be lost are refused unless they are allowed for."""
    assert "no collection stands by" in (await cli("faces", "switch", "--yes")).err
    await cli("faces", "prepare", "second")
    asked = await cli("faces", "switch")
    assert "Recognize people by second instead of portero?" in asked.err
    assert server.gallery.collections.in_use.collection == "portero"
    server.gallery.collections.missing = 3
    assert (await cli("faces", "switch", "--yes")).code != 0
    result = await cli("faces", "switch", "--yes", "--allow-missing")
    assert result.code == 0
    assert "running servers follow within PORTERO_GALLERY_REFRESH" in result.out
    server.gallery.collections.missing = 0
    document = (await cli("faces", "switch", "--yes", "--json")).document
    assert (document["in_use"]["collection"], document["standby"]["role"]) == ("portero", "kept")


async def test_only_the_one_that_stands_by_is_dropped(cli: Cli, server: FakeServer, kept: list[str]) -> None:
    """Another name is refused before anything is asked."""
    await cli("faces", "prepare", "second")
    assert "second does" in (await cli("faces", "drop", "portero", "--yes")).err
    assert "Remove the collection second and its 2 faces?" in (await cli("faces", "drop", "second")).err
    assert server.gallery.collections.standby is not None
    result = await cli("faces", "drop", "second", "--yes")
    assert result.code == 0
    assert "the collection second is gone" in result.out
    shown = await cli("faces", "collections")
    assert (shown.code, "in use" in shown.out, "second" in shown.out) == (0, True, False)


async def test_the_doctor_tells_what_stands_by(cli: Cli, server: FakeServer, kept: list[str]) -> None:
    """As a note, since recognition goes on."""
    await cli("faces", "prepare", "second")
    server.gallery.collections.missing = 3
    checks = (await cli("doctor", "--json")).document["checks"]
    [told] = [check for check in checks if check["check"] == "collections"]
    assert told["ok"]
    assert told["detail"] == "portero in use, second preparing, which would not know 3 people"
