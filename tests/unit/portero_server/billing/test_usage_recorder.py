"""Accounts survive the database's absence, restart where they stood, and add up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from portero_server.billing.usage_recorder import AvoidedSum, CallSum, UsageRecorder
from portero_server.domain.billing.budget import Budget, BudgetLimits, Step, StepChanged
from portero_server.domain.billing.usage import AvoidedKey, CallKey, CallTally, PriceTable, UsageDelta, UsageLedger
from portero_server.errors import StoreUnavailable
from portero_server.telemetry.metrics import Metrics
from tests.support.time.virtual_time import ManualClock

_SEARCH = "SearchFacesByImage"


class MemoryRows:
    """Usage in memory; unavailable on command."""

    def __init__(self) -> None:
        self.counted: dict[CallKey, CallTally] = {}
        self.spared: dict[AvoidedKey, int] = {}
        self.audit: list[StepChanged] = []
        self.away = False

    async def add(self, delta: UsageDelta, steps: Sequence[StepChanged] = ()) -> None:
        """Adds."""
        if self.away:
            raise StoreUnavailable("away")
        for key, tally in delta.calls.items():
            self.counted[key] = self.counted.get(key, CallTally(0, 0)) + tally
        for avoided, count in delta.avoided.items():
            self.spared[avoided] = self.spared.get(avoided, 0) + count
        self.audit.extend(steps)

    async def calls(
        self, start: datetime, end: datetime | None = None, camera_id: str | None = None
    ) -> Sequence[tuple[CallKey, CallTally]]:
        """Returns calls."""
        return [(key, tally) for key, tally in self.counted.items() if _fits(key, start, end, camera_id)]

    async def avoided(
        self, start: datetime, end: datetime | None = None, camera_id: str | None = None
    ) -> Sequence[tuple[AvoidedKey, int]]:
        """Returns calls avoided."""
        return [(key, count) for key, count in self.spared.items() if _fits(key, start, end, camera_id)]


def _fits(key: CallKey | AvoidedKey, start: datetime, end: datetime | None, camera_id: str | None) -> bool:
    return start <= key.hour and (end is None or key.hour < end) and camera_id in (None, key.camera_id)


class _Office:
    def __init__(self, rows: MemoryRows) -> None:
        self.clock = ManualClock()
        self.ledger = UsageLedger()
        self.budget = Budget(BudgetLimits(total=10_000), PriceTable(), self.ledger, "rekognition")
        self.metrics = Metrics(version="0", engine="rekognition")
        self.accounts = UsageRecorder(
            self.ledger, rows, self.clock, self.metrics, budget=self.budget, operation=_SEARCH, interval=5.0
        )

    def call(self, camera_id: str | None = "door") -> None:
        """Makes one billed call."""
        reservation = self.budget.admit(_SEARCH, camera_id, self.clock.now())
        assert reservation is not None
        self.budget.settle(reservation, self.clock.now(), billed=True)


async def test_usage_sums_what_was_counted_a_moment_ago() -> None:
    """Lines are sums by camera, with what is not stored yet; the budget is told beside them."""
    office = _Office(MemoryRows())
    for camera in ("door", "door", None):
        office.call(camera)
    office.accounts.avoided("door", "unchanged", 20)
    office.accounts.avoided("door", "unchanged")
    usage = await office.accounts.usage(None, None, None)
    assert usage.calls == (
        CallSum(None, "rekognition", _SEARCH, CallTally(1, 1000)),
        CallSum("door", "rekognition", _SEARCH, CallTally(2, 2000)),
    )
    assert usage.avoided == (AvoidedSum("door", "unchanged", 21),)
    assert usage.microdollars == usage.projection.today == 3000
    assert [(state.scope, state.spent) for state in usage.budgets] == [("total", 3000)]
    assert (await office.accounts.usage(None, None, "desk")).calls == ()


async def test_what_cannot_be_stored_is_stored_later() -> None:
    """While the database is away nothing is lost: calls, calls avoided and steps of budgets."""
    rows = MemoryRows()
    office = _Office(rows)
    rows.away = True
    office.call()
    office.accounts.avoided("door", "remembered")
    change = StepChanged("total", Step.NORMAL, Step.FEWER_RETRIES, 7000, 10_000, office.clock.now())
    office.accounts.budget_changed(change)
    with pytest.raises(StoreUnavailable):
        await office.accounts.store()
    rows.away = False
    office.call()
    await office.accounts.store()
    assert [tally.calls for tally in rows.counted.values()] == [2]
    assert list(rows.spared.values()) == [1]
    assert rows.audit == [change]


async def test_a_server_that_starts_again_knows_what_was_spent() -> None:
    """Yesterday's and today's calls of an earlier run count for the month, today's for the budget."""
    rows = MemoryRows()
    earlier = _Office(rows)
    earlier.call()
    await earlier.accounts.store()
    later = _Office(rows)
    later.clock.advance(timedelta(minutes=5).total_seconds())
    await later.accounts.load()
    assert later.ledger.spent(later.clock.now().date()) == 1000
    assert (await later.accounts.usage(None, None, None)).microdollars == 1000
