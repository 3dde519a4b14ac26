"""Records the usage of recognition: counted in memory, stored periodically, reported on request."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.billing.budget import Budget, BudgetState, StepChanged
from portero_server.domain.billing.usage import (
    AvoidedKey,
    CallKey,
    CallTally,
    Projection,
    UsageDelta,
    UsageLedger,
    dollars,
    hour_of,
)
from portero_server.domain.cameras import Camera, Lane
from portero_server.errors import StoreUnavailable
from portero_server.telemetry.metrics import Metrics

_log = structlog.get_logger(__name__)

_WEEK = timedelta(days=7)


class UsageRows(Protocol):
    """Stores usage."""

    async def add(self, delta: UsageDelta, steps: Sequence[StepChanged] = ()) -> None:
        """Adds counts, and records budget steps."""
        ...

    async def calls(
        self, start: datetime, end: datetime | None = None, camera_id: str | None = None
    ) -> Sequence[tuple[CallKey, CallTally]]:
        """Returns calls by the hour."""
        ...

    async def avoided(
        self, start: datetime, end: datetime | None = None, camera_id: str | None = None
    ) -> Sequence[tuple[AvoidedKey, int]]:
        """Returns calls avoided by the hour."""
        ...


@dataclass(frozen=True, slots=True)
class CallSum:
    """Calls of one camera (None: unary RPCs), engine and operation, with their cost."""

    camera_id: str | None
    engine: str
    operation: str
    tally: CallTally


@dataclass(frozen=True, slots=True)
class AvoidedSum:
    """Calls avoided at one camera, by reason."""

    camera_id: str | None
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Usage in a span of time; the projection and the budgets are those of now."""

    calls: tuple[CallSum, ...]
    avoided: tuple[AvoidedSum, ...]
    microdollars: int
    projection: Projection
    budgets: tuple[BudgetState, ...]


class UsageRecorder:
    """Keeps a usage ledger in memory and its stored rows in sync."""

    def __init__(
        self,
        ledger: UsageLedger,
        rows: UsageRows,
        clock: Clock,
        metrics: Metrics,
        *,
        budget: Budget | None,
        operation: str,
        interval: float,
    ) -> None:
        """Creates a recorder; `run` stores what it counts.

        Args:
            ledger: Where calls are counted.
            rows: Where they are stored.
            clock: The server's clock.
            metrics: Updated with what was stored.
            budget: What may be spent; None when nothing costs money.
            operation: What an avoided call would have been ("SearchFacesByImage").
            interval: Seconds between two storings.
        """
        self._ledger = ledger
        self._rows = rows
        self._clock = clock
        self._metrics = metrics
        self._budget = budget
        self._operation = operation
        self._interval = interval
        # The hour that calls are counted in, kept because each frame that is not searched asks for it.
        self._hour = self._hour_ends = hour_of(clock.now())
        self._steps: list[StepChanged] = []
        self._storing = asyncio.Lock()

    async def load(self) -> None:
        """Loads the sums that budgets and projections need.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        now = self._clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._ledger.load(await self._rows.calls(min(midnight.replace(day=1), midnight - _WEEK)))

    def avoided(self, camera_id: str, reason: str, count: int = 1) -> None:
        """Counts calls that were not needed."""
        now = self._clock.now()
        if not self._hour <= now < self._hour_ends:
            self._hour = hour_of(now)
            self._hour_ends = self._hour + timedelta(hours=1)
        key = AvoidedKey(self._hour, camera_id, self._operation, reason)
        self._ledger.avoided(key, count)

    def budget_changed(self, change: StepChanged) -> None:
        """Records a budget step, in the log at once and in the database soon."""
        _log.warning(
            "budget_step",
            scope=change.scope,
            before=change.before.word,
            after=change.after.word,
            spent=dollars(change.spent),
            limit=dollars(change.limit),
        )
        self._metrics.money.budget_step.labels(change.scope).set(change.after)
        self._steps.append(change)

    def spent_for(self, camera: Camera) -> float:
        """Returns the seconds for which no paid call is made for a camera, since the budget is spent; 0: none."""
        if self._budget is None:
            return 0.0
        essential = camera.purpose is Lane.CHECK_IN
        return self._budget.spent_for(camera.camera_id, self._clock.now(), essential=essential)

    async def run(self) -> None:
        """Stores counts periodically until canceled. Counts that cannot be stored are kept for the next time."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.store()
            except StoreUnavailable as error:
                _log.warning("usage_not_stored", problem=error.message)

    async def store(self) -> None:
        """Stores what was counted since the last time.

        Raises:
            StoreUnavailable: It could not be; nothing is forgotten.
        """
        async with self._storing:
            delta, steps, self._steps = self._ledger.drain(), self._steps, []
            try:
                await self._rows.add(delta, steps)
            except BaseException:
                # Canceled or failed: counts may be added twice, but are never lost.
                self._ledger.put_back(delta)
                self._steps = steps + self._steps
                raise
        for call, tally in delta.calls.items():
            self._metrics.money.billed(call.operation, dollars(tally.microdollars))
            if call.camera_id is not None:
                self._metrics.cameras.billed(call.camera_id, dollars(tally.microdollars))
        for avoided, count in delta.avoided.items():
            self._metrics.money.calls_avoided(avoided.reason, count)

    def report(self) -> None:
        """Updates the cost metrics before a scrape."""
        now = self._clock.now()
        projection = self._ledger.projection(now)
        self._metrics.money.accounts_are(
            today=dollars(projection.today), projected_month=dollars(projection.projected_month)
        )
        for state in () if self._budget is None else self._budget.states(now):
            self._metrics.money.budget_is(
                state.scope,
                limit=dollars(state.limit),
                spent=dollars(state.spent + state.reserved),
                step=state.step,
            )

    async def usage(self, start: datetime | None, end: datetime | None, camera_id: str | None) -> Usage:
        """Returns the usage in a span of time.

        Args:
            start: From the hour this lies in; None: from midnight UTC.
            end: Hours that begin before; None: up to now.
            camera_id: Only of this camera; None: of all and of unary RPCs.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        await self.store()
        now = self._clock.now()
        start = start or now.replace(hour=0, minute=0, second=0, microsecond=0)
        calls: dict[tuple[str | None, str, str], CallTally] = {}
        for call, tally in await self._rows.calls(start, end, camera_id):
            line = (call.camera_id, call.engine, call.operation)
            calls[line] = calls.get(line, CallTally(0, 0)) + tally
        avoided: Counter[tuple[str | None, str]] = Counter()
        for key, count in await self._rows.avoided(start, end, camera_id):
            avoided[key.camera_id, key.reason] += count
        return Usage(
            calls=tuple(CallSum(*line, tally) for line, tally in sorted(calls.items(), key=_by_name)),
            avoided=tuple(AvoidedSum(*line, count) for line, count in sorted(avoided.items(), key=_by_name)),
            microdollars=sum(tally.microdollars for tally in calls.values()),
            projection=self._ledger.projection(now),
            budgets=() if self._budget is None else self._budget.states(now),
        )


def _by_name(item: tuple[tuple[str | None, ...], object]) -> tuple[str, ...]:
    return tuple(part or "" for part in item[0])
