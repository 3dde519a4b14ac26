"""The gate in front of a paid engine: makes calls as the planner decides, and delivers their results to the callers."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from portero_server.clock import Clock
from portero_server.domain.billing.budget import Budget
from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.planner import Planner
from portero_server.engines.scheduling.types import (
    CallOutcome,
    CallTimedOut,
    Ending,
    GateClosed,
    Instant,
    SchedulerObserver,
    Start,
)
from portero_server.errors import EngineDenied, EngineThrottled, EngineUnavailable, PorteroError

_T = TypeVar("_T")

_SHORTEST_SLEEP = 0.001
"""Seconds. Event loops round timers, and must not be woken again and again just before the time has come."""


@dataclass(frozen=True, slots=True)
class _Caller:
    """A caller that waits for a request: how to make its call, deliver the result, or deliver an error."""

    operation: str
    lane: Lane
    attempt: Callable[[], Awaitable[Callable[[], None]]]
    fail: Callable[[Exception], None]
    context: contextvars.Context


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a call: `deliver` passes the result or the error to the caller."""

    outcome: CallOutcome
    code: str
    deliver: Callable[[], None]


class Scheduler:
    """Implements CallGate. Nothing happens before `serve` runs; requests made earlier wait for it.

    A call runs in a task of its own, which no caller can cancel: it is paid for in any case, and its end
    teaches how the service fares. It keeps its place among the running until it really ends.
    """

    def __init__(
        self,
        config: SchedulerConfig,
        clock: Clock,
        observer: SchedulerObserver,
        *,
        budget: Budget | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """Creates a gate. Requests wait until `serve` runs.

        Args:
            config: Quotas, bounds and policies.
            clock: Where time comes from.
            observer: Receives calls and refusals, for metrics.
            budget: What may be spent; None: calls are neither bounded by money nor accounted.
            chance: Random source of jitter.
        """
        # The jitter of pauses needs no cryptography.
        self._planner = Planner(config, chance or random.Random(), budget)  # noqa: S311
        self._config = config
        self._clock = clock
        self._observer = observer
        self._callers: dict[int, _Caller] = {}
        self._changed = asyncio.Event()
        self._closed = False

    async def run(self, operation: str, context: CallContext, call: Callable[[], Awaitable[_T]]) -> _T:
        """Makes one call once the limits allow it; see CallGate.

        Raises:
            Expired: The answer would come, or came, after the deadline.
            BudgetSpent: The day's money is used up.
            QueueFull, CircuitOpen, GateClosed: No call was made, for now.
            EngineError: Whatever the call's last attempt raised.
        """
        if self._closed:
            raise GateClosed("the server is stopping")
        answer: asyncio.Future[_T] = asyncio.get_running_loop().create_future()

        def deliver(result: _T) -> None:
            if not answer.done():
                answer.set_result(result)

        def fail(error: Exception) -> None:
            # A caller canceled a moment ago is still listed, but its future is done.
            if not answer.done():
                answer.set_exception(error)

        async def attempt() -> Callable[[], None]:
            return partial(deliver, await call())

        number = self._planner.submit(operation, context, self._now())
        self._callers[number] = _Caller(operation, context.lane, attempt, fail, contextvars.copy_context())
        self._changed.set()
        try:
            return await answer
        except asyncio.CancelledError:
            self._planner.cancel(number)
            self._changed.set()
            raise
        finally:
            self._callers.pop(number, None)

    async def serve(self) -> None:
        """Starts calls when they are due, until canceled; then refuses all callers that still wait."""
        try:
            async with asyncio.TaskGroup() as calls:
                while True:
                    self._changed.clear()
                    await self._sleep_until(self._act(calls))
        finally:
            self._closed = True
            for caller in self._callers.values():
                self._observer.refused(caller.operation, caller.lane, GateClosed.reason)
                caller.fail(GateClosed("the server is stopping"))
            self._callers.clear()

    def _act(self, calls: asyncio.TaskGroup) -> float | None:
        plan = self._planner.plan(self._now())
        for refusal in plan.refusals:
            self._observer.refused(refusal.operation, refusal.lane, refusal.error.reason)
            if (caller := self._callers.pop(refusal.number, None)) is not None:
                caller.fail(refusal.error)
        for start in plan.starts:
            caller = self._callers[start.number]
            calls.create_task(self._call(start, caller), context=caller.context)
        for status in plan.statuses:
            self._observer.status_changed(status)
        for change in plan.steps:
            self._observer.step_changed(change)
        return plan.wake_at

    async def _sleep_until(self, time: float | None) -> None:
        delay = None if time is None else max(_SHORTEST_SLEEP, time - self._clock.monotonic())
        try:
            async with asyncio.timeout(delay):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _call(self, start: Start, caller: _Caller) -> None:
        self._observer.started(start.operation, start.lane, start.waited, start.attempt)
        began = self._clock.monotonic()
        end = _failed(CallOutcome.LOST, GateClosed("the server is stopping"), caller)
        try:
            end = await self._attempt(start.operation, caller)
        finally:
            now = self._now()
            self._observer.finished(start.operation, end.code, now.seconds - began)
            ending = self._planner.finished(start.number, end.outcome, now)
            if ending is Ending.DELIVER and self._callers.pop(start.number, None) is not None:
                end.deliver()
            self._changed.set()

    async def _attempt(self, operation: str, caller: _Caller) -> _End:
        try:
            async with asyncio.timeout(self._config.call_timeout):
                return _End(CallOutcome.ANSWERED, "OK", await caller.attempt())
        except TimeoutError:
            late = CallTimedOut(f"{operation} was not answered within {self._config.call_timeout:g} s")
            return _failed(CallOutcome.NO_ANSWER, late, caller)
        except PorteroError as error:
            return _failed(_outcome_of(error), error, caller)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return _failed(CallOutcome.LOST, EngineUnavailable(f"{operation} was given up"), caller)
        # Any error of this call goes to its caller and to nobody else.
        except Exception as error:  # noqa: BLE001
            return _failed(CallOutcome.LOST, error, caller)

    def _now(self) -> Instant:
        return Instant(self._clock.monotonic(), self._clock.now())


def _failed(outcome: CallOutcome, error: Exception, caller: _Caller) -> _End:
    reason = error.reason if isinstance(error, PorteroError) else PorteroError.reason
    return _End(outcome, reason, partial(caller.fail, error))


def _outcome_of(error: PorteroError) -> CallOutcome:
    if isinstance(error, EngineThrottled):
        return CallOutcome.THROTTLED
    if isinstance(error, EngineDenied):
        return CallOutcome.DENIED
    if not isinstance(error, EngineUnavailable):
        return CallOutcome.ANSWERED
    # Only the service's own word that it failed proves that the call is not billed.
    return CallOutcome.FAILED if error.reason == EngineUnavailable.reason else CallOutcome.NO_ANSWER
