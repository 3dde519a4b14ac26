"""What passes between the scheduler's planner, which decides, and its shell, which acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from portero_server.domain.billing.budget import StepChanged
from portero_server.domain.cameras import Lane
from portero_server.engines.scheduling.operation import OperationStatus
from portero_server.errors import EngineError


@dataclass(frozen=True, slots=True)
class Instant:
    """One reading of both clocks: monotonic seconds, for all that waits, and UTC, for the day money is spent in."""

    seconds: float
    utc: datetime


@dataclass(frozen=True, slots=True)
class Start:
    """Make this call now. `waited` is seconds since it was submitted, `attempt` counts from 1."""

    number: int
    operation: str
    lane: Lane
    waited: float
    attempt: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Tell this request's caller that no answer will come. A call under way ends by itself."""

    number: int
    operation: str
    lane: Lane
    error: EngineError


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done now.

    Attributes:
        starts: Calls to make.
        refusals: Callers to tell.
        statuses: Operations whose status changed since the last plan.
        steps: Steps of budgets passed since the last plan, in order.
        wake_at: Monotonic seconds at which to plan again even if nothing happens, or None.
    """

    starts: tuple[Start, ...]
    refusals: tuple[Refusal, ...]
    statuses: tuple[OperationStatus, ...]
    steps: tuple[StepChanged, ...]
    wake_at: float | None


class Ending(Enum):
    """What the end of a call means for its caller.

    DELIVER: tell how it ended. RETRY: keep waiting, it will be tried again. NOBODY: nobody waits any more, or
    the next plan refuses it because the deadline has passed.
    """

    DELIVER = auto()
    RETRY = auto()
    NOBODY = auto()
