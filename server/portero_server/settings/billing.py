"""Settings of the paid engine: the service, its quotas, prices and budgets, and how calls are avoided."""

from __future__ import annotations

from pydantic import Field, model_validator

from portero_server.domain.billing.budget import BudgetLimits, Step
from portero_server.domain.billing.usage import REKOGNITION_PRICES, PriceTable, microdollars
from portero_server.domain.gate.sampling import SamplingPolicy
from portero_server.domain.tracking.memory import MemoryPolicy
from portero_server.engines.rekognition.options import QualityFilter
from portero_server.engines.scheduling.breaker import BreakerConfig
from portero_server.engines.scheduling.config import REKOGNITION_QUOTAS, SchedulerConfig
from portero_server.settings.serving import ServingSettings
from portero_server.settings.types import Dollars, Pause, Rate, Ratio, Seconds


class BillingSettings(ServingSettings):
    """The paid engine: the service, its quotas, prices and budgets, and how calls are avoided."""

    rekognition_region: str | None = Field(
        None, description="AWS region of Rekognition; unset: that of the AWS profile or environment."
    )
    rekognition_collection: str = Field(
        "portero",
        pattern=r"^[a-zA-Z0-9_.\-]{1,255}$",
        description="The Rekognition collection that is the gallery.",
    )
    rekognition_create_collection: bool = Field(
        True, description="Whether a missing collection is created at start-up, rather than refused."
    )
    rekognition_threads: int = Field(32, ge=1, le=256, description="Threads and connections for calls to Rekognition.")
    rekognition_connect_timeout: Seconds = Field(1.0, description="Longest time to connect to Rekognition, seconds.")
    rekognition_read_timeout: Seconds = Field(2.0, description="Longest silence of Rekognition within a call, seconds.")
    rekognition_similarity_floor: Ratio = Field(
        0.3, description="Faces less similar are not asked for; low enough to see the runner-up."
    )
    rekognition_max_matches: int = Field(25, ge=1, le=4096, description="Most faces asked for in a search.")
    rekognition_search_quality: QualityFilter = Field(
        "NONE", description="Rekognition's quality filter for searches: NONE, AUTO, LOW, MEDIUM or HIGH."
    )
    rekognition_enroll_quality: QualityFilter = Field(
        "AUTO", description="Rekognition's quality filter for enrollment: NONE, AUTO, LOW, MEDIUM or HIGH."
    )
    rekognition_text_sheets: bool = Field(
        False, description="Whether small images that are read for text at once share a paid call."
    )
    rekognition_quotas: dict[str, Rate] = Field(
        {},
        description='Calls a second by operation, as JSON: {"SearchFacesByImage": 50}; of what it does not name, '
        "Amazon's defaults of the large regions hold. Divide the account's quota by the number of servers.",
    )
    rekognition_other_quota: Rate = Field(
        5.0, description="Calls a second of each operation that has no quota of its own."
    )
    calls_running: int = Field(32, ge=1, le=256, description="Paid calls under way at once.")
    call_timeout: Seconds = Field(
        8.0, description="A paid call that took so long has failed; more than both Rekognition timeouts, seconds."
    )
    breaker_failed: Ratio = Field(
        0.5, description="Share of failed calls, of the latest 20, at which a paid operation is left alone for a while."
    )
    breaker_pause: Seconds = Field(
        1.0, description="For how long, the first time; it doubles up to eight times, seconds."
    )

    prices: dict[str, Dollars] = Field(
        {},
        description='US dollars a call by operation, as JSON: {"DetectText": 0.0012}; of what it does not name, '
        "those of us-east-1 hold.",
    )
    price_otherwise: Dollars = Field(0.001, description="US dollars a call of an operation without a price.")
    budget_daily: Dollars | None = Field(
        None, description="US dollars that may be spent a UTC day by this server; unset: no limit."
    )
    budget_cameras: dict[str, Dollars] = Field(
        {},
        description='US dollars that single cameras may spend a UTC day, as JSON: {"door": 1.5}.',
    )
    budget_other_cameras: Dollars | None = Field(
        None, description="US dollars that each other camera may spend a UTC day; unset: no limit."
    )
    budget_thresholds: tuple[Ratio, Ratio, Ratio, Ratio] = Field(
        (0.7, 0.85, 0.95, 1.0),
        description="Shares of a budget, as JSON, at which service degrades: fewer retries, longer deadlines, "
        "only the local engine (but for check-in), no recognition.",
    )
    local_backing: bool = Field(
        True,
        description="Whether the local engine stands behind a paid one: it remembers faces for a moment, so that they "
        "are not paid for twice, and answers when a budget is used up. People are then enrolled with both.",
    )
    remember_people: Pause = Field(
        60.0, description="How long a named face is remembered at its camera instead of asked about, seconds; 0: not."
    )
    remember_strangers: Pause = Field(60.0, description="The same for faces that nobody knows, seconds; 0: not.")
    gate_audit_share: Ratio = Field(
        0.01,
        description="Share of the frames held back that a paid engine searches anyway, to know the loss; 0: none.",
    )
    gate_audit_interval: Pause = Field(
        5.0,
        description="Motion without a face for so long has a paid engine search a frame, seconds; doubled each time it "
        "finds nobody, up to 300; 0: never.",
    )

    @model_validator(mode="after")
    def _checked_together(self) -> BillingSettings:
        if self.rekognition_connect_timeout + self.rekognition_read_timeout >= self.call_timeout:
            raise ValueError(
                "PORTERO_CALL_TIMEOUT must be more than PORTERO_REKOGNITION_CONNECT_TIMEOUT and "
                "PORTERO_REKOGNITION_READ_TIMEOUT together"
            )
        if list(self.budget_thresholds) != sorted(self.budget_thresholds):
            raise ValueError("PORTERO_BUDGET_THRESHOLDS must ascend")
        return self

    @property
    def scheduler(self) -> SchedulerConfig:
        """How paid calls are scheduled."""
        return SchedulerConfig(
            quotas={**REKOGNITION_QUOTAS, **self.rekognition_quotas},
            other_quota=self.rekognition_other_quota,
            queue_limit=self.recognition_queue,
            running_limit=self.calls_running,
            call_timeout=self.call_timeout,
            breaker=BreakerConfig(
                failed=self.breaker_failed, pause=self.breaker_pause, longest_pause=8 * self.breaker_pause
            ),
        )

    @property
    def price_table(self) -> PriceTable:
        """The price of each paid operation."""
        own = {operation: microdollars(price) for operation, price in self.prices.items()}
        return PriceTable({**REKOGNITION_PRICES, **own}, microdollars(self.price_otherwise))

    @property
    def budget(self) -> BudgetLimits:
        """What may be spent."""
        steps = [step for step in Step if step is not Step.NORMAL]
        return BudgetLimits(
            total=_microdollars(self.budget_daily),
            per_camera={camera: microdollars(amount) for camera, amount in self.budget_cameras.items()},
            other_cameras=_microdollars(self.budget_other_cameras),
            thresholds=dict(zip(steps, self.budget_thresholds, strict=True)),
        )

    @property
    def memory(self) -> MemoryPolicy:
        """How long faces are remembered."""
        return MemoryPolicy(people=self.remember_people, strangers=self.remember_strangers)

    @property
    def gate_audit(self) -> SamplingPolicy:
        """Which held-back frames are searched anyway."""
        return SamplingPolicy(share=self.gate_audit_share, interval=self.gate_audit_interval)


def _microdollars(amount: float | None) -> int | None:
    return None if amount is None else microdollars(amount)
