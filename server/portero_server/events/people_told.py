"""Remembers which of a subscription's people have a message that others of them did not take."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Set
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from portero_server.clock import Clock
from portero_server.domain.events.message import TEST_ID
from portero_server.errors import StoreUnavailable

_REMEMBERED = 1000
"""Messages of which it is remembered here, too: the database may be away when one has been sent."""


class ToldRows(Protocol):
    """Stores who has a message; see `store.told_destinations`."""

    async def of(self, subscription_id: str, message_id: str) -> Set[int]:
        """Returns the numbers of the destinations that have a message. Raises StoreUnavailable."""
        ...

    async def note(self, subscription_id: str, message_id: str, told: Set[int], now: datetime) -> None:
        """Stores who has a message. Raises StoreUnavailable."""
        ...

    async def forget(self, subscription_id: str, message_id: str) -> None:
        """Removes what is stored of a message. Raises StoreUnavailable."""
        ...


class ToldPeople:
    """Who has which messages of one subscription, whichever server sent them; those that all have are forgotten."""

    def __init__(self, rows: ToldRows, subscription_id: str, clock: Clock) -> None:
        self._rows = rows
        self._subscription_id = subscription_id
        self._clock = clock
        self._told: OrderedDict[str, Set[int]] = OrderedDict()

    async def of(self, message_id: str) -> Set[int]:
        """Returns the numbers of the destinations that have a message. Raises StoreUnavailable."""
        if message_id == TEST_ID:
            # Each test is another message.
            return frozenset()
        known = self._told.get(message_id, frozenset())
        try:
            return known | await self._rows.of(self._subscription_id, message_id)
        except StoreUnavailable:
            if known:
                return known
            raise

    async def note(self, message_id: str, told: Set[int]) -> None:
        """Keeps who has a message. Where the database is away only this server knows."""
        if message_id == TEST_ID:
            return
        self._told[message_id] = told
        self._told.move_to_end(message_id)
        while len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        with suppress(StoreUnavailable):
            await self._rows.note(self._subscription_id, message_id, told, self._clock.now())

    async def forget(self, message_id: str) -> None:
        """Forgets a message that all have. What stays where the database is away is removed with its age."""
        self._told.pop(message_id, None)
        with suppress(StoreUnavailable):
            await self._rows.forget(self._subscription_id, message_id)
