"""The demo's console."""

from __future__ import annotations

import sys

import httpx2
import pytest

from portero_cli.demo.console import demo_console
from portero_client import ConnectionSettings
from tests.support.client.server import FakeServer


async def test_the_demo_has_a_console_at_one_address() -> None:
    """The address is that of pages which show the demo's server."""
    async with FakeServer() as server, demo_console(ConnectionSettings(server.address)) as address:
        assert address is not None
        async with httpx2.AsyncClient() as http:
            assert (await http.get(f"{address}/api/v1/caller")).json()["subject"] == "local"


async def test_without_the_consoles_packages_the_demo_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without the extra has no address to print."""
    monkeypatch.setitem(sys.modules, "portero_console.serving", None)
    async with demo_console(ConnectionSettings("127.0.0.1:1")) as address:
        assert address is None
