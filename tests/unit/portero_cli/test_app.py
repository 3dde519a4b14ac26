from __future__ import annotations

from importlib.metadata import version

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


async def test_version_and_help_ask_no_server(cli: Cli, server: FakeServer) -> None:
    """Version and help work without a server."""
    assert (await cli("--version")).out == f"portero {version('portero')}\n"
    result = await cli("people", "--help")
    assert result.code == 0
    assert "Manage the people to recognize." in result.out
    assert not server.calls


async def test_without_a_command_help_is_shown(cli: Cli) -> None:
    """A bare `portero` shows the commands, and ends with code 2 because nothing was asked for."""
    result = await cli()
    assert result.code == 2
    assert "sightings" in result.out
