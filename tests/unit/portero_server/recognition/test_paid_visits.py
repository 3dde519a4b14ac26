"""Visits of many cameras with a paid engine behind quotas, outages and a budget, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from portero_server.domain.billing.budget import Budget, BudgetLimits, Step
from portero_server.domain.billing.usage import PriceTable, UsageLedger
from portero_server.domain.cameras import Camera, Lane
from portero_server.domain.recording.sightings import MEMORY, Recognition
from portero_server.domain.streams.frames import FrameRefused
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.memory import MemoryPolicy
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import FaceCrop, Identification
from portero_server.engines.scheduling.breaker import BreakerState
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.scheduler import Scheduler
from portero_server.recognition.tiered import FreeEngine
from portero_server.streaming.followers import CostPolicy
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.scheduler_log import SchedulerLog
from tests.support.server.stream_harness import (
    EPOCH_START,
    TRAITS,
    StreamHarness,
    camera,
    face,
    jpeg,
    looked,
    named,
    stream_harness,
)
from tests.support.server.vendor import FakeVendor, Outage, Trouble
from tests.support.time.virtual_time import in_virtual_time, running_clock

SEARCH = "SearchFacesByImage"
FREE = replace(TRAITS, name="free")
RATE = 5


class Savings(Counter[str]):
    """Counts calls avoided by reason."""

    def avoided(self, camera_id: str, reason: str, count: int = 1) -> None:
        """Counts."""
        self[reason] += count


@dataclass
class Bank:
    """Cameras whose paid engine is a made-up vendor."""

    stream_harness: StreamHarness
    vendor: FakeVendor
    log: SchedulerLog
    avoided_calls: Savings
    visits: Counter[str] = field(default_factory=Counter)

    async def visit(self, camera_id: str, at: float, seconds: float = 3.0) -> None:
        """Somebody is before a camera for a while; ends when the stream has told all."""
        await asyncio.sleep(max(0.0, at - self.vendor.elapsed()))
        self.visits[camera_id] += 1
        session = await self.stream_harness.open(camera_id, epoch=f"v{self.visits[camera_id]}")
        async with asyncio.TaskGroup() as group:
            group.create_task(self.stream_harness.listen(session))
            running = group.create_task(session.run())
            for sequence in range(1, int(seconds * RATE) + 1):
                captured = EPOCH_START + timedelta(seconds=self.vendor.elapsed())
                session.receive(sequence, captured, jpeg())
                await asyncio.sleep(1 / RATE)
            session.finish()
            await running
        self.stream_harness.streams.close(session, "finished")

    def named(self) -> Counter[str]:
        """Returns how many visits were named, by camera."""
        names: dict[str, str] = {}
        for commit in self.stream_harness.store.commits:
            for decided in commit.decided:
                if decided.match is not None:
                    names[decided.track_id] = commit.camera_id
        return Counter(names.values())

    def recognitions(self) -> list[Recognition]:
        """Returns every answer that was written down."""
        return [each for commit in self.stream_harness.store.commits for each in commit.recognitions]


@asynccontextmanager
async def bank(
    cameras: Sequence[Camera],
    *,
    outages: Sequence[Outage] = (),
    budget: Budget | None = None,
    memory: MemoryPolicy | None = None,
    quota: int = 5,
) -> AsyncIterator[Bank]:
    """Opens for business. Whoever comes is ana; the free engine knows her too."""
    clock, log, avoided_calls = running_clock(), SchedulerLog(), Savings()
    vendor = FakeVendor(clock, {SEARCH: quota}, outages=outages)
    config = SchedulerConfig(quotas={SEARCH: float(quota)})
    scheduler = Scheduler(config, clock, log, budget=budget, chance=random.Random(3))

    async def paid(crop: FaceCrop) -> Identification:
        await scheduler.run(SEARCH, crop.context, lambda: vendor.call(SEARCH))
        return named("ana")

    async def free(crop: FaceCrop) -> Identification:
        return replace(named("ana"), embedding=np.ones(4, np.float32))

    cost_policy = CostPolicy(avoided_calls, FreeEngine(FREE, free), memory or MemoryPolicy(people=0.0, strangers=0.0))
    script: dict[int, FrameAnalysis | FrameRefused] = {sequence: looked(face()) for sequence in range(1, 200)}
    async with stream_harness(
        script, paid, cameras=cameras, clock=clock, max_streams=100, cost_policy=cost_policy
    ) as behind:
        serving = asyncio.create_task(scheduler.serve())
        yield Bank(behind, vendor, log, avoided_calls)
        serving.cancel()
        await asyncio.wait([serving])


def _purpose(name: str, lane: Lane) -> Camera:
    return replace(camera(name), purpose=lane)


@in_virtual_time
async def test_forty_cameras_at_five_calls_a_second_starve_nobody() -> None:
    """In a rush nothing is throttled, check-in is quick, and every camera is served or told that it was not."""
    lanes = [Lane.CHECK_IN] * 4 + [Lane.VISITOR] * 26 + [Lane.ATTENDANCE] * 10
    cameras = [_purpose(f"cam-{number}", lane) for number, lane in enumerate(lanes)]
    chance = random.Random(5)
    async with bank(cameras) as at, asyncio.TaskGroup() as group:
        for each in cameras:
            for visit in range(3):
                group.create_task(at.visit(each.camera_id, 12.0 * visit + chance.uniform(0.0, 2.0), seconds=6.0))
    assert sum(count for second, count in at.vendor.throttled.items() if second >= 1) == 0
    waits = sorted(at.log.waits[Lane.CHECK_IN])
    assert waits[int(0.95 * (len(waits) - 1))] <= 1.0
    told = Counter(each.track_id.split(".")[0] for each in at.recognitions())
    assert all(told[each.camera_id] >= 3 for each in cameras)
    assert set(at.named()) == {each.camera_id for each in cameras}
    assert {each.outcome for each in at.recognitions()} <= {"match", "expired", "failed"}


@in_virtual_time
async def test_whoever_stays_is_named_after_an_outage_and_there_is_no_rush_of_retries() -> None:
    """Through half a minute of throttling and a minute of failures, visits that outlast them lose nothing."""
    cameras = [camera(f"cam-{number}") for number in range(6)]
    outages = [Outage(10.0, 40.0, Trouble.THROTTLING), Outage(70.0, 130.0, Trouble.FAILING)]
    async with bank(cameras, outages=outages) as at, asyncio.TaskGroup() as group:
        for number, each in enumerate(cameras):
            group.create_task(at.visit(each.camera_id, 1.0 + number / 10))
            group.create_task(at.visit(each.camera_id, 36.0 + number / 10, seconds=20.0))
            group.create_task(at.visit(each.camera_id, 120.0 + number / 10, seconds=25.0))
    assert at.named() == {each.camera_id: 3 for each in cameras}
    assert max(at.vendor.calls_by_second(SEARCH, 150)) <= 5
    assert at.log.breakers[SEARCH][-1] is BreakerState.CLOSED
    assert BreakerState.OPEN in at.log.breakers[SEARCH]


@in_virtual_time
async def test_a_budget_of_ten_cents_degrades_in_order_and_holds() -> None:
    """Each step comes in turn, the free engine takes over, then nobody is asked; no cent above the budget is spent."""
    ledger = UsageLedger()
    budget = Budget(BudgetLimits(total=100_000), PriceTable(), ledger, "rekognition")
    cameras = [camera(f"cam-{number}") for number in range(8)] + [_purpose("desk", Lane.CHECK_IN)]
    async with bank(cameras, budget=budget, quota=50) as at:
        for visit in range(16):
            async with asyncio.TaskGroup() as group:
                for each in cameras:
                    group.create_task(at.visit(each.camera_id, visit * 5.0))
    steps = [change.after for change in at.log.changes]
    assert steps == [Step.FEWER_RETRIES, Step.LONGER_DEADLINES, Step.LOCAL_ONLY, Step.STOPPED]
    assert len(at.vendor.arrivals[SEARCH]) == 100
    assert at.log.changes[-1].spent == 100_000
    by_engine = Counter(each.engine for each in at.recognitions() if each.outcome == "match")
    assert by_engine == {TRAITS.name: 100, FREE.name: at.avoided_calls["budget"]}
    assert at.avoided_calls["budget"] > 0
    # Once the money is gone, visits go on, as of strangers.
    assert sum(at.named().values()) == 100 + at.avoided_calls["budget"] < sum(at.visits.values())
    assert {commit.camera_id for commit in at.stream_harness.store.commits} == {each.camera_id for each in cameras}


@in_virtual_time
async def test_a_face_seen_a_moment_ago_is_not_paid_for_again() -> None:
    """The second visit within a minute is named from memory; after that, the vendor is asked again."""
    async with bank([camera("door")], memory=MemoryPolicy(people=60.0)) as at:
        await at.visit("door", 0.0)
        await at.visit("door", 20.0)
        await at.visit("door", 120.0)
    assert [each.engine for each in at.recognitions()] == [TRAITS.name, MEMORY, TRAITS.name]
    assert at.named() == {"door": 3}
    assert at.avoided_calls["remembered"] == 1
    assert len(at.vendor.arrivals[SEARCH]) == 2
    assert at.avoided_calls["known_track"] + at.avoided_calls["skipped"] == 3 * 15 - 3


@in_virtual_time
async def test_an_answer_that_comes_after_the_face_has_gone_still_names_the_visit() -> None:
    """A visit decided as a stranger's for want of an answer is revised by it, and ends again."""

    async def slow(crop: FaceCrop) -> Identification:
        await asyncio.sleep(3.0)
        return named("ana")

    async with stream_harness({1: looked(face()), 2: looked(face())}, slow) as behind:
        session = await behind.open()
        behind.send(session, 1, 2)
        session.finish()
        async with asyncio.TaskGroup() as group:
            group.create_task(behind.listen(session))
            group.create_task(session.run())
    decided = [each for commit in behind.store.commits for each in commit.decided]
    assert [(each.match is not None, each.revises) for each in decided] == [(False, False), (True, True)]
    states = [news.state for news in behind.said if isinstance(news, TrackUpdate)]
    assert states[-2:] == [TrackState.REVISED, TrackState.CLOSED]


@in_virtual_time
async def test_a_paid_answer_that_is_late_names_the_visit_and_is_not_paid_for_again() -> None:
    """A call that takes longer than the decision waits is delivered, whether or not the face is still there."""
    outages = [Outage(0.0, 1.0, Trouble.SLOW)]
    async with bank([camera("door")], outages=outages) as at:
        await at.visit("door", 0.0, seconds=1.0)
    assert at.named() == {"door": 1}
    assert [each.outcome for each in at.recognitions()] == ["match"]
    assert len(at.vendor.arrivals[SEARCH]) == 1
