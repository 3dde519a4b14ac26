"""Removes names that may no longer be used from the memory of this process, whichever server received the request.

Only names that are held are checked, so one query per round covers people who were erased, deleted or blocked, and
those whose consent expired.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Protocol

import structlog

from portero_server.errors import StoreUnavailable

_log = structlog.get_logger(__name__)


class NameHolder(Protocol):
    """An object that holds people's names in memory."""

    @property
    def people(self) -> set[str]:
        """Returns the ids of the people whose names it holds."""
        ...

    def forget(self, people: Collection[str]) -> None:
        """Removes the names of these people; unknown ids are ignored."""
        ...


class NameRevocation:
    """Compares the names held in memory with the people who may be named."""

    def __init__(
        self,
        name_holders: Callable[[], Iterable[NameHolder]],
        names: Callable[[Collection[str]], Awaitable[Mapping[str, str]]],
        *,
        interval: float,
    ) -> None:
        """Prepares a check every `interval` seconds of the people held by `name_holders` against `names`."""
        self._name_holders = name_holders
        self._names = names
        self._interval = interval

    async def run(self) -> None:
        """Checks periodically until canceled; if the database is unavailable, the next round tries again."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.catch_up()
            except StoreUnavailable as error:
                _log.warning("name_revocation_late", reason=error.reason)

    async def catch_up(self) -> None:
        """Removes now every name that may no longer be used.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        held = set().union(*(each.people for each in self._name_holders()))
        if not held:
            return
        gone = held - (await self._names(held)).keys()
        if gone:
            # Listed again: streams came and went while the database answered.
            for each in self._name_holders():
                each.forget(gone)
            _log.info("names_revoked", count=len(gone))
