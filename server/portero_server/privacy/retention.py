"""Removes expired data, in small batches, for as long as the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.people.privacy import Purpose
from portero_server.errors import PorteroError
from portero_server.telemetry.privacy_metrics import PrivacyMetrics

_log = structlog.get_logger(__name__)

_PAUSE = 0.05
"""Seconds between two batches, during which commits have the database to themselves."""


class Kept(Protocol):
    """Removes expired rows (`store/retention.py`)."""

    def steps(self, purpose: Purpose) -> int:
        """Returns how many kinds of rows a purpose has."""
        ...

    async def remove_some(self, purpose: Purpose, step: int, before: datetime) -> tuple[int, bool]:
        """Removes a batch older than a time. Returns how many rows, and whether there may be more."""
        ...

    async def oldest(self, purpose: Purpose, before: datetime) -> datetime | None:
        """Returns the time of the oldest row older than `before`."""
        ...


class Retention:
    """Enforces the retention rules on stored data."""

    def __init__(
        self,
        kept: Kept,
        rules: Mapping[Purpose, timedelta],
        clock: Clock,
        metrics: PrivacyMetrics,
        *,
        interval: float,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Creates the task; `run` checks every `interval` seconds.

        Args:
            kept: The rows.
            rules: Retention periods; a purpose without a rule is kept forever.
            clock: The server's clock.
            metrics: Counts removed rows.
            interval: Seconds between two rounds.
            sleep: Waits.
        """
        self._kept = kept
        self._rules = rules
        self._clock = clock
        self._metrics = metrics
        self._interval = interval
        self._sleep = sleep

    async def run(self) -> None:
        """Removes expired data periodically until canceled."""
        while True:
            await self.round()
            await self._sleep(self._interval)

    async def round(self) -> None:
        """Removes all data that has expired now; a failure for one purpose does not affect the others."""
        for purpose, span in self._rules.items():
            before = self._clock.now() - span
            try:
                await self._remove(purpose, before)
                oldest = await self._kept.oldest(purpose, before)
            except PorteroError as error:
                _log.warning("retention_late", purpose=purpose.value, reason=error.reason)
                continue
            overdue = 0.0 if oldest is None else (before - oldest).total_seconds()
            self._metrics.retained(purpose.value, at=self._clock.now().timestamp(), overdue=overdue)

    async def _remove(self, purpose: Purpose, before: datetime) -> None:
        for step in range(self._kept.steps(purpose)):
            more = True
            while more:
                count, more = await self._kept.remove_some(purpose, step, before)
                self._metrics.removed(purpose.value, count)
                if more:
                    await self._sleep(_PAUSE)
