"""The cost of recognition, and the calls that were avoided."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UsageLine:
    """Calls of one operation at one camera.

    Attributes:
        camera: Resource name, "cameras/{camera}"; empty for unary RPCs.
        engine: The engine.
        operation: As the engine's vendor calls it.
        calls: Calls made and billed.
        dollars: What they cost, US dollars.
    """

    camera: str
    engine: str
    operation: str
    calls: int
    dollars: float


@dataclass(frozen=True, slots=True)
class AvoidedLine:
    """Calls that were not needed at one camera ("cameras/{camera}"), by reason."""

    camera: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget and what remains of it.

    Attributes:
        scope: "total" or a camera's resource name.
        daily_dollars: US dollars a UTC day.
        spent_dollars: Spent today.
        step: How far service has degraded: normal, fewer_retries, longer_deadlines, local_only or stopped.
    """

    scope: str
    daily_dollars: float
    spent_dollars: float
    step: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Usage in a span of time; month, projection and budgets are those of now.

    Attributes:
        calls: Calls made.
        avoided: Calls avoided.
        dollars: Sum of the span, US dollars.
        month_dollars: The current month so far.
        projected_month_dollars: What it will have cost at the last seven days' rate.
        budgets: Those in force.
    """

    calls: tuple[UsageLine, ...]
    avoided: tuple[AvoidedLine, ...]
    dollars: float
    month_dollars: float
    projected_month_dollars: float
    budgets: tuple[BudgetState, ...]
