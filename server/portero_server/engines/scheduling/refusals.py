"""What the gate in front of an engine answers when it makes no call."""

from __future__ import annotations

from portero_server.domain.billing.budget import Step
from portero_server.errors import EngineError, EngineThrottled, EngineUnavailable, LimitReached


class BudgetSpent(EngineError):
    """The day's money for this camera, or for all, is used up: the call was not made.

    Attributes:
        step: LOCAL_ONLY or STOPPED: whether an engine that costs nothing may answer instead.
    """

    reason = "BUDGET_SPENT"

    def __init__(self, message: str, step: Step) -> None:
        super().__init__(message)
        self.step = step


class QueueFull(LimitReached, EngineThrottled):
    """Too many calls wait already, and this one was the oldest of the lowest lane."""

    reason = "QUEUE_FULL"


class CircuitOpen(EngineUnavailable):
    """The service has been failing and is left alone until after this call's deadline."""

    reason = "ENGINE_CIRCUIT_OPEN"


class CallTimedOut(EngineUnavailable):
    """The service did not answer in time; the call may have been billed."""

    reason = "ENGINE_TIMED_OUT"


class GateClosed(EngineUnavailable):
    """The server is stopping; no further call is made."""

    reason = "STOPPING"
