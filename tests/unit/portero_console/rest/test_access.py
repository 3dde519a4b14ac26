"""Who the caller is, and how the server is, over REST."""

from __future__ import annotations

from tests.support.client.server import VERSION, FakeServer
from tests.support.console.browser import Browser


async def test_the_caller_is_told_who_it_is(browser: Browser) -> None:
    """Subject and grants are those of the key."""
    caller = await browser.json("GET", "/caller")
    assert (caller["subject"], [grant["role"] for grant in caller["grants"]]) == ("local", ["admin"])


async def test_the_health_of_the_server_is_told(browser: Browser, server: FakeServer) -> None:
    """A server that does not serve yet is no error."""
    server.serving = False
    assert await browser.json("GET", "/health") == {"serving": False, "version": VERSION}
