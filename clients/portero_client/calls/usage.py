"""The call of UsageService."""

from __future__ import annotations

from datetime import datetime

from portero.v1 import usage_service_pb2 as pb2

from portero_client import convert
from portero_client.calls.base import Call, unary
from portero_client.names import CAMERAS
from portero_client.usage import AvoidedLine, BudgetState, Usage, UsageLine


def get(*, since: datetime | None, until: datetime | None, camera: str) -> Call[Usage]:
    """Returns the usage in a span of time."""
    return unary(
        "/portero.v1.UsageService/GetUsage",
        pb2.GetUsageRequest(
            start_time=convert.time_to(since) if since else None,
            end_time=convert.time_to(until) if until else None,
            camera=CAMERAS.name(camera) if camera else "",
        ),
        pb2.GetUsageResponse,
        _usage_from,
    )


def _usage_from(answer: pb2.GetUsageResponse) -> Usage:
    return Usage(
        calls=tuple(
            UsageLine(line.camera, line.engine, line.operation, line.calls, line.dollars) for line in answer.calls
        ),
        avoided=tuple(AvoidedLine(line.camera, line.reason, line.count) for line in answer.avoided),
        dollars=answer.dollars,
        month_dollars=answer.month_dollars,
        projected_month_dollars=answer.projected_month_dollars,
        budgets=tuple(
            BudgetState(state.scope, state.daily_dollars, state.spent_dollars, state.step) for state in answer.budgets
        ),
    )
