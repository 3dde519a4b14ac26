"""Short words for tests of the planner: moments, contexts, and what a plan says."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from portero_server.domain.billing.budget import Budget
from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.planner import Planner
from portero_server.engines.scheduling.types import Instant, Plan

SEARCH, TEXT = "SearchFacesByImage", "DetectText"
CONFIG = SchedulerConfig(quotas={SEARCH: 5.0, TEXT: 5.0})


def at(seconds: float) -> Instant:
    """Returns the moment `seconds` after the test's beginning."""
    return Instant(seconds, datetime(2026, 3, 10, 12, 0, tzinfo=UTC) + timedelta(seconds=seconds))


def visitor(camera_id: str | None = "door", deadline: float | None = None) -> CallContext:
    """Returns the context of a visitor's call."""
    return CallContext(camera_id, Lane.VISITOR, deadline)


def planner_of(config: SchedulerConfig = CONFIG, budget: Budget | None = None) -> Planner:
    """Returns a planner with repeatable jitter."""
    return Planner(config, random.Random(1), budget)


def codes(plan: Plan) -> dict[int, str]:
    """Returns the reason of each refusal by request number."""
    return {refusal.number: refusal.error.reason for refusal in plan.refusals}


def numbers(plan: Plan) -> list[int]:
    """Returns the requests whose calls start."""
    return [start.number for start in plan.starts]
