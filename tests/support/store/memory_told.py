"""Keeps in memory who has a message, as the database does for all servers."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from portero_server.clock import Clock
from portero_server.errors import StoreUnavailable
from portero_server.events.people_told import ToldPeople
from tests.support.time.virtual_time import ManualClock


class MemoryTold:
    """What is stored.

    Attributes:
        told: By subscription and message, the numbers of the destinations.
        broken: Whether the database is away.
    """

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], Set[int]] = {}
        self.broken = False

    def people(self, subscription_id: str = "s1", clock: Clock | None = None) -> ToldPeople:
        """Returns what one server remembers of a subscription."""
        return ToldPeople(self, subscription_id, clock or ManualClock())

    async def of(self, subscription_id: str, message_id: str) -> Set[int]:
        """Returns who has a message."""
        self._check()
        return self.told.get((subscription_id, message_id), frozenset())

    async def note(self, subscription_id: str, message_id: str, told: Set[int], now: datetime) -> None:
        """Stores who has a message."""
        self._check()
        self.told[subscription_id, message_id] = told

    async def forget(self, subscription_id: str, message_id: str) -> None:
        """Removes a message."""
        self._check()
        self.told.pop((subscription_id, message_id), None)

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable("the database does not answer")
