"""A console before a fake server, in the event loop of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser, browser_of

Open = Callable[..., Browser]


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A running fake server, which lets anybody in."""
    async with FakeServer() as running:
        yield running


@pytest.fixture
async def open_browser(server: FakeServer) -> AsyncIterator[Open]:
    """Opens browsers before consoles of the server, and closes them at the end."""
    opened: list[Browser] = []

    def open_one(**given: Any) -> Browser:
        opened.append(browser_of(server.address, **given))
        return opened[-1]

    yield open_one
    for browser in opened:
        await browser.http.aclose()
        await browser.parts.aclose()


@pytest.fixture
def browser(open_browser: Open) -> Browser:
    """A browser on the console's own machine."""
    return open_browser()
