"""Clients of the server, by key."""

from __future__ import annotations

from portero_client import ConnectionSettings, PorteroClient
from portero_console.clients import ClientPool
from tests.support.client.server import FakeServer


async def test_requests_with_one_key_share_a_client() -> None:
    """The same key lends the same client, another key another one."""
    pool = ClientPool(ConnectionSettings("127.0.0.1:1"))
    async with pool.lend("a") as one, pool.lend("a") as same, pool.lend("b") as other:
        assert one is same
        assert one is not other
    await pool.aclose()


async def _lent(pool: ClientPool, key: str) -> PorteroClient:
    async with pool.lend(key) as client:
        return client


async def test_idle_clients_are_bounded_and_used_ones_kept(server: FakeServer) -> None:
    """Of clients that nobody uses the oldest are closed; one in use never is."""
    pool = ClientPool(ConnectionSettings(server.address), most_idle=2)
    async with pool.lend("used") as used:
        first = [await _lent(pool, key) for key in "abc"]
        again = [await _lent(pool, key) for key in "bca"]
        assert [one is other for one, other in zip(first, (again[2], *again), strict=False)] == [False, True, True]
        assert (await used.check_health()).serving
    await pool.aclose()


async def test_the_consoles_own_key_is_never_used() -> None:
    """A key in the console's environment is nobody's: whoever comes without one has none."""
    pool = ClientPool(ConnectionSettings("127.0.0.1:1", token="ptk_own"))
    async with pool.lend(None) as client:
        assert client._settings.metadata() == ()
    await pool.aclose()
