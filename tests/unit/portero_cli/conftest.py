"""Runs `portero` command lines against a fake server, in the event loop of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeServer]:
    """A running fake server, which commands find by PORTERO_SERVER."""
    async with FakeServer() as running:
        monkeypatch.setenv("PORTERO_SERVER", running.address)
        yield running


@pytest.fixture
def cli(server: FakeServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs command lines against the fake server, their tables as wide as in any pipe."""
    monkeypatch.delenv("COLUMNS", raising=False)
    return Cli(capsys)
