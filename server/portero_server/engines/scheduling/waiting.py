"""Requests on their way to a call, and the bounded queue in which they wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portero_server.domain.billing.budget import Reservation
from portero_server.domain.cameras import Lane
from portero_server.engines.scheduling.agenda import Agenda
from portero_server.engines.scheduling.types import Operation


@dataclass(slots=True)
class Request:
    """One request from its submission to its end. All times are monotonic seconds.

    Attributes:
        number: Grows with each request; names it between planner and shell.
        operation: What is to be called.
        camera_id: The camera, or None for a unary RPC.
        lane: Its place when the quota is short.
        deadline: When an answer is of no use any more.
        submitted: When it came.
        keeps_late: Whether a call under way at the deadline is waited for all the same.
        attempts: Calls made so far.
        abandoned: Nobody waits for the call under way: its caller went away or was told that it is too late.
        started: When the latest call began.
        period: The breaker's period in which it did.
        reservation: What is set aside for it in the budget.
    """

    number: int
    operation: Operation
    camera_id: str | None
    lane: Lane
    deadline: float
    submitted: float
    keeps_late: bool = False
    attempts: int = 0
    abandoned: bool = False
    started: float = 0.0
    period: int = 0
    reservation: Reservation | None = None

    @property
    def essential(self) -> bool:
        """Whether it is among the last requests to be refused when the budget runs out."""
        return self.lane is Lane.CHECK_IN


class WaitingRoom:
    """Holds every waiting request: those queued for their operation, and those pausing before they are queued."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._requests: dict[int, Request] = {}
        self._ages = {lane: Agenda() for lane in Lane}  # By number: the smaller is the older.
        self._pauses = Agenda()

    @property
    def full(self) -> bool:
        """Whether no other request may be added."""
        return len(self._requests) >= self._limit

    def add(self, request: Request, not_before: float, now: float) -> None:
        """Adds a request, which joins its operation's queue at `not_before`."""
        self._requests[request.number] = request
        self._ages[request.lane].add(request.number, request.number)
        request.operation.deadlines.add(request.number, request.deadline)
        self._pauses.add(request.number, not_before)
        self.end_pauses(now)

    def discard(self, number: int) -> Request | None:
        """Removes a request. Returns it, or None if it was not there."""
        request = self._requests.pop(number, None)
        if request is None:
            return None
        self._ages[request.lane].discard(request.number)
        request.operation.deadlines.discard(request.number)
        request.operation.queue.discard(request.number, request.lane, request.camera_id)
        self._pauses.discard(request.number)
        return request

    def end_pauses(self, now: float) -> None:
        """Queues the requests whose pause is over, retries first."""
        for number in self._pauses.take_until(now):
            request = self._requests[number]
            enter = request.operation.queue.put_first if request.attempts else request.operation.queue.append
            enter(number, request.lane, request.camera_id)

    def take_next(self, operation: Operation) -> Request:
        """Removes and returns the next request of an operation's queue, which must not be empty."""
        request = self._requests[operation.queue.take()]
        self.discard(request.number)
        return request

    def take_overdue(self, operation: Operation, time: float) -> Iterator[Request]:
        """Removes and returns an operation's requests with a deadline at or before `time`."""
        for number in operation.deadlines.take_until(time):
            request = self._requests[number]
            self.discard(number)
            yield request

    def oldest_of_lowest_lane(self) -> Request | None:
        """Returns the request that would be dropped first, or None when nobody waits."""
        for lane in reversed(Lane):
            if (number := self._ages[lane].first()) is not None:
                return self._requests[number]
        return None

    def next_pause_end(self) -> float | None:
        """Returns when the earliest pause ends, or None."""
        return self._pauses.next_due()
