"""The scheduler's decisions: synchronous, given the time, returning data. `scheduler` carries them out."""

from __future__ import annotations

import math
import random

from portero_server.domain.billing.budget import Budget, Step
from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.scheduling.agenda import Agenda
from portero_server.engines.scheduling.config import SchedulerConfig, StepPolicy
from portero_server.engines.scheduling.retry import retry_pause
from portero_server.engines.scheduling.types import (
    BudgetSpent,
    CallOutcome,
    CircuitOpen,
    Ending,
    Instant,
    Operation,
    OperationStatus,
    Plan,
    QueueFull,
    Refusal,
    Start,
)
from portero_server.engines.scheduling.waiting import Request, WaitingRoom
from portero_server.errors import EngineError, Expired

_RANKS = {lane: rank for rank, lane in enumerate(Lane)}


class Planner:
    """Decides which requests become calls, when, and which are refused.

    A request waits, runs, perhaps waits for a retry and runs again. Unless its caller cancels it, it is settled exactly
    once: by a refusal in a plan, or by the end of a call for which `finished` returns DELIVER.
    """

    def __init__(self, config: SchedulerConfig, chance: random.Random, budget: Budget | None = None) -> None:
        self._config = config
        self._chance = chance
        self._budget = budget
        self._last_number = 0
        self._operations: dict[str, Operation] = {}  # The one served longest ago first.
        self._room = WaitingRoom(config.queue_limit)
        self._running: dict[int, Request] = {}
        self._awaited = Agenda()  # Requests running for a caller who still waits, by deadline.
        self._spaced: dict[str | None, float] = {}  # The earliest next call of cameras that must save.
        self._refusals: list[Refusal] = []
        self._told: dict[str, OperationStatus] = {}

    def submit(self, operation: str, context: CallContext, now: Instant) -> int:
        """Adds a request and returns its number; `plan` and `finished` report what becomes of it."""
        time = now.seconds
        self._room.end_pauses(time)
        policy = self._policy(context.camera_id, now)
        patience = self._config.longest_wait if context.deadline is None else context.deadline - time
        self._last_number += 1
        request = Request(
            number=self._last_number,
            operation=self._operation(operation, time),
            camera_id=context.camera_id,
            lane=context.lane,
            deadline=time + patience * policy.deadline_factor,
            submitted=time,
            keeps_late=context.keeps_late,
        )
        not_before = time if request.essential else max(time, self._spaced.get(request.camera_id, time))
        objection = self._objection(request, not_before, now) or self._make_room(request, time)
        if objection is not None:
            self._refuse(request, objection)
            return request.number
        if policy.spacing and not request.essential:
            self._space(request.camera_id, not_before + policy.spacing, time)
        self._room.add(request, not_before, time)
        return request.number

    def cancel(self, number: int) -> None:
        """Removes a request whose caller went away. A call in progress ends by itself."""
        if self._room.discard(number) is None and number in self._running:
            self._abandon(self._running[number])

    def finished(self, number: int, outcome: CallOutcome, now: Instant) -> Ending:
        """Learns from the end of a call. Returns what it means for the caller."""
        self._expire(now.seconds)
        request = self._running.pop(number)
        self._awaited.discard(number)
        request.operation.finish(outcome, request.started, request.period, now.seconds)
        if self._budget is not None and request.reservation is not None:
            self._budget.settle(request.reservation, now.utc, billed=outcome.billed)
        if request.abandoned:
            return Ending.NOBODY
        if not outcome.retryable or not self._may_retry(request, now):
            return Ending.DELIVER
        pause = retry_pause(self._config.retry, request.attempts, self._chance)
        # Half of what is left at most, so that the call after the pause is in time although others go first.
        left = request.deadline - request.operation.answers_at(now.seconds)
        self._room.add(request, now.seconds + min(pause, left / 2), now.seconds)
        return Ending.RETRY

    def plan(self, now: Instant) -> Plan:
        """Returns what to do now."""
        self._room.end_pauses(now.seconds)
        self._expire(now.seconds)
        starts = tuple(self._start(now))
        refusals, self._refusals = tuple(self._refusals), []
        return Plan(
            starts=starts,
            refusals=refusals,
            statuses=self._changed_statuses(),
            steps=() if self._budget is None else self._budget.take_changes(),
            wake_at=self._wake_at(now.seconds),
        )

    def _operation(self, name: str, now: float) -> Operation:
        if name not in self._operations:
            self._operations[name] = Operation(name, self._config, self._chance, now)
        return self._operations[name]

    def _step(self, camera_id: str | None, now: Instant) -> Step:
        return Step.NORMAL if self._budget is None else self._budget.step(camera_id, now.utc)

    def _policy(self, camera_id: str | None, now: Instant) -> StepPolicy:
        return self._config.steps[self._step(camera_id, now)]

    def _objection(self, request: Request, not_before: float, now: Instant) -> EngineError | None:
        """Returns why a request cannot get an answer in time, or None if it can."""
        name, camera_id = request.operation.name, request.camera_id
        if self._budget is not None and self._budget.refuses(name, camera_id, now.utc, essential=request.essential):
            return self._budget_spent(request, now)
        if request.deadline <= request.operation.answers_at(now.seconds, not_before):
            return _too_late(request, not_before)
        return None

    def _budget_spent(self, request: Request, now: Instant) -> BudgetSpent:
        # Before LOCAL_ONLY is reached, the rest may be set aside for calls under way.
        step = max(Step.LOCAL_ONLY, self._step(request.camera_id, now))
        return BudgetSpent(f"the day's budget leaves nothing for {request.operation.name}", step)

    def _make_room(self, request: Request, now: float) -> QueueFull | None:
        """Drops the oldest request of the lowest lane if the queue is full.

        Returns an error if that is the new request itself, else None.
        """
        if self._room.full:
            self._expire(now)
        victim = self._room.oldest_of_lowest_lane()
        if not self._room.full or victim is None:
            return None
        full = QueueFull(f"{self._config.queue_limit} calls wait already", retry_after=1.0)
        if _RANKS[request.lane] > _RANKS[victim.lane]:
            return full
        self._room.discard(victim.number)
        self._refuse(victim, full)
        return None

    def _space(self, camera_id: str | None, next_call: float, now: float) -> None:
        self._spaced[camera_id] = next_call
        if len(self._spaced) > self._config.queue_limit:
            self._spaced = {camera: time for camera, time in self._spaced.items() if time > now}

    def _expire(self, now: float) -> None:
        for operation in self._operations.values():
            for request in self._room.take_overdue(operation, operation.answers_at(now)):
                self._refuse(request, _too_late(request, now))
        for number in self._awaited.take_until(now):
            self._abandon(self._running[number])
            self._refuse(self._running[number], _too_late(self._running[number], now))

    def _start(self, now: Instant) -> list[Start]:
        starts: list[Start] = []
        while (operation := self._next_operation(now.seconds)) is not None:
            request = self._room.take_next(operation)
            if self._budget is not None:
                request.reservation = self._budget.admit(
                    operation.name, request.camera_id, now.utc, essential=request.essential
                )
                if request.reservation is None:
                    self._refuse(request, self._budget_spent(request, now))
                    continue
            starts.append(self._run(request, now.seconds))
        return starts

    def _next_operation(self, now: float) -> Operation | None:
        """Returns an operation that may start a call; operations take turns, so that none starves the others."""
        for name, operation in self._operations.items():
            if self._has_place(operation) and operation.ready_at(now) <= now:
                self._operations[name] = self._operations.pop(name)
                return operation
        return None

    def _has_place(self, operation: Operation) -> bool:
        return (
            bool(operation.queue)
            and len(self._running) < self._config.running_limit
            and operation.running < self._config.running_limit_of_one
        )

    def _run(self, request: Request, now: float) -> Start:
        if request.attempts == 0:
            request.operation.retries.first_attempt()
        request.attempts += 1
        request.started = now
        request.period = request.operation.start(now)
        self._running[request.number] = request
        if not request.keeps_late:
            self._awaited.add(request.number, request.deadline)
        waited = now - request.submitted
        return Start(request.number, request.operation.name, request.lane, waited, request.attempts)

    def _may_retry(self, request: Request, now: Instant) -> bool:
        attempts = self._policy(request.camera_id, now).attempts or self._config.retry.attempts
        return (
            request.attempts < attempts
            and not self._room.full
            and self._objection(request, now.seconds, now) is None
            and request.operation.retries.take()
        )

    def _refuse(self, request: Request, error: EngineError) -> None:
        self._refusals.append(Refusal(request.number, request.operation.name, request.lane, error))

    def _abandon(self, request: Request) -> None:
        request.abandoned = True
        self._awaited.discard(request.number)

    def _changed_statuses(self) -> tuple[OperationStatus, ...]:
        statuses = [operation.status for operation in self._operations.values()]
        changed = tuple(status for status in statuses if self._told.get(status.operation) != status)
        self._told.update({status.operation: status for status in changed})
        return changed

    def _wake_at(self, now: float) -> float | None:
        times = [time for time in (self._room.next_pause_end(), self._awaited.next_due()) if time is not None]
        for operation in self._operations.values():
            deadline = operation.deadlines.next_due()
            if deadline is not None:
                times.append(deadline - operation.expected(now))
            if self._has_place(operation):
                times.append(operation.ready_at(now))
        return min((time for time in times if math.isfinite(time)), default=None)


def _too_late(request: Request, not_before: float) -> EngineError:
    """Returns the refusal for a deadline that cannot be met: because of the open breaker, or in any case."""
    name = request.operation.name
    if request.deadline > not_before + request.operation.expected(not_before):
        return CircuitOpen(f"{name} is failing and is not called for a while")
    return Expired(f"the answer of {name} would have come after its deadline")
