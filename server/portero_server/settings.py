"""Every setting, its default and what it is for; the only place that reads the environment.

The descriptions feed the generated reference, server/SETTINGS.md.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from portero_server.domain.budget import BudgetLimits, Step
from portero_server.domain.memory import MemoryPolicy
from portero_server.domain.safety_net import NetPolicy
from portero_server.domain.usage import REKOGNITION_PRICES, PriceTable, microdollars
from portero_server.engines.breaker import BreakerConfig
from portero_server.engines.rekognition_options import QualityFilter
from portero_server.engines.scheduler_config import REKOGNITION_QUOTAS, SchedulerConfig
from portero_server.errors import StartupProblem

PREFIX = "PORTERO_"


def _checked_address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("must be HOST:PORT, as 127.0.0.1:50051")
    return value


def _checked_url(value: str) -> str:
    if not re.match(r"(sqlite\+aiosqlite|mysql\+aiomysql)://", value):
        raise ValueError("must begin with sqlite+aiosqlite:// or mysql+aiomysql://")
    return value


Address = Annotated[str, AfterValidator(_checked_address)]
DatabaseUrl = Annotated[str, AfterValidator(_checked_url)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Pause = Annotated[float, Field(ge=0, le=86_400)]
Dollars = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """Settings of the server, from PORTERO_… variables."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database_url: DatabaseUrl = Field(
        "sqlite+aiosqlite:///portero.db",
        description="Where results are stored: sqlite+aiosqlite:///FILE or mysql+aiomysql://USER:PASSWORD@HOST:PORT/NAME.",
    )
    database_password: SecretStr | None = Field(
        None,
        description="Password put into PORTERO_DATABASE_URL, for where it comes as a secret of its own.",
    )
    database_pool_size: int = Field(8, ge=1, le=256, description="Most connections to the database (MySQL).")
    database_timeout: Seconds = Field(5.0, description="Longest time of one unit of work in the database, seconds.")
    engine: Literal["local", "rekognition", "scripted"] = Field(
        "local",
        description="What recognizes: local (this machine, free), rekognition (Amazon, paid) or scripted (tests).",
    )
    listen: Address = Field("127.0.0.1:50051", description="Address of the gRPC port.")
    admin_listen: Address = Field(
        "127.0.0.1:9464", description="Address of the HTTP port with /metrics, /livez and /readyz."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="How log lines look; auto: console on a terminal, else json."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    reflection: bool = Field(True, description="Whether gRPC server reflection is offered.")
    stop_grace: Seconds = Field(
        20.0, description="Longest time from SIGTERM to exit: draining, finishing and closing, seconds."
    )

    match_threshold: Ratio | None = Field(
        None, description="Lowest similarity that names somebody, 0..1; unset: the engine's own default."
    )
    match_margin: Ratio | None = Field(
        None, description="Least lead over the best other person, 0..1; unset: the engine's own default."
    )
    visit_gap: Seconds = Field(
        60.0, description="A person seen again at a camera within this time is the same sighting, seconds."
    )

    max_streams: int = Field(300, ge=1, le=10_000, description="Most open streams.")
    heartbeat_interval: Seconds = Field(15.0, description="Longest silence on a stream, seconds.")
    stream_idle_timeout: Seconds = Field(
        60.0, description="A stream from which nothing came for this time is ended, seconds."
    )
    stream_window_frames: int = Field(
        32, ge=1, le=4096, description="Frames of one stream that may wait in the server."
    )
    stream_window_bytes: int = Field(
        8 * 1024 * 1024, ge=65_536, description="Bytes of one stream that may wait in the server."
    )
    total_window_bytes: int = Field(
        256 * 1024 * 1024,
        ge=1_048_576,
        description="Bytes of all streams together that may wait in the server.",
    )
    frame_max_bytes: int = Field(5 * 1024 * 1024, ge=1024, le=5 * 1024 * 1024, description="Largest frame, bytes.")
    frame_max_side: int = Field(4096, ge=80, le=16_384, description="Longest side of a frame, pixels.")
    frame_max_pixels: int = Field(12_000_000, ge=6400, description="Largest area of a frame, pixels.")

    decision_deadline: Seconds = Field(
        2.0, description="A track is decided at the latest so long after its first frame came in, seconds."
    )
    commit_interval: Seconds = Field(
        0.015, description="Pause between two group commits; acknowledgments are coalesced over it, seconds."
    )
    batch_delay: Annotated[float, Field(ge=0, le=1)] = Field(
        0.01, description="How long a recognition waits for others to share its batch, seconds."
    )
    recognition_queue: int = Field(
        256,
        ge=1,
        le=100_000,
        description="Recognitions that may wait; beyond, the oldest of the lowest lane is dropped.",
    )
    recognition_concurrency: int = Field(
        2,
        ge=1,
        le=256,
        description="Engine calls (batches) under way at once; two keep a worker process busy while one is packed.",
    )
    vision_threads: int = Field(0, ge=0, le=256, description="Threads for decoding and detecting; 0: one a processor.")
    detect_min_face: int = Field(
        44, ge=20, le=1000, description="Narrowest face that a thorough look finds, pixels of the frame."
    )
    detect_quick_face: int = Field(
        73, ge=40, le=1000, description="Narrowest face that every look finds, pixels of the frame."
    )
    encoder_processes: int = Field(1, ge=1, le=64, description="Worker processes that encode faces (local engine).")
    gallery_refresh: Seconds = Field(
        5.0,
        description="How often changes made to the gallery by other server processes are looked for, seconds.",
    )
    trace_endpoint: str | None = Field(
        None,
        pattern=r"^https?://",
        description="OTLP collector (gRPC) that gets traces of recognitions, as http://127.0.0.1:4317; unset: none.",
    )
    trace_share: Ratio = Field(1.0, description="Share of the recognitions that are traced, 0..1.")
    metrics_max_cameras: int = Field(
        300, ge=0, le=10_000, description="Most cameras that have metrics of their own; those of all together go on."
    )
    keep_texts: bool = Field(False, description="Whether text read in streams is stored.")

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
    def _checked_together(self) -> Settings:
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
        """What calls cost."""
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
    def gate_audit(self) -> NetPolicy:
        """Which frames that were held back are searched anyway."""
        return NetPolicy(share=self.gate_audit_share, interval=self.gate_audit_interval)

    @property
    def database_dsn(self) -> str:
        """The database URL with its password. Never printed."""
        if self.database_password is None:
            return self.database_url
        scheme, _, rest = self.database_url.partition("://")
        user, _, place = rest.rpartition("@")
        password = quote(self.database_password.get_secret_value(), safe="")
        return f"{scheme}://{user.partition(':')[0]}:{password}@{place}"

    @property
    def visit_gap_delta(self) -> timedelta:
        """The visit gap as a duration."""
        return timedelta(seconds=self.visit_gap)


def _microdollars(amount: float | None) -> int | None:
    return None if amount is None else microdollars(amount)


def load_settings() -> Settings:
    """Reads the settings from the environment.

    Raises:
        StartupProblem: A variable is wrong; names each with what it must be.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"{PREFIX}{'.'.join(str(part) for part in problem['loc']).upper()} {problem['msg'].lower()}"
            if problem["loc"]
            else problem["msg"].removeprefix("Value error, ")
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise StartupProblem(f"wrong setting: {problems}; see {Path('server/SETTINGS.md')}") from None
