from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer

BEGAN = datetime.fromtimestamp(1_750_000_000, UTC)


@pytest.fixture(autouse=True)
def stored(server: FakeServer) -> None:
    """Ana and a stranger at the door, Ana at the desk two minutes later."""
    server.sightings.store("s1", "door", "ana", seconds=0)
    server.sightings.store("s2", "door", seconds=60)
    server.sightings.store("s3", "desk", "ana", seconds=120)


async def names(cli: Cli, *options: str) -> list[str]:
    """Returns the ids of the sightings that the options leave."""
    document = (await cli("sightings", "--json", *options)).document
    return [sighting["name"].removeprefix("sightings/") for sighting in document["sightings"]]


async def test_conditions_add_up(cli: Cli) -> None:
    """Camera, person, kind and time each leave less."""
    assert await names(cli) == ["s3", "s2", "s1"]
    assert await names(cli, "--camera", "door") == ["s2", "s1"]
    assert await names(cli, "--camera", "door", "--person", "people/ana") == ["s1"]
    assert await names(cli, "--kind", "unknown") == ["s2"]
    assert await names(cli, "--kind", "named") == ["s3", "s1"]
    assert await names(cli, "--since", "2025-06-15T15:08:00Z") == ["s3"]
    assert await names(cli, "--until", "2025-06-15T15:07:00Z") == ["s1"]
    assert await names(cli, "--since", "1h") == []


async def test_the_document_holds_every_field_of_the_contract(cli: Cli) -> None:
    """A sighting has the proto's keys, the display name among them; a stranger's are empty."""
    latest, stranger, _ = (await cli("sightings", "--json")).document["sightings"]
    assert latest == {
        "name": "sightings/s3",
        "camera": "cameras/desk",
        "person": "people/ana",
        "display_name": "Ana",
        "first_seen_time": "2025-06-15T15:08:40Z",
        "last_seen_time": "2025-06-15T15:08:45Z",
        "similarity": 0.9,
        "margin": 0.5,
        "track_count": 1,
        "box": {"left": 0.1, "top": 0.25, "width": 0.125, "height": 0.25},
        "reviewed": False,
        "visitor": "",
        "visit": 0,
    }
    assert (stranger["person"], stranger["display_name"]) == ("", "")


async def test_the_table_calls_strangers_unknown(cli: Cli) -> None:
    """People read names, times and places."""
    out = (await cli("sightings")).out
    assert out.count("Ana") == 2
    assert "unknown" in out
    assert "door" in out


async def test_a_limited_list_goes_on_at_its_token(cli: Cli) -> None:
    """The token of one list continues in the next."""
    head = (await cli("sightings", "--limit", "2", "--json")).document
    assert len(head["sightings"]) == 2
    assert await names(cli, "--page-token", head["next_page_token"]) == ["s1"]


async def test_a_malformed_token_is_one_line(cli: Cli) -> None:
    """A token that is none ends with code 4 and the server's sentence."""
    result = await cli("sightings", "--page-token", "nonsense")
    assert (result.code, result.out) == (4, "")
    assert result.err == "error: --page-token is not one that this server gave\n"


async def test_a_malformed_time_is_a_wrong_command_line(cli: Cli) -> None:
    """A time that is none ends with code 2 and shows how times are written."""
    result = await cli("sightings", "--since", "yesterdayish")
    assert result.code == 2
    assert "'yesterdayish' is not a time; write 2h (ago), +2h (ahead), 2026-05-01 or 2026-05-01T10:00:00Z" in result.err
    assert result.err.count("\n") == 1


async def test_nobody_seen_is_told_in_words(cli: Cli, server: FakeServer) -> None:
    """An empty list is a sentence for people."""
    server.sightings.sightings.clear()
    assert (await cli("sightings")).out == "nobody was seen\n"
