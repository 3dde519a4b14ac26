"""The simulation's store keeps the contract of stores."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from portero_server.store.schema import OUTCOME_COLUMNS
from tests.contracts.store_contract import StoreCase, StoreContract, Written
from tests.simulation.store import SimulatedStore


class _AtOnce(random.Random):
    """A random source that draws the lower bound, so that every unit of work happens at once."""

    def uniform(self, a: float, b: float) -> float:
        """Returns the lower bound."""
        return a


class TestSimulatedStore(StoreContract):
    """Without its faults."""

    @pytest.fixture
    async def case(self) -> StoreCase:
        """The simulation's store, with two people."""
        store = SimulatedStore(["ana", "ben"], _AtOnce(1))

        async def written(stream_id: int) -> Written:
            (stored,) = [row for row in store.stored().streams if row["stream_id"] == stream_id]
            row = store.kept.row(stream_id)
            assert row is not None
            outcomes = {each: stored[name] for each, name in OUTCOME_COLUMNS.items() if stored[name]}
            return Written(stored["durable_sequence"], Counter(outcomes), row.open_tracks)

        return StoreCase(store, store, store, written)
