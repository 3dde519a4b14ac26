"""Configuration of the scheduler: quotas, limits, and what each budget step changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from portero_server.domain.billing.budget import Step
from portero_server.domain.cameras import Lane
from portero_server.engines.scheduling.breaker import BreakerConfig
from portero_server.engines.scheduling.lanes import DEFAULT_PATIENCE, LaneDropPolicy
from portero_server.engines.scheduling.latency import LatencyConfig
from portero_server.engines.scheduling.quota import QuotaConfig
from portero_server.engines.scheduling.retry import RetryConfig

REKOGNITION_QUOTAS: Mapping[str, float] = MappingProxyType(
    {
        "CompareFaces": 100.0,
        "DetectFaces": 100.0,
        "DetectText": 50.0,
        "CreateFaceLivenessSession": 5.0,
        "GetFaceLivenessSessionResults": 5.0,
        "IndexFaces": 50.0,
        "SearchFaces": 50.0,
        "SearchFacesByImage": 50.0,
        "SearchUsersByImage": 50.0,
    }
)
"""Calls a second of an account in the large regions (us-east-1, us-west-2, eu-west-1); elsewhere many are 5."""


@dataclass(frozen=True, slots=True)
class StepPolicy:
    """What changes for new requests at a step of a spent budget.

    Attributes:
        attempts: Calls made for one request at most; None: as configured.
        deadline_factor: What the time until the deadline is multiplied with.
        spacing: Seconds at least between two calls of one camera; its requests wait for it. Check-in is exempt.
    """

    attempts: int | None = None
    deadline_factor: float = 1.0
    spacing: float = 0.0


_SAVING = StepPolicy(attempts=1, deadline_factor=3.0, spacing=2.0)

DEFAULT_STEPS: Mapping[Step, StepPolicy] = MappingProxyType(
    {
        Step.NORMAL: StepPolicy(),
        Step.FEWER_RETRIES: StepPolicy(attempts=1),
        Step.LONGER_DEADLINES: _SAVING,
        Step.LOCAL_ONLY: _SAVING,
        Step.STOPPED: _SAVING,
    }
)


@dataclass(frozen=True, slots=True)
class SchedulerConfig:
    """How calls are scheduled.

    Attributes:
        quotas: Calls a second by operation, this process's share of the account's.
        other_quota: Calls a second of each operation `quotas` does not name.
        queue_limit: Requests that may wait, those between two attempts included.
        drop_policy: What happens beyond it.
        running_limit: Calls under way at once.
        operation_share: Share of `running_limit` one operation may take, so that a slow one leaves room, 0..1.
        patience: How many calls of other lanes a waiting lane lets pass.
        longest_wait: Seconds until the deadline of a request that names none.
        call_timeout: Seconds after which a call counts as failed. The engine's own time limits must be
            shorter: a thread that hangs is not ended by this.
        quota, breaker, latency, retry: See there.
        steps: What each step of a spent budget changes.
    """

    quotas: Mapping[str, float] = field(default_factory=lambda: REKOGNITION_QUOTAS)
    other_quota: float = 5.0
    queue_limit: int = 256
    drop_policy: LaneDropPolicy = LaneDropPolicy.OLDEST_OF_LOWEST_LANE
    running_limit: int = 32
    operation_share: float = 0.75
    patience: Mapping[Lane, int] = field(default_factory=lambda: DEFAULT_PATIENCE)
    longest_wait: float = 30.0
    call_timeout: float = 8.0
    quota: QuotaConfig = field(default_factory=QuotaConfig)
    breaker: BreakerConfig = field(default_factory=BreakerConfig)
    latency: LatencyConfig = field(default_factory=LatencyConfig)
    retry: RetryConfig = field(default_factory=RetryConfig)
    steps: Mapping[Step, StepPolicy] = field(default_factory=lambda: DEFAULT_STEPS)

    def quota_of(self, operation: str) -> float:
        """Returns the calls per second allowed for an operation."""
        return self.quotas.get(operation, self.other_quota)

    @property
    def running_limit_of_one(self) -> int:
        """Largest number of concurrent calls of one operation."""
        return max(1, int(self.running_limit * self.operation_share))
