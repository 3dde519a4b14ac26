"""Checks whether the server can work: for /readyz, periodically, and for gRPC health checks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from portero_server.errors import StoreUnavailable

_log = structlog.get_logger(__name__)


class WritableStore(Protocol):
    """The database, as far as readiness needs it."""

    async def check_writes(self, max_age: float) -> None:
        """Checks that it accepts writes, by commits of the last `max_age` seconds or by one of its own.

        Raises:
            StoreUnavailable: It does not.
        """
        ...


class Readiness:
    """Checks whether the database accepts commits."""

    def __init__(self, store: WritableStore, tell_writable: Callable[[bool], None], *, interval: float) -> None:
        """Creates the check; `run` repeats it.

        Args:
            store: The database to check.
            tell_writable: Called with the result of each check, for metrics.
            interval: Seconds between checks; a commit no older than that is proof enough.
        """
        self._store = store
        self._tell_writable = tell_writable
        self._interval = interval
        # While the database hangs, all callers wait for the same probe.
        self._probing = asyncio.Lock()

    async def check(self) -> None:
        """Raises an error unless the server can do its work.

        Raises:
            StoreUnavailable: It cannot; says why.
        """
        async with self._probing:
            try:
                await self._store.check_writes(self._interval)
            except StoreUnavailable:
                self._tell_writable(False)
                raise
            self._tell_writable(True)

    async def run(self, tell_health: Callable[[bool], Awaitable[None]]) -> None:
        """Checks periodically until canceled; `tell_health` is called whenever the result changes."""
        ready = True
        while True:
            try:
                await self.check()
            except StoreUnavailable as error:
                if ready:
                    _log.error("not_ready", reason=error.reason, problem=error.message)
                    await tell_health(False)
                ready = False
            else:
                if not ready:
                    _log.info("ready_again")
                    await tell_health(True)
                ready = True
            await asyncio.sleep(self._interval)
