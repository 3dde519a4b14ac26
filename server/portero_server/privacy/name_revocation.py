"""Has everything in this process forget people who may not be named any more, whichever server was told.

Only what it remembers is asked about, so one question a round covers the erased, the deleted, the blocked and those
whose consent ended by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Protocol

import structlog

from portero_server.errors import StoreUnavailable

_log = structlog.get_logger(__name__)


class NameHolder(Protocol):
    """Something that remembers people by name."""

    @property
    def people(self) -> set[str]:
        """Ids of the people who are held in memory by name."""
        ...

    def forget(self, people: Collection[str]) -> None:
        """Forgets some; whoever else is among them is passed over."""
        ...


class NameRevocation:
    """Compares what is remembered with who may be named."""

    def __init__(
        self,
        name_holders: Callable[[], Iterable[NameHolder]],
        names: Callable[[Collection[str]], Awaitable[Mapping[str, str]]],
        *,
        interval: float,
    ) -> None:
        """Looks every `interval` seconds whether `names` still knows everybody of `name_holders`."""
        self._name_holders = name_holders
        self._names = names
        self._interval = interval

    async def run(self) -> None:
        """Forgets until canceled; a database that is away is asked again in the next round."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.catch_up()
            except StoreUnavailable as error:
                _log.warning("name_revocation_late", reason=error.reason)

    async def catch_up(self) -> None:
        """Forgets whoever may not be named any more, now.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        held = set().union(*(each.people for each in self._name_holders()))
        if not held:
            return
        gone = held - (await self._names(held)).keys()
        if gone:
            # Asked for again: while the database answered, streams came and went.
            for each in self._name_holders():
                each.forget(gone)
            _log.info("names_revoked", count=len(gone))
