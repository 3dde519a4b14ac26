"""Every setting of the bridge, with its default and its limits. Times are in seconds, sizes in bytes."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from portero_bridge.errors import SettingsError
from portero_bridge.sources.base import SourceKind
from portero_bridge.sources.http.credentials import split_credentials
from portero_bridge.sources.http.trust import normal_fingerprint
from portero_bridge.sources.mqtt_address import read_mqtt_address
from portero_bridge.sources.registry import kind_of
from portero_bridge.yaml_problems import Problem
from portero_client.backoff import Backoff
from portero_client.settings import ConnectionSettings
from portero_client.streaming.delivery.terms import DeliveryLimits
from portero_client.streaming.frames import DeliveryMode
from portero_client.streaming.settings import StreamSettings, StreamTuning
from portero_client.streaming.spool.spool import SpoolLimits, SpoolPolicy
from portero_client.tls import TlsFiles

AGENT = "portero-bridge/0.1.0"
"""What the bridge calls itself."""

_Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Pacing(StrEnum):
    """The pace at which recorded images are read."""

    REALTIME = "realtime"
    AS_FAST_AS_ACCEPTED = "as_fast_as_accepted"


class RtspTransport(StrEnum):
    """How the pictures of an RTSP camera come."""

    TCP = "tcp"
    """Whole and in order, whatever the network does."""

    UDP = "udp"
    """For cameras that speak nothing else, or multicast; a busy network gives torn pictures."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _known(address: str) -> str:
    try:
        kind_of(address).check(address)
    except SettingsError as error:
        raise ValueError(error.message) from error
    return address


def _in_utc(time: datetime | None) -> datetime | None:
    # A time without a zone is this machine's.
    return None if time is None else time.astimezone(UTC)


class SpoolSettings(_Settings):
    """How much of one camera is kept on disk while the server is unreachable."""

    max_bytes: int = Field(default=1024**3, ge=1024**2, le=1024**4)
    max_age: float = Field(default=86_400, gt=0, le=366 * 86_400)
    policy: SpoolPolicy = SpoolPolicy.DROP_OLDEST

    def limits(self, *, recorded: bool) -> SpoolLimits:
        """Returns the spool's bounds; `recorded` images are as old as their recording, and are kept all the same."""
        return SpoolLimits(self.max_bytes, None if recorded else timedelta(seconds=self.max_age), self.policy)


class CameraSettings(_Settings):
    """One camera: its source, how images are processed, and how they are delivered."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    source: Annotated[str, Field(min_length=1, max_length=4096, repr=False), AfterValidator(_known)]
    rate: float | None = Field(default=5.0, gt=0, le=120)
    max_side: int | None = Field(default=None, ge=80, le=4096)
    quality: int = Field(default=85, ge=1, le=100)
    mode: DeliveryMode | None = None
    pacing: Pacing | None = None
    once: bool = False
    start: Annotated[datetime | None, AfterValidator(_in_utc)] = None
    recorded_rate: float | None = Field(default=None, gt=0, le=1000)
    connect_timeout: _Seconds = 5.0
    read_timeout: _Seconds = 10.0
    stuck_after: _Seconds = 120.0
    rtsp_transport: RtspTransport = RtspTransport.TCP
    username: str | None = Field(default=None, min_length=1, max_length=255)
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_sha256: Annotated[str, AfterValidator(normal_fingerprint)] | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    window_frames: int = Field(default=256, ge=1, le=10_000)
    window_bytes: int = Field(default=32 * 1024**2, ge=64 * 1024, le=1024**3)
    backlog_frames: int = Field(default=8, ge=1, le=10_000)
    max_age: _Seconds = 10.0
    spool: SpoolSettings = SpoolSettings()

    @model_validator(mode="after")
    def _access_fits_the_source(self) -> Self:
        names = ("username", "password_file", "ca_file", "certificate_sha256")
        given = [name for name in names if getattr(self, name) is not None]
        if given and not self.kind.takes_credentials:
            raise ValueError(
                f"{given[0]} is for http(s) and mqtt(s) cameras, not for a source of kind {self.kind.name}"
            )
        if self.password_file is not None and self.username is None and split_credentials(self.source)[1] is None:
            raise ValueError("password_file needs username beside it, or a user name in the address")
        if self.ca_file is not None and self.certificate_sha256 is not None:
            raise ValueError("ca_file and certificate_sha256 exclude each other: give one of them")
        if (self.client_certificate is None) != (self.client_key is None):
            raise ValueError("client_certificate and client_key belong together: give both")
        if self.client_certificate is not None and not self.kind.takes_client_certificate:
            raise ValueError(f"client_certificate is for mqtts cameras, not for a source of kind {self.kind.name}")
        return self

    @property
    def kind(self) -> SourceKind:
        """The kind of source."""
        return kind_of(self.source)

    @property
    def is_realtime(self) -> bool:
        """Whether images are read in real time: by default true, except for a recording that is played once."""
        if self.pacing is None:
            return not (self.kind.is_recorded and self.once)
        return self.pacing is Pacing.REALTIME or not self.kind.is_recorded

    @property
    def keeps_time(self) -> bool:
        """Whether images are dated as they were recorded: one in real time stands in for a camera."""
        return self.kind.keeps_time and (not self.is_realtime or self.start is not None)

    @property
    def delivery_mode(self) -> DeliveryMode:
        """What happens when the server is slow: by default, sources that can wait are delivered without loss."""
        is_live = self.is_realtime and self.start is None
        return self.mode or (DeliveryMode.LIVE if is_live else DeliveryMode.LOSSLESS)

    @model_validator(mode="after")
    def _only_recordings_have_times(self) -> Self:
        for name in ("start", "recorded_rate"):
            if getattr(self, name) is not None and not self.kind.keeps_time:
                raise ValueError(f"{name} is for video files and folders of images")
        return self


class Tuning(_Settings):
    """Settings that apply to every camera of a bridge."""

    register_cameras: bool = True
    spool_directory: Path | None = None
    spool_retry: _Seconds = 30.0
    stop_timeout: _Seconds = 5.0
    open_timeout: _Seconds = 10.0
    stale_timeout: _Seconds = 30.0
    server_retry_base: _Seconds = 0.1
    server_retry_cap: _Seconds = 2.0
    camera_retry_base: _Seconds = 0.5
    camera_retry_cap: _Seconds = 10.0

    def stream_settings(
        self, camera: CameraSettings, *, source_waits: bool, patience: float | None = None
    ) -> StreamSettings:
        """Returns how one camera is streamed; the arguments are those of `StreamSettings`."""
        limits = DeliveryLimits(
            window_frames=camera.window_frames,
            window_bytes=camera.window_bytes,
            backlog_frames=camera.backlog_frames,
            max_age=camera.max_age,
            open_timeout=self.open_timeout,
            stale_timeout=self.stale_timeout,
        )
        tuning = StreamTuning(
            limits=limits,
            spool_limits=camera.spool.limits(recorded=camera.keeps_time),
            spool_retry=self.spool_retry,
            stop_timeout=self.stop_timeout,
            reconnect=Backoff(min(self.server_retry_base, self.server_retry_cap), self.server_retry_cap),
        )
        return StreamSettings(
            camera=camera.name,
            agent=AGENT,
            mode=camera.delivery_mode,
            spool=self.spool_directory and self.spool_directory / f"{camera.name}.spool",
            source_waits=source_waits,
            plays_once=camera.once and camera.kind.is_recorded,
            register=self.register_cameras,
            patience=patience,
            tuning=tuning,
        )


class TlsSettings(_Settings):
    """How the connection to the server is secured; missing values are taken from the environment.

    Files are read again when they change, so that they can be renewed while the bridge runs.
    """

    enabled: bool | None = None
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = Field(default=None, min_length=1, max_length=255)


class BridgeSettings(Tuning):
    """A whole bridge; the content of its YAML file."""

    server: str | None = Field(default=None, min_length=1, max_length=255)
    tls: TlsSettings = TlsSettings()
    token_file: Path | None = None
    metrics_listen: str | None = Field(default=None, pattern=r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$")
    cameras: list[CameraSettings] = Field(min_length=1, max_length=1000)

    def connection(self) -> ConnectionSettings:
        """Returns the connection settings for the server.

        Raises:
            InvalidArgument: Address, certificates and token do not fit together.
        """
        tls = self.tls
        named = tls.ca_file or tls.certificate or tls.key
        return ConnectionSettings.from_environment(
            self.server,
            tls=tls.enabled,
            tls_files=TlsFiles(tls.ca_file, tls.certificate, tls.key) if named else None,
            server_name=tls.server_name,
            token_file=self.token_file,
        )

    @model_validator(mode="after")
    def _names_are_distinct(self) -> Self:
        for problem in _repeated(enumerate(camera.name for camera in self.cameras)):
            raise ValueError(problem.words)
        return self

    @model_validator(mode="after")
    def _client_ids_are_distinct(self) -> Self:
        owners: dict[tuple[str, int, str], str] = {}
        for camera in self.cameras:
            if camera.kind.name != "mqtt":
                continue
            address = read_mqtt_address(camera.source)
            if address.client_id is None:
                continue
            owner = owners.setdefault((address.host, address.port, address.client_id), camera.name)
            if owner != camera.name:
                raise ValueError(
                    f"cameras {owner} and {camera.name} have the same client_id at one broker, which lets in one"
                )
        return self


def repeated_names(document: Any) -> list[Problem]:
    """Returns the cameras of a bridge's YAML document whose name another one before them has."""
    cameras = document.get("cameras") if isinstance(document, dict) else None
    items = enumerate(cameras if isinstance(cameras, list) else ())
    return _repeated((number, item.get("name")) for number, item in items if isinstance(item, dict))


def _repeated(names: Iterable[tuple[int, Any]]) -> list[Problem]:
    seen: set[str] = set()
    found = []
    for number, name in names:
        if not isinstance(name, str):
            continue
        if name in seen:
            words = f"two cameras are named {name!r}: each name may be given once"
            found.append(Problem(("cameras", number, "name"), words))
        seen.add(name)
    return found
