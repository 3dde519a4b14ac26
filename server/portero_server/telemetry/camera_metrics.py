"""Metrics of single cameras: registered ones only, and a bounded number, whatever names clients invent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from portero_server.domain.detection.glimpse import ViewState
from portero_server.domain.streams.frames import FrameOutcome

_LABELS = ("camera",)
_BLIND = (ViewState.DARK, ViewState.COVERED, ViewState.MOVED)
_NAMING = (0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 4.0)
"""Seconds; few, since each camera has them all."""


@dataclass(frozen=True, slots=True)
class CameraFigures:
    """The state of a camera's stream at the moment of a scrape.

    Attributes:
        frame_rate: Frames a second received over the last seconds.
        last_frame_at: When the last sound frame came, UNIX seconds by our clock; 0 before the first.
        capture_lag: Seconds from its capture to its receipt, by both clocks.
        watermark_lag: Sequences received and not yet durable.
        watermark_age: Seconds since the oldest of them came; 0 when there is none.
        credit: Frames the bridge may still send.
        open_tracks: Faces being followed.
        clock_skew: Seconds by which its bridge's clock is ahead of ours; 0 while unknown.
        clock_fault: Whether that clock is skewed, was set, stands still or drifts.
        network_delay: Seconds of half a round trip; 0 while unknown.
        paused: Whether the bridge is asked to send no frames.
        view: What the camera sees of what it should.
    """

    frame_rate: float
    last_frame_at: float
    capture_lag: float
    watermark_lag: int
    watermark_age: float
    credit: int
    open_tracks: int
    clock_skew: float = 0.0
    clock_fault: bool = False
    network_delay: float = 0.0
    paused: bool = False
    view: ViewState = ViewState.UNSPECIFIED


_CLOSED = CameraFigures(0.0, 0.0, 0.0, 0, 0.0, 0, 0)


class CameraMetrics:
    """One set of series per registered camera, in order of their ids, up to a bound."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._known: frozenset[str] = frozenset()

        def gauge(name: str, documentation: str) -> Gauge:
            return Gauge(f"portero_camera_{name}", documentation, _LABELS, registry=registry)

        self.up = gauge("up", "Whether a stream of the camera is open at this server (1) or not (0).")
        self.frame_rate = gauge("frame_rate", "Frames a second received over the last seconds.")
        self.last_frame = gauge(
            "last_frame_timestamp_seconds", "When the last frame came, UNIX time; 0 before the first to this server."
        )
        self.capture_lag = gauge("capture_lag_seconds", "From capture to receipt of the last frame, by both clocks.")
        self.watermark_lag = gauge("watermark_lag_frames", "Sequences received and not yet durable.")
        self.watermark_age = gauge("watermark_age_seconds", "Age of the oldest frame that is not durable yet.")
        self.credit = gauge("credit_frames", "Frames that the bridge may still send.")
        self.open_tracks = gauge("open_tracks", "Faces being followed.")
        self.clock_skew = gauge(
            "clock_skew_seconds", "How far the clock of the camera's bridge is ahead of the server's; 0 while unknown."
        )
        self.clock_fault = gauge(
            "clock_fault", "Whether that clock is skewed, was set lately, stands still or drifts (1) or not (0)."
        )
        self.network_delay = gauge(
            "network_delay_seconds", "Half the time of the last Heartbeat and its answer; 0 while unknown."
        )
        self.paused = gauge("paused", "Whether the bridge is asked to send no frames (1) or not (0).")
        self.blind = Gauge(
            "portero_camera_blind",
            "Whether the camera is in the dark, covered or moved (1) or not (0); of cameras that watch a room, where "
            "PORTERO_ATTENDANCE is set.",
            ("camera", "cause"),
            registry=registry,
        )
        self.frames = Counter(
            "portero_camera_frames",
            "Sequences settled and durable, by what became of them.",
            ("camera", "outcome"),
            registry=registry,
        )
        self.spent = Counter(
            "portero_camera_spent_dollars", "Dollars of calls billed for the camera.", _LABELS, registry=registry
        )
        self.time_to_name = Histogram(
            "portero_camera_time_to_name_seconds",
            "From receipt of the first frame that showed a face before the camera to its name.",
            _LABELS,
            buckets=_NAMING,
            registry=registry,
        )
        self.registered = Gauge("portero_cameras", "Registered cameras that are not disabled.", registry=registry)
        self.unmetered = Gauge(
            "portero_cameras_unmetered", "Registered cameras beyond PORTERO_METRICS_MAX_CAMERAS.", registry=registry
        )

    def roster_is(self, cameras: Collection[str], beyond: int) -> None:
        """Sets the registered cameras that have series; `beyond` more are registered and have none."""
        known = frozenset(cameras)
        for camera in self._known - known:
            self._forget(camera)
        self._known = known
        for camera in known:
            self.up.labels(camera)
            self.spent.labels(camera)
            self.time_to_name.labels(camera)
            for outcome in FrameOutcome:
                self.frames.labels(camera, outcome.value)
        self.registered.set(len(known) + beyond)
        self.unmetered.set(beyond)

    def frame_settled(self, camera: str, outcome: FrameOutcome, count: int) -> None:
        """Counts sequences of a camera that became durable."""
        if camera in self._known:
            self.frames.labels(camera, outcome.value).inc(count)

    def named(self, camera: str, seconds: float) -> None:
        """Records how long after the first frame that showed them somebody was named."""
        if camera in self._known:
            self.time_to_name.labels(camera).observe(seconds)

    def billed(self, camera: str, dollars: float) -> None:
        """Counts billed calls for a camera."""
        if camera in self._known:
            self.spent.labels(camera).inc(dollars)

    def cameras_are(self, figures: Mapping[str, CameraFigures]) -> None:
        """Sets the figures of all cameras with an open stream; the others have none."""
        for camera in self._known:
            now = figures.get(camera)
            self.up.labels(camera).set(now is not None)
            self._show(camera, now or _CLOSED)

    def _show(self, camera: str, figures: CameraFigures) -> None:
        if figures.last_frame_at:
            self.last_frame.labels(camera).set(figures.last_frame_at)
        else:
            # A stream that closed leaves the time of its last frame standing, so that its age goes on growing.
            self.last_frame.labels(camera)
        self.frame_rate.labels(camera).set(figures.frame_rate)
        self.capture_lag.labels(camera).set(figures.capture_lag)
        self.watermark_lag.labels(camera).set(figures.watermark_lag)
        self.watermark_age.labels(camera).set(figures.watermark_age)
        self.credit.labels(camera).set(figures.credit)
        self.open_tracks.labels(camera).set(figures.open_tracks)
        self.clock_skew.labels(camera).set(figures.clock_skew)
        self.clock_fault.labels(camera).set(figures.clock_fault)
        self.network_delay.labels(camera).set(figures.network_delay)
        self.paused.labels(camera).set(figures.paused)
        for cause in _BLIND:
            self.blind.labels(camera, cause.value).set(figures.view is cause)

    def _forget(self, camera: str) -> None:
        for metric in (
            self.up,
            self.frame_rate,
            self.last_frame,
            self.capture_lag,
            self.watermark_lag,
            self.watermark_age,
            self.credit,
            self.open_tracks,
            self.clock_skew,
            self.clock_fault,
            self.network_delay,
            self.paused,
            self.spent,
            self.time_to_name,
        ):
            metric.remove(camera)
        for outcome in FrameOutcome:
            self.frames.remove(camera, outcome.value)
        for cause in _BLIND:
            self.blind.remove(camera, cause.value)
