"""Names of cameras."""

import asyncio
import socket
import threading

import pytest

from portero_bridge.sources.http.lookup import Lookup
from tests.support.time.timeouts import PATIENCE


async def test_addresses_need_no_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number is its own address."""
    monkeypatch.setattr(socket, "getaddrinfo", None)
    assert await Lookup().addresses("192.0.2.7") == ["192.0.2.7"]
    assert await Lookup().addresses("2001:db8::7") == ["2001:db8::7"]


async def test_a_name_that_hangs_keeps_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """More names than the loop has threads hang; others are found, threads of the loop work, and none piles up."""
    free, hanging = threading.Event(), 0

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        nonlocal hanging
        if host != "well":
            hanging += 1
            free.wait(PATIENCE)
            raise socket.gaierror("gone")
        return [(None, None, None, "", ("192.0.2.7", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    lookup = Lookup()
    dead = [asyncio.create_task(lookup.addresses(f"dead-{number % 50}")) for number in range(100)]
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        assert await lookup.addresses("well") == ["192.0.2.7"]
        assert await asyncio.to_thread(lambda: 7) == 7
    assert hanging == 50
    # Who gives up does not take the others along.
    dead[0].cancel()
    free.set()
    outcomes = await asyncio.gather(*dead, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, *[socket.gaierror] * 99]


async def test_a_name_that_is_none_is_an_error() -> None:
    """A label that is too long cannot be asked for."""
    with pytest.raises(OSError, match="no such host"):
        await Lookup().addresses("x" * 70 + ".example")
