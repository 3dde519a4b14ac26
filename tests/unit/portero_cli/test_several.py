"""Commands that take many names go on after one that fails, and report each."""

from __future__ import annotations

import json

import grpc

from portero_cli.exits import ExitCode
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal


async def test_the_others_are_done_and_each_failure_is_reported(cli: Cli) -> None:
    """Unknown and malformed names do not stop the rest; the code is that of the first failure."""
    for camera in ("a", "b", "c"):
        await cli("cameras", "add", camera)
    result = await cli("cameras", "remove", "a", "gone", "No Name", "cameras/b", "b", "--yes", "--json")
    assert result.code == ExitCode.NOT_FOUND
    assert result.document["removed"] == ["cameras/a", "cameras/b"]
    assert [(failed["name"], failed["error"]["reason"]) for failed in result.document["failed"]] == [
        ("gone", "NOT_FOUND"),
        ("No Name", "MALFORMED_NAME"),
    ]
    assert result.notes == ["cameras/a removed", "cameras/b removed"]
    errors = [said["error"] for said in map(json.loads, result.err.splitlines()) if "error" in said]
    assert [(error["name"], error["kind"], error["exit_code"]) for error in errors] == [
        ("gone", "not_found", 3),
        ("No Name", "invalid_input", 4),
    ]
    assert [camera["name"] for camera in (await cli("cameras", "--json")).document["cameras"]] == ["cameras/c"]


async def test_a_server_that_is_away_is_not_asked_again(cli: Cli, server: FakeServer) -> None:
    """The rest is reported as not tried, instead of failing one by one after a deadline each."""
    for camera in ("a", "b", "c"):
        await cli("cameras", "add", camera)
    server.refuse("DeleteCamera", Refusal(grpc.StatusCode.UNAUTHENTICATED, "the key was revoked", reason="REVOKED"))
    result = await cli("cameras", "remove", "a", "b", "c", "--yes", "--json")
    assert result.code == ExitCode.DENIED
    assert result.document["removed"] == []
    assert [failed["error"]["reason"] for failed in result.document["failed"]] == [
        "REVOKED",
        "NOT_TRIED",
        "NOT_TRIED",
    ]
    assert result.notes == ["not tried: b, c"]
    assert server.calls["DeleteCamera"] == 1


async def test_people_read_a_line_for_each(cli: Cli) -> None:
    """Without --json each failure is a line that names what was given, and so is what was done."""
    await cli("cameras", "add", "a")
    result = await cli("cameras", "remove", "gone", "a", "--yes")
    assert result.err.splitlines() == ["error: cameras/gone does not exist", "cameras/a removed"]


async def test_cameras_are_switched_together(cli: Cli, server: FakeServer) -> None:
    """Disabling and enabling go on as well, and change nothing else of a camera."""
    await cli("cameras", "add", "a", "--name", "Front", "--disabled")
    await cli("cameras", "add", "b")
    assert (await cli("cameras", "disable", "gone", "b")).code == ExitCode.NOT_FOUND
    assert server.cameras.cameras["cameras/b"].disabled
    assert (await cli("cameras", "enable", "a", "b", "--json")).document == {
        "enabled": ["cameras/a", "cameras/b"],
        "failed": [],
    }
    assert not any(camera.disabled for camera in server.cameras.cameras.values())
    assert server.cameras.cameras["cameras/a"].display_name == "Front"


async def test_sightings_are_shown_by_name(cli: Cli, server: FakeServer) -> None:
    """Those that exist are listed in the order given, and the others reported."""
    server.sightings.store("s1", "door", "ana")
    server.sightings.store("s2", "desk")
    result = await cli("sightings", "s2", "gone", "sightings/s1", "--json")
    assert result.code == ExitCode.NOT_FOUND
    assert [sighting["name"] for sighting in result.document["sightings"]] == ["sightings/s2", "sightings/s1"]
