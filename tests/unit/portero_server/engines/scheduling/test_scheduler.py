"""The gate: calls are made, callers are told, and nobody disturbs anybody."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from portero_server.domain.billing.budget import Budget, BudgetLimits
from portero_server.domain.billing.usage import PriceTable, UsageLedger
from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext, CallGate
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.scheduler import Scheduler
from portero_server.engines.scheduling.types import BudgetSpent, CallTimedOut, GateClosed, QueueFull
from portero_server.errors import EngineDenied, EngineError, EngineThrottled, EngineUnavailable, Expired, InvalidInput
from tests.support.server.scheduler_log import SchedulerLog
from tests.support.time.virtual_time import in_virtual_time, running_clock

SEARCH = "SearchFacesByImage"
CONFIG = SchedulerConfig(quotas={SEARCH: 5.0})
VISITOR = CallContext("door", Lane.VISITOR)


@asynccontextmanager
async def gate(
    config: SchedulerConfig = CONFIG, log: SchedulerLog | None = None, budget: Budget | None = None
) -> AsyncIterator[Scheduler]:
    """Yields a scheduler that serves, and stops it in the end."""
    scheduler = Scheduler(config, running_clock(), log or SchedulerLog(), budget=budget, chance=random.Random(5))
    serving = asyncio.create_task(scheduler.serve())
    try:
        yield scheduler
    finally:
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving


def answering(value: str, seconds: float = 0.1) -> Callable[[], Awaitable[str]]:
    """Returns a call that takes its time and answers."""

    async def call() -> str:
        await asyncio.sleep(seconds)
        return value

    return call


def failing(*errors: Exception, then: str = "answer") -> Callable[[], Awaitable[str]]:
    """Returns a call that raises these errors one after another, and then answers."""
    left = list(errors)

    async def call() -> str:
        await asyncio.sleep(0.05)
        if left:
            raise left.pop(0)
        return then

    return call


def patient(seconds: float) -> CallContext:
    """Returns the context of a visitor's call with a deadline in so many seconds."""
    return CallContext("door", Lane.VISITOR, running_clock().monotonic() + seconds)


@in_virtual_time
async def test_the_scheduler_is_a_call_gate() -> None:
    """An engine that knows CallGate gets its call's answer."""
    async with gate() as scheduler:
        as_gate: CallGate = scheduler
        assert await as_gate.run(SEARCH, VISITOR, answering("ana")) == "ana"


@in_virtual_time
async def test_calls_are_paced() -> None:
    """Ten calls at a quota of five a second take about two seconds, each answered with its own answer."""
    async with gate() as scheduler:
        began = running_clock().monotonic()
        answers = await asyncio.gather(
            *(scheduler.run(SEARCH, VISITOR, answering(str(number))) for number in range(10))
        )
        assert answers == [str(number) for number in range(10)]
        assert 1.5 < running_clock().monotonic() - began < 2.2


@in_virtual_time
async def test_cancelling_one_caller_disturbs_no_other() -> None:
    """Of callers waiting and running, the canceled ones end and all the others get their answers."""
    async with gate() as scheduler:
        tasks = [asyncio.create_task(scheduler.run(SEARCH, VISITOR, answering(str(n), 0.5))) for n in range(12)]
        await asyncio.sleep(0.3)
        for cancelled in (0, 1, 5, 11):
            tasks[cancelled].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for number, result in enumerate(results):
            if number in (0, 1, 5, 11):
                assert isinstance(result, asyncio.CancelledError)
            else:
                assert result == str(number)


@in_virtual_time
async def test_a_cancelled_caller_who_waited_costs_no_call() -> None:
    """A caller that goes away before its turn is never called for, and the next moves up."""
    log = SchedulerLog()
    async with gate(log=log) as scheduler:
        tasks = [asyncio.create_task(scheduler.run(SEARCH, VISITOR, answering(str(n)))) for n in range(8)]
        await asyncio.sleep(0.01)
        for task in tasks[1:7]:
            task.cancel()
        assert await tasks[7] == "7"
        assert log.attempts.total() == 2


@in_virtual_time
async def test_a_call_outlives_its_caller() -> None:
    """A call under way is not canceled with its caller: it is paid for, and its end is counted."""
    log, ended = SchedulerLog(), asyncio.Event()

    async def call() -> None:
        await asyncio.sleep(0.5)
        ended.set()

    async with gate(log=log) as scheduler:
        task = asyncio.create_task(scheduler.run(SEARCH, VISITOR, call))
        await asyncio.sleep(0.1)
        task.cancel()
        await ended.wait()
        await asyncio.sleep(0)
        assert log.codes == {"OK": 1}


@in_virtual_time
async def test_a_caller_cancelled_as_it_is_told_ends_cancelled() -> None:
    """Canceling a caller in the very moment in which its answer or refusal comes breaks nothing."""

    class CancellingLog(SchedulerLog):
        """Cancels the caller just before it is told."""

        task: asyncio.Task[str] | None = None

        def finished(self, operation: str, code: str, seconds: float) -> None:
            """A call ended."""
            self.refused(operation, Lane.VISITOR, code)

        def refused(self, operation: str, lane: Lane, code: str) -> None:
            """A caller was told no."""
            if self.task is not None:
                self.task.cancel()

    log = CancellingLog()
    async with gate(log=log) as scheduler:
        for call in (answering("fine"), answering("late", 1.0), failing(EngineDenied("no"))):
            log.task = asyncio.create_task(scheduler.run(SEARCH, patient(0.5), call))
            with pytest.raises(asyncio.CancelledError):
                await log.task
            log.task = None
            await asyncio.sleep(5.0)
        assert await scheduler.run(SEARCH, VISITOR, answering("fine")) == "fine"


@in_virtual_time
async def test_a_late_answer_is_not_delivered() -> None:
    """The caller hears Expired at its deadline, although the call comes back later."""
    log = SchedulerLog()
    async with gate(log=log) as scheduler:
        began = running_clock().monotonic()
        with pytest.raises(Expired):
            await scheduler.run(SEARCH, patient(1.0), answering("late", 2.0))
        assert running_clock().monotonic() - began == pytest.approx(1.0)
        await asyncio.sleep(2.0)
        assert log.codes == {"OK": 1}
        assert log.refusals == {(Lane.VISITOR, "EXPIRED"): 1}


@in_virtual_time
async def test_a_late_answer_is_delivered_to_whoever_keeps_it() -> None:
    """A caller to whom late answers are of use waits for its running call and gets what was paid for."""
    log = SchedulerLog()
    async with gate(log=log) as scheduler:
        context = replace(patient(1.0), keeps_late=True)
        assert await scheduler.run(SEARCH, context, answering("late", 2.0)) == "late"
    assert not log.refusals


@in_virtual_time
async def test_retryable_failures_are_repeated() -> None:
    """A caller whose call was throttled once and failed once gets the answer of the third attempt."""
    log = SchedulerLog()
    async with gate(log=log) as scheduler:
        call = failing(EngineThrottled("slow down"), EngineUnavailable("oops"))
        assert await scheduler.run(SEARCH, patient(20.0), call) == "answer"
        assert log.attempts == {1: 1, 2: 1, 3: 1}
        assert log.codes == {"ENGINE_THROTTLED": 1, "ENGINE_UNAVAILABLE": 1, "OK": 1}


@pytest.mark.parametrize(
    "error",
    [
        EngineDenied("no"),
        EngineError("odd"),
        InvalidInput("image", "image has no face"),
        KeyError("a bug"),
        asyncio.CancelledError(),
    ],
)
@in_virtual_time
async def test_other_errors_reach_their_caller_alone(error: BaseException) -> None:
    """Whatever a call raises reaches its caller at once, unchanged unless it is a cancellation, and no other."""

    async def call() -> None:
        raise error

    async with gate() as scheduler:
        other = asyncio.create_task(scheduler.run(SEARCH, VISITOR, answering("fine")))
        with pytest.raises(EngineUnavailable if isinstance(error, asyncio.CancelledError) else type(error)):
            await scheduler.run(SEARCH, VISITOR, call)
        assert await other == "fine"


@in_virtual_time
async def test_a_call_that_hangs_is_given_up() -> None:
    """After the call timeout the caller is told and the place is free again."""
    async with gate(SchedulerConfig(quotas={SEARCH: 5.0}, running_limit=1, call_timeout=3.0)) as scheduler:
        hanging = scheduler.run(SEARCH, patient(3.1), answering("never", 1e6))
        behind = asyncio.create_task(scheduler.run(SEARCH, VISITOR, answering("next")))
        with pytest.raises(CallTimedOut):
            await hanging
        assert await behind == "next"


@in_virtual_time
async def test_calls_under_way_are_bounded() -> None:
    """However many callers and however much quota, no more calls run at once than allowed."""
    running = most = 0

    async def call() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.3)
        running -= 1

    config = SchedulerConfig(quotas={SEARCH: 1000.0}, running_limit=4, operation_share=1.0)
    async with gate(config) as scheduler:
        await asyncio.gather(*(scheduler.run(SEARCH, VISITOR, call) for _ in range(40)))
    assert most == 4


@in_virtual_time
async def test_who_is_dropped_is_told_with_a_time_to_try_again() -> None:
    """A caller dropped from a full queue hears QueueFull."""
    async with gate(SchedulerConfig(quotas={SEARCH: 1.0}, queue_limit=2)) as scheduler:
        tasks = [asyncio.create_task(scheduler.run(SEARCH, VISITOR, answering(str(n)))) for n in range(4)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        dropped = [result for result in results if isinstance(result, QueueFull)]
        assert len(dropped) == 2
        assert all(result.retry_after == 1.0 for result in dropped)


@in_virtual_time
async def test_a_spent_budget_is_told_and_its_steps_are_audited() -> None:
    """When the money is used up callers hear BudgetSpent, and the observer heard each step once, in order."""
    log, ledger = SchedulerLog(), UsageLedger()
    budget = Budget(BudgetLimits(total=100_000), PriceTable(), ledger, "rekognition")
    desk = CallContext("desk", Lane.CHECK_IN)
    async with gate(SchedulerConfig(quotas={SEARCH: 50.0}), log, budget) as scheduler:
        for _ in range(100):
            await scheduler.run(SEARCH, desk, answering("ana", 0.01))
        with pytest.raises(BudgetSpent):
            await scheduler.run(SEARCH, desk, answering("ana"))
    assert [change.after.word for change in log.changes] == [
        "fewer_retries",
        "longer_deadlines",
        "local_only",
        "stopped",
    ]
    assert ledger.spent(running_clock().now().date()) == 100_000


@in_virtual_time
async def test_stopping_tells_everybody() -> None:
    """Callers waiting, running and coming later all hear that the server stops."""
    async with gate() as scheduler:
        tasks = [asyncio.create_task(scheduler.run(SEARCH, VISITOR, answering(str(n), 5.0))) for n in range(6)]
        await asyncio.sleep(0.5)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, GateClosed) for result in results)
    with pytest.raises(GateClosed):
        await scheduler.run(SEARCH, VISITOR, answering("late"))


@in_virtual_time
async def test_requests_made_before_serving_wait_for_it() -> None:
    """A constructor starts nothing: a request made early is answered once serving begins."""
    scheduler = Scheduler(CONFIG, running_clock(), SchedulerLog())
    early = asyncio.create_task(scheduler.run(SEARCH, VISITOR, answering("early")))
    await asyncio.sleep(1.0)
    assert not early.done()
    serving = asyncio.create_task(scheduler.serve())
    assert await early == "early"
    serving.cancel()


@in_virtual_time
async def test_a_call_keeps_its_caller_s_context() -> None:
    """Context variables, as logs and traces use them, are those of the caller although the call runs elsewhere."""
    stream: contextvars.ContextVar[str] = contextvars.ContextVar("stream", default="none")

    async def call() -> str:
        return stream.get()

    async with gate() as scheduler:
        stream.set("door-1")
        assert await scheduler.run(SEARCH, VISITOR, call) == "door-1"
