"""Relays beside each other in one database; what each does is the contract's (tests/contracts/relay_contract.py)."""

from __future__ import annotations

from portero_server.store.database import Database
from portero_server.store.event_relays import EventRelayStore, RelayState
from tests.support.store.commits import at


async def test_relays_do_not_know_each_other(database: Database) -> None:
    """Each has its own position, claim and end."""
    one, other = (EventRelayStore(database, name, "e1", "server") for name in ("webhook", "mqtt"))
    await one.state(1)
    await other.state(2)
    await one.claim(at(0), 60.0)
    await one.advance(RelayState(1, stopped=False), 10)
    await one.stop("GONE")
    assert await EventRelayStore(database, "mqtt", "e1", "second").claim(at(0), 60.0)
    assert await one.state(0) == RelayState(10, stopped=True)
    assert await other.state(0) == RelayState(2, stopped=False)
