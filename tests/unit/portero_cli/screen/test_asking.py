"""Confirmations are alike everywhere: what cannot be undone asks, and takes --yes."""

from __future__ import annotations

import io

import pytest

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer

DESTRUCTIVE = [
    ("people", "remove", "ana"),
    ("people", "remove-face", "people/ana/faces/f1"),
    ("people", "erase", "ana"),
    ("cameras", "remove", "door"),
    ("keys", "revoke", "k0"),
    ("consent", "withdraw", "ana"),
]


class Terminal(io.StringIO):
    """A terminal at which somebody has typed."""

    def isatty(self) -> bool:
        """Returns that somebody can be asked."""
        return True


@pytest.mark.parametrize("arguments", DESTRUCTIVE)
async def test_who_says_no_is_obeyed(
    cli: Cli, server: FakeServer, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """The question names what goes; after a no nothing is done, and the code is 1."""
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    result = await cli(*arguments)
    assert (result.code, result.out) == (1, "")
    assert arguments[2] in result.err
    assert "[y/N]" in result.err
    assert result.err.endswith("error: nothing was done\n")
    assert not server.calls


@pytest.mark.parametrize("arguments", DESTRUCTIVE)
async def test_a_script_that_nobody_can_be_asked_for_is_refused(
    cli: Cli, server: FakeServer, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """Without a terminal and without --yes, one line says what to add, and nothing is done."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    result = await cli(*arguments)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert "add --yes" in result.err
    assert not server.calls


async def test_who_says_yes_gets_it_done(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question goes to stderr, so that stdout is the document alone."""
    await cli("cameras", "add", "door")
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert (await cli("cameras", "remove", "door", "--json")).document == {"removed": ["cameras/door"], "failed": []}


async def test_yes_is_not_asked(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --yes, or -y, nobody is asked, terminal or not."""
    for option in ("--yes", "-y"):
        await cli("cameras", "add", "door")
        assert (await cli("cameras", "remove", "door", option)).code == 0
