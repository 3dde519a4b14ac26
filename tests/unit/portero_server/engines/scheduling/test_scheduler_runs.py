"""Whole minutes of forty cameras before a vendor of five calls a second: in rush, in a storm, and out of money."""

from __future__ import annotations

import asyncio
import random
import statistics
from collections import Counter
from dataclasses import dataclass, field

from portero_server.domain.billing.budget import Budget, BudgetLimits, Step
from portero_server.domain.billing.usage import PriceTable, UsageLedger
from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.scheduling.breaker import BreakerState
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.scheduler import Scheduler
from tests.support.server.scheduler_log import SchedulerLog
from tests.support.server.vendor import FakeVendor, Outage, Trouble
from tests.support.time.virtual_time import in_virtual_time, running_clock

SEARCH = "SearchFacesByImage"
QUOTA = 5
DESKS = [f"desk-{number}" for number in range(4)]
DOORS = [f"door-{number}" for number in range(26)]
ROOMS = [f"room-{number}" for number in range(10)]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: when it is made, seconds from the beginning, and how long its answer is of use."""

    at: float
    camera_id: str
    lane: Lane
    patience: float


@dataclass(slots=True)
class Story:
    """What became of each visit: seconds until its answer, or the code of the refusal and when that was told."""

    answered: dict[Visit, float] = field(default_factory=dict)
    refused: dict[Visit, tuple[str, float]] = field(default_factory=dict)

    def seconds(self, lane: Lane) -> list[float]:
        """Returns the seconds the answered visits of a lane took, in ascending order."""
        return sorted(seconds for visit, seconds in self.answered.items() if visit.lane is lane)

    def codes(self) -> set[str]:
        """Returns every code told."""
        return {code for code, _ in self.refused.values()}


async def live(visits: list[Visit], vendor: FakeVendor, log: SchedulerLog, budget: Budget | None = None) -> Story:
    """Lets the visits happen and gives what became of them."""
    clock, story = running_clock(), Story()
    config = SchedulerConfig(quotas={SEARCH: float(QUOTA)})
    scheduler = Scheduler(config, clock, log, budget=budget, chance=random.Random(11))

    async def happen(visit: Visit) -> None:
        await asyncio.sleep(visit.at)
        asked = clock.monotonic()
        context = CallContext(visit.camera_id, visit.lane, asked + visit.patience)
        # Every refusal is part of the story, whatever it is.
        try:
            await scheduler.run(SEARCH, context, lambda: vendor.call(SEARCH))
            story.answered[visit] = clock.monotonic() - asked
        except Exception as error:  # noqa: BLE001
            story.refused[visit] = (getattr(error, "reason", repr(error)), clock.monotonic() - asked)

    serving = asyncio.create_task(scheduler.serve())
    await asyncio.gather(*(happen(visit) for visit in visits))
    serving.cancel()
    return story


def rush(seconds: int) -> list[Visit]:
    """Every ten seconds somebody stands before every door and in every room; desks are visited every three seconds."""
    visits = [
        Visit(second + 0.02 * place, door, Lane.VISITOR, 2.0)
        for second in range(1, seconds, 10)
        for place, door in enumerate(DOORS)
    ]
    visits += [Visit(second + 0.03, room, Lane.ATTENDANCE, 15.0) for second in range(1, seconds, 10) for room in ROOMS]
    visits += [
        Visit(0.5 + second + 0.7 * place, desk, Lane.CHECK_IN, 2.0)
        for second in range(0, seconds, 3)
        for place, desk in enumerate(DESKS)
    ]
    return visits


@in_virtual_time
async def test_a_rush_at_forty_cameras_stays_within_quota_and_serves_the_desks() -> None:
    """Not one call is throttled, check-in is answered within a second, no camera starves, and the rest are told."""
    vendor = FakeVendor(running_clock(), {SEARCH: QUOTA})
    log = SchedulerLog()
    visits = rush(120)
    story = await live(visits, vendor, log)

    assert not vendor.throttled
    desks = story.seconds(Lane.CHECK_IN)
    assert len(desks) == sum(visit.lane is Lane.CHECK_IN for visit in visits)
    assert statistics.quantiles(desks, n=20)[-1] <= 1.0

    assert len(story.answered) + len(story.refused) == len(visits)
    assert story.codes() == {"EXPIRED"}
    assert all(seconds < visit.patience for visit, seconds in story.answered.items())
    assert all(seconds <= visit.patience for visit, (_, seconds) in story.refused.items())

    served = Counter(visit.camera_id for visit in story.answered)
    assert set(served) == {*DESKS, *DOORS, *ROOMS}
    assert min(served[door] for door in DOORS) >= 0.5 * statistics.mean(served[door] for door in DOORS)
    # Nothing is left lying: while visitors wait, nearly the whole quota is used.
    series = vendor.calls_by_second(SEARCH, 120)
    assert sum(sum(series[burst : burst + 3]) for burst in range(1, 120, 10)) > 0.9 * 12 * 3 * QUOTA


THROTTLING = Outage(20.0, 40.0, Trouble.THROTTLING)
FAILING = Outage(70.0, 130.0, Trouble.FAILING)


@in_virtual_time
async def test_a_storm_is_met_with_fewer_calls_and_followed_by_a_slow_return() -> None:
    """Throttling and a minute of failures bring the calls down, never up, and what can wait for the end is answered."""
    chance = random.Random(2)
    visits = [Visit(chance.uniform(0, 200), chance.choice(DOORS), Lane.VISITOR, 2.0) for _ in range(600)]
    visits += [Visit(chance.uniform(0, 125), chance.choice(ROOMS), Lane.ATTENDANCE, 120.0) for _ in range(60)]
    vendor = FakeVendor(running_clock(), {SEARCH: QUOTA}, outages=[THROTTLING, FAILING])
    log = SchedulerLog()
    story = await live(visits, vendor, log)
    series = vendor.calls_by_second(SEARCH, 200)

    # No spike: not a second above the quota, little in the storms, and a ramp after them.
    assert max(series) <= QUOTA
    assert sum(series[25:40]) <= 10
    assert sum(series[73:130]) <= 20
    assert max(series[130:135]) <= 3
    assert max(series[40:45]) <= 3
    # The return is complete.
    assert sum(series[155:165]) >= 25
    # Only what the storm itself threw back was throttled.
    assert all(THROTTLING.begin - 1 <= second < THROTTLING.end for second in vendor.throttled)

    assert len(story.answered) + len(story.refused) == len(visits)
    lost = [visit for visit in story.refused if visit.patience > 100]
    assert not lost
    assert story.codes() <= {"EXPIRED", "ENGINE_CIRCUIT_OPEN", "ENGINE_UNAVAILABLE", "ENGINE_THROTTLED"}

    retries = log.attempts.total() - log.attempts[1]
    assert retries <= 20 + 0.2 * log.attempts[1]
    states = log.breakers[SEARCH]
    assert states[:3] == [BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN]
    assert states[-2:] == [BreakerState.HALF_OPEN, BreakerState.CLOSED]
    assert min(log.rates[SEARCH]) < 0.1 * QUOTA


@in_virtual_time
async def test_ten_cents_are_spent_in_declared_steps_and_not_a_call_more() -> None:
    """With a budget of a hundred calls every step is seen in order, and the vendor gets a hundred calls."""
    ledger, log = UsageLedger(), SchedulerLog()
    budget = Budget(BudgetLimits(total=100_000), PriceTable(), ledger, "rekognition")
    vendor = FakeVendor(running_clock(), {SEARCH: QUOTA})
    story = await live(rush(120), vendor, log, budget)

    assert [change.after for change in log.changes] == list(Step)[1:]
    assert len(vendor.arrivals[SEARCH]) == 100
    assert ledger.spent(running_clock().now().date()) == 100_000
    assert "BUDGET_SPENT" in story.codes()
    # Once the rest is kept for them, desks are still answered while visitors are sent to the free engine.
    local = next(change.at for change in log.changes if change.after is Step.LOCAL_ONLY)
    assert local < next(change.at for change in log.changes if change.after is Step.STOPPED)
