"""Settings of the paid engine: the service, its quotas, prices and budgets, and how calls are avoided."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, model_validator

from portero_server.domain.billing.budget import DEFAULT_THRESHOLDS, BudgetLimits, Step
from portero_server.domain.billing.usage import REKOGNITION_PRICES, PriceTable, dollars, microdollars
from portero_server.domain.gate.sampling import SamplingPolicy
from portero_server.domain.tracking.memory import MemoryPolicy
from portero_server.domain.tracking.policy import FaceDistances
from portero_server.engines.local.options import LocalOptions
from portero_server.engines.rekognition.options import QualityFilter, RekognitionOptions
from portero_server.engines.scheduling.breaker import BreakerConfig
from portero_server.engines.scheduling.config import REKOGNITION_QUOTAS, SchedulerConfig
from portero_server.settings.serving import ServingSettings
from portero_server.settings.types import Dollars, Pause, Rate, Ratio, Seconds

_REKOGNITION, _SCHEDULER = RekognitionOptions(), SchedulerConfig()
_MEMORY, _SAMPLING = MemoryPolicy(), SamplingPolicy()
_STEPS = tuple(step for step in Step if step is not Step.NORMAL)
_FEWER, _LONGER, _LOCAL, _STOPPED = (DEFAULT_THRESHOLDS[step] for step in _STEPS)


class BillingSettings(ServingSettings):
    """The paid engine: the service, its quotas, prices and budgets, and how calls are avoided."""

    rekognition_region: str | None = Field(
        _REKOGNITION.region, description="AWS region of Rekognition; unset: that of the AWS profile or environment."
    )
    rekognition_collection: str = Field(
        _REKOGNITION.collection,
        pattern=r"^[a-zA-Z0-9_.\-]{1,255}$",
        description="The Rekognition collection that is the gallery.",
    )
    rekognition_create_collection: bool = Field(
        _REKOGNITION.create_collection,
        description="Whether a missing collection is created at start-up, rather than refused.",
    )
    rekognition_threads: int = Field(
        _REKOGNITION.threads, ge=1, le=256, description="Threads and connections for calls to Rekognition."
    )
    rekognition_connect_timeout: Seconds = Field(
        _REKOGNITION.connect_timeout, description="Longest time to connect to Rekognition, seconds."
    )
    rekognition_read_timeout: Seconds = Field(
        _REKOGNITION.read_timeout, description="Longest silence of Rekognition within a call, seconds."
    )
    rekognition_similarity_floor: Ratio = Field(
        _REKOGNITION.similarity_floor,
        description="Faces less similar are not asked for; low enough to see the runner-up.",
    )
    rekognition_max_matches: int = Field(
        _REKOGNITION.max_matches, ge=1, le=4096, description="Most faces asked for in a search."
    )
    rekognition_search_quality: QualityFilter = Field(
        _REKOGNITION.search_quality,
        description="Rekognition's quality filter for searches: NONE, AUTO, LOW, MEDIUM or HIGH.",
    )
    rekognition_enroll_quality: QualityFilter = Field(
        _REKOGNITION.enroll_quality,
        description="Rekognition's quality filter for enrollment: NONE, AUTO, LOW, MEDIUM or HIGH.",
    )
    rekognition_text_sheets: bool = Field(
        _REKOGNITION.text_sheets, description="Whether small images that are read for text at once share a paid call."
    )
    rekognition_users: bool = Field(
        _REKOGNITION.users,
        description="Whether all faces of a person are searched as one user vector, rather than each by itself. "
        "An enrollment is then two paid calls.",
    )
    rekognition_quotas: dict[str, Rate] = Field(
        {},
        description='Calls a second by operation, as JSON: {"SearchFacesByImage": 50}; of what it does not name, '
        "Amazon's defaults of the large regions hold. Divide the account's quota by the number of servers.",
    )
    rekognition_other_quota: Rate = Field(
        _SCHEDULER.other_quota, description="Calls a second of each operation that has no quota of its own."
    )
    calls_running: int = Field(_SCHEDULER.running_limit, ge=1, le=256, description="Paid calls under way at once.")
    call_timeout: Seconds = Field(
        _SCHEDULER.call_timeout,
        description="A paid call that took so long has failed; more than both Rekognition timeouts, seconds.",
    )
    breaker_failed: Ratio = Field(
        _SCHEDULER.breaker.failed,
        description="Share of failed calls, of the latest 20, at which a paid operation is left alone for a while.",
    )
    breaker_pause: Seconds = Field(
        _SCHEDULER.breaker.pause, description="For how long, the first time; it doubles up to eight times, seconds."
    )

    prices: dict[str, Dollars] = Field(
        {},
        description='US dollars a call by operation, as JSON: {"DetectText": 0.0012}; of what it does not name, '
        "those of us-east-1 hold.",
    )
    price_otherwise: Dollars = Field(
        dollars(PriceTable().otherwise), description="US dollars a call of an operation without a price."
    )
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
        (_FEWER, _LONGER, _LOCAL, _STOPPED),
        description="Shares of a budget, as JSON, at which service degrades: fewer retries, longer deadlines, "
        "only the local engine (but for check-in), no recognition.",
    )
    local_backing: bool = Field(
        True,
        description="Whether the local engine stands behind a paid one: it remembers faces for a moment, so that they "
        "are not paid for twice, and answers when a budget is used up. People are then enrolled with both.",
    )
    remember_people: Pause = Field(
        _MEMORY.people,
        description="How long a named face is remembered at its camera instead of asked about, seconds; 0: not.",
    )
    remember_strangers: Pause = Field(
        _MEMORY.strangers, description="The same for faces that nobody knows, seconds; 0: not."
    )
    shadow_share: Ratio = Field(
        0.0,
        description="Share of the live searches of streams that a collection which stands by is asked too, behind the "
        "live answer, to compare both (`portero faces collections`); each is a paid call. 0: none.",
    )
    gate_audit_share: Ratio = Field(
        _SAMPLING.share,
        description="Share of the frames held back that a paid engine searches anyway, to know the loss; 0: none.",
    )
    gate_audit_interval: Pause = Field(
        _SAMPLING.interval,
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
    def rekognition_options(self) -> RekognitionOptions:
        """Where the collection is, and how Rekognition is asked."""
        return RekognitionOptions(
            region=self.rekognition_region,
            collection=self.rekognition_collection,
            threads=self.rekognition_threads,
            connect_timeout=self.rekognition_connect_timeout,
            read_timeout=self.rekognition_read_timeout,
            similarity_floor=self.rekognition_similarity_floor,
            max_matches=self.rekognition_max_matches,
            search_quality=self.rekognition_search_quality,
            enroll_quality=self.rekognition_enroll_quality,
            create_collection=self.rekognition_create_collection,
            text_sheets=self.rekognition_text_sheets,
            users=self.rekognition_users,
        )

    @property
    def collection_name(self) -> str:
        """Name of what the engine keeps faces in, among all that servers of one database use."""
        return f"rekognition/{self.rekognition_collection}" if self.engine == "rekognition" else self.engine

    @property
    def engine_options(self) -> Mapping[str, object]:
        """What each engine is created with, by its name."""
        return {
            "local": LocalOptions(self.encoder_processes, self.detector_options, self.encoder_options),
            "rekognition": self.rekognition_options,
            "scripted": None,
        }

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
        return BudgetLimits(
            total=_microdollars(self.budget_daily),
            per_camera={camera: microdollars(amount) for camera, amount in self.budget_cameras.items()},
            other_cameras=_microdollars(self.budget_other_cameras),
            thresholds=dict(zip(_STEPS, self.budget_thresholds, strict=True)),
        )

    def memory_policy(self, distances: FaceDistances) -> MemoryPolicy:
        """Returns how long faces are remembered, and which are the same with this encoder."""
        return MemoryPolicy(
            people=self.remember_people,
            strangers=self.remember_strangers,
            distance=distances.recalled,
            lead=distances.recalled_lead,
        )

    @property
    def gate_audit(self) -> SamplingPolicy:
        """Which held-back frames are searched anyway."""
        return SamplingPolicy(share=self.gate_audit_share, interval=self.gate_audit_interval)


def _microdollars(amount: float | None) -> int | None:
    return None if amount is None else microdollars(amount)
