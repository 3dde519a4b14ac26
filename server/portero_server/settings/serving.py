"""Settings of the service itself: where it listens and stores, streams, decisions, the local engine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from portero_server.domain.clocks.camera_clock import DEFAULT_CLOCK_POLICY, ClockPolicy
from portero_server.domain.streams.frames import FrameLimits
from portero_server.domain.tracking.policy import FaceDistances, IdentityPolicy, TrackPolicy
from portero_server.engines.local.options import LocalOptions
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.settings.data_folder import DATABASE_FILE, default_folder
from portero_server.settings.detection import DetectionSettings
from portero_server.settings.encoding import EncodingSettings
from portero_server.settings.types import Address, DatabaseUrl, DataFolder, Pause, Ratio, Seconds
from portero_server.streaming.stream_clock import CaptureTimes

_FRAMES = FrameLimits()


class ServingSettings(DetectionSettings, EncodingSettings):
    """Where the server listens, where it stores, and how it treats streams."""

    data_folder: DataFolder | None = Field(
        None,
        description="Folder of the database file portero.db where PORTERO_DATABASE_URL is unset; made for its owner "
        "only. Unset: /var/lib/portero for root and for whoever owns it, else ~/.local/share/portero (XDG_DATA_HOME).",
    )
    database_url: DatabaseUrl | None = Field(
        None,
        description="Where results are stored: sqlite+aiosqlite:////FOLDER/FILE or "
        "mysql+aiomysql://USER:PASSWORD@HOST:PORT/NAME. Unset: portero.db in PORTERO_DATA_FOLDER.",
    )
    database_password: SecretStr | None = Field(
        None,
        description="Password put into PORTERO_DATABASE_URL, for where it comes as a secret of its own.",
    )
    database_pool_size: int = Field(8, ge=1, le=256, description="Most connections to the database (MySQL).")
    database_timeout: Seconds = Field(5.0, description="Longest time of one unit of work in the database, seconds.")
    readiness_interval: Seconds = Field(
        5.0,
        description="How often the server looks whether its database takes commits, and how long the answer holds for "
        "/readyz and health checks, seconds.",
    )
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
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level that is logged.")
    reflection: bool | None = Field(
        None,
        description="Whether gRPC server reflection is offered, to those who may read; unset: only where nobody but "
        "this machine reaches PORTERO_LISTEN.",
    )
    stop_grace: Seconds = Field(
        20.0, description="Longest time from SIGTERM to exit: draining, finishing and closing, seconds."
    )

    match_threshold: Ratio | None = Field(
        None,
        description="Lowest similarity that names somebody, 0..1; unset: the engine's and its encoder's own default.",
    )
    match_margin: Ratio | None = Field(
        None, description="Least lead over the best other person, 0..1; unset: the engine's own default."
    )
    match_confusable_margin: Ratio | None = Field(
        None,
        description="Least lead over somebody who is known to be easily taken for the person (`portero people "
        "confusable`), 0..1; PORTERO_MATCH_MARGIN holds beside it; unset: the engine's own default.",
    )
    match_sure_by: Ratio | None = Field(
        None,
        description="One shot names somebody if its similarity is above the threshold by at least this much, 0..1; the "
        "name stays provisional otherwise, until another shot agrees; unset: the engine's own default.",
    )
    match_sure_by_tenfold: Ratio | None = Field(
        None,
        description="How much is added to PORTERO_MATCH_SURE_BY for each tenfold of people beyond ten, if the engine "
        "tells how many it knows; unset: the engine's own default.",
    )
    match_sure_quality: Ratio | None = Field(
        None,
        description="A shot of less quality, 0..1, does not name somebody alone, however similar the face is; unset: "
        "the engine's own default.",
    )
    enroll_guard: bool = Field(
        True,
        description="Whether photographs are looked at before the engine learns a face, and refused if they are too "
        "poor; otherwise the engine alone decides, and each try is a paid call where calls are paid.",
    )
    unclear_below: Ratio = Field(
        TrackPolicy().unclear_below,
        description="If the size, pose, sharpness or light of a face's best view is below this, 0..1, that is told as "
        "the reason why it is nobody's.",
    )
    visit_gap: Seconds = Field(
        60.0, description="A person seen again at a camera within this time is the same sighting, seconds."
    )

    clock_back_tolerance: Seconds = Field(
        DEFAULT_CLOCK_POLICY.back_tolerance,
        description="A capture time further than this before an earlier frame's means that the camera's clock was set: "
        "its tracks end, and whoever is there is recognized anew, seconds.",
    )
    clock_skew_limit: Seconds = Field(
        DEFAULT_CLOCK_POLICY.skew_limit,
        description="A camera's clock further than this from the server's is told as a fault, seconds.",
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
    frame_max_bytes: int = Field(_FRAMES.max_bytes, ge=1024, le=5 * 1024 * 1024, description="Largest frame, bytes.")
    frame_max_side: int = Field(_FRAMES.max_side, ge=80, le=16_384, description="Longest side of a frame, pixels.")
    frame_max_pixels: int = Field(_FRAMES.max_pixels, ge=6400, description="Largest area of a frame, pixels.")

    max_clock_ahead: Seconds = Field(
        CaptureTimes().most_ahead.total_seconds(),
        description="A frame whose capture time is further ahead of the server's clock is refused (BAD_CAPTURE_TIME), "
        "seconds.",
    )

    decision_deadline: Seconds = Field(
        TrackPolicy().deadline,
        description="A track is decided at the latest so long after its first frame came in, seconds.",
    )
    verify_every: Pause = Field(
        IdentityPolicy().every,
        description="A face that stays is compared with its track again after so many seconds, although nothing is "
        "doubtful; 0: never. What is doubtful is compared at once. Needs an engine that encodes faces.",
    )
    verify_same: Annotated[float, Field(gt=0, le=2)] | None = Field(
        None,
        description="A face whose encoding is at most this far from one of its track's is the same face. Unset: the "
        "encoder's own default, 0.52 with dlib, 1.0 with onnx (a cosine of 0.5: the distance is the root of "
        "2-2 cosines).",
    )
    verify_perhaps: Annotated[float, Field(gt=0, le=2)] | None = Field(
        None,
        description="A face at most this far is the same if a second shot says so too; a farther one is another. Less "
        "than PORTERO_VERIFY_SAME counts as that: one shot settles it then. Unset: the encoder's own default, 0.6 with "
        "dlib, 1.14 with onnx (a cosine of 0.35).",
    )
    commit_interval: Seconds = Field(
        0.015,
        description="Shortest time between the beginnings of two group commits, and longest pause after a slow one; "
        "acknowledgments are coalesced over it, seconds.",
    )
    quarantine_attempts: int = Field(
        64,
        ge=1,
        le=10_000,
        description="Most commits that are tried to find what in a refused one the database does not take; what is "
        "not known to be sound then is put aside with it, and its frames are refused (STORE_REFUSED).",
    )
    batch_delay: Annotated[float, Field(ge=0, le=1)] = Field(
        0.01, description="How long a recognition waits for others to share its batch, seconds."
    )
    recognition_queue: int = Field(
        SchedulerConfig().queue_limit,
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
    encoder_processes: int = Field(
        LocalOptions().processes, ge=1, le=64, description="Worker processes that encode faces (local engine)."
    )
    gallery_refresh: Seconds = Field(
        5.0,
        description="How often changes made to the gallery by other server processes are looked for, seconds.",
    )
    gallery_check_interval: Seconds = Field(
        30.0,
        description="How often one of the servers looks whether the engine's collection holds as many faces as are "
        "stored, seconds; a free call.",
    )
    gallery_compare_interval: Seconds = Field(
        3600.0,
        description="How often every face of the engine's collection is compared with the stored ones, even if the "
        "numbers agree, seconds; one free call for a thousand faces.",
    )
    trace_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^@]*$",
        description="OTLP collector (gRPC) that gets traces of recognitions, as http://127.0.0.1:4317, without a user; "
        "unset: none.",
    )
    trace_share: Ratio = Field(1.0, description="Share of the recognitions that are traced, 0..1.")
    metrics_max_cameras: int = Field(
        300, ge=0, le=10_000, description="Most cameras that have metrics of their own; those of all together go on."
    )
    keep_texts: bool = Field(False, description="Whether text read in streams is stored.")

    @property
    def data(self) -> Path:
        """The folder of the server's data, where no database is named."""
        return default_folder() if self.data_folder is None else self.data_folder

    @property
    def database_file(self) -> Path | None:
        """The database's file; None for a database server."""
        kind, _, file = self.database_dsn.partition(":///")
        return Path(file.partition("?")[0]) if kind.startswith("sqlite") else None

    @model_validator(mode="after")
    def _data_has_a_place(self) -> Self:
        if self.database_url is None and self.data_folder is None:
            default_folder()
        return self

    @property
    def database_dsn(self) -> str:
        """The database URL with its password. Never printed."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data / DATABASE_FILE}"
        if self.database_password is None:
            return self.database_url
        scheme, _, rest = self.database_url.partition("://")
        user, _, place = rest.rpartition("@")
        password = quote(self.database_password.get_secret_value(), safe="")
        return f"{scheme}://{user.partition(':')[0]}:{password}@{place}"

    @property
    def clocks(self) -> ClockPolicy:
        """What counts as a fault of a camera's clock."""
        return ClockPolicy(back_tolerance=self.clock_back_tolerance, skew_limit=self.clock_skew_limit)

    def identity_policy(self, distances: FaceDistances) -> IdentityPolicy:
        """Returns when it is doubtful whose face a track follows, and which faces are the same with this encoder."""
        same = distances.same if self.verify_same is None else self.verify_same
        perhaps = distances.perhaps if self.verify_perhaps is None else self.verify_perhaps
        return IdentityPolicy(every=self.verify_every, same=same, perhaps=max(same, perhaps), lead=distances.lead)

    @property
    def visit_gap_delta(self) -> timedelta:
        """The visit gap as a duration."""
        return timedelta(seconds=self.visit_gap)
