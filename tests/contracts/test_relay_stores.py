"""The contract of relay stores on the real one, with each database, and on the fake."""

from __future__ import annotations

import pytest

from portero_server.store.database import Database
from portero_server.store.event_relays import EventRelayStore
from tests.contracts.relay_contract import RelayContract, Relays
from tests.support.store.fixtures import database, database_url
from tests.support.store.memory_relays import MemoryRelay, MemoryRelays

__all__ = ["database", "database_url"]


class TestRealRelayStore(RelayContract):
    """EventRelayStore, on SQLite and MariaDB."""

    @pytest.fixture
    def relays(self, database: Database) -> Relays:
        """Stores of one relay in the database."""
        return lambda endpoint, server: EventRelayStore(database, "webhook", endpoint, server)


class TestMemoryRelay(RelayContract):
    """The fake of the relay's tests."""

    @pytest.fixture
    def relays(self) -> Relays:
        """Stores of one relay in memory."""
        kept = MemoryRelays()
        return lambda endpoint, server: MemoryRelay(kept, endpoint, server)
