"""Metrics of frames, for all streams together."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.domain.recording.quarantine import FINDING_KINDS
from portero_server.domain.streams.frames import FrameOutcome, GapReason, RejectionReason
from portero_server.telemetry import instruments
from portero_server.telemetry.instruments import Durations, Tallies

_ENDINGS = ("finished", "cut", "draining", "session_superseded", "stream_idle")


class StreamMetrics:
    """Counts frames and their outcomes."""

    def __init__(self, registry: CollectorRegistry, stages: Durations) -> None:
        self.streams = Gauge("portero_streams", "Open streams.", registry=registry)
        self.streams_limit = Gauge("portero_streams_limit", "Most streams that may be open.", registry=registry)
        self.sessions = Counter("portero_sessions", "Streams ended, by how.", ("ending",), registry=registry)
        frames = Tallies(
            "portero_frames", "Sequences settled and durable, by what became of them.", "outcome", registry=registry
        )
        frame_bytes = Tallies("portero_frame_bytes", "Bytes of frames received.", None, registry=registry)
        self.rejected = Counter("portero_frames_rejected", "Frames refused, by reason.", ("reason",), registry=registry)
        self.damaged = Counter(
            "portero_frames_damaged",
            "Frames whose picture data is damaged, so that they were passed over; they count as skipped too.",
            registry=registry,
        )
        self.missing = Counter(
            "portero_frames_missing", "Frames that never came, by reason of the gap.", ("reason",), registry=registry
        )
        self.put_aside = Counter(
            "portero_findings_put_aside",
            "Findings that the database does not take, by what they are; their frames are refused (store_refused).",
            ("kind",),
            registry=registry,
        )
        self.watermark_lag = Gauge(
            "portero_watermark_lag_frames", "Sequences received and not yet durable, all streams.", registry=registry
        )
        self.watermark_age = Gauge(
            "portero_watermark_age_seconds", "Age of the oldest frame that is not durable yet.", registry=registry
        )
        self.buffered = Gauge("portero_buffered_bytes", "Bytes of frames waiting to be looked at.", registry=registry)
        self.credit = Gauge(
            "portero_credit_frames", "Frames that bridges may still send, all streams.", registry=registry
        )
        self.starved = Gauge(
            "portero_streams_without_credit",
            "Open streams whose bridge may send nothing at present.",
            registry=registry,
        )
        self.clock_changes = Counter(
            "portero_camera_clock_changes",
            "Changes of cameras' clocks, by what they do then: set_back, jumped_ahead, standing_still, drifting, "
            "skewed (further from the server's than PORTERO_CLOCK_SKEW_LIMIT) or steady again.",
            ("state",),
            registry=registry,
        )
        capture_to_receive = Durations(
            "portero_capture_to_receive_seconds",
            "From capture to receipt, by both clocks.",
            None,
            buckets=instruments.SLOW,
            registry=registry,
        )
        network_delay = Durations(
            "portero_network_delay_seconds",
            "Half the time of a Heartbeat and the bridge's answer, with the waiting behind frames.",
            None,
            buckets=instruments.SLOW,
            registry=registry,
        )
        self._network_delay = network_delay.series()
        self._capture_to_receive = capture_to_receive.series()
        self._queue = stages.series("queue")
        self._gate = stages.series("gate")
        self._detect = stages.series("detect")
        self._ack = stages.series("ack")
        self._settled = {outcome: frames.series(outcome.value) for outcome in FrameOutcome}
        self._frame_bytes = frame_bytes.series()
        for ending in _ENDINGS:
            self.sessions.labels(ending)
        for state in ClockState:
            self.clock_changes.labels(state.value)
        for reason in RejectionReason:
            self.rejected.labels(reason.value)
        for gap in GapReason:
            self.missing.labels(gap.value)
        for kind in FINDING_KINDS:
            self.put_aside.labels(kind)

    def streams_are(self, *, limit: int, lag: int, age: float, buffered: int, left: Sequence[int]) -> None:
        """Sets the state of the open streams at a scrape; `left`: the frames each may still send."""
        self.streams_limit.set(limit)
        self.watermark_lag.set(lag)
        self.watermark_age.set(age)
        self.buffered.set(buffered)
        self.credit.set(sum(left))
        self.starved.set(sum(credit == 0 for credit in left))

    def frame_received(self, size: int, lag: float) -> None:
        """Counts a valid frame, with the seconds from its capture to its receipt."""
        self._frame_bytes.count += size
        self._capture_to_receive.observe(max(0.0, lag))

    def network_delay(self, seconds: float) -> None:
        """Records half a round trip to a bridge."""
        self._network_delay.observe(seconds)

    def clock_is(self, state: ClockState) -> None:
        """Counts a change of a camera clock's state."""
        self.clock_changes.labels(state.value).inc()

    def frame_settled(self, outcome: FrameOutcome, count: int) -> None:
        """Counts sequences that became durable, by outcome."""
        self._settled[outcome].count += count

    def frame_rejected(self, reason: RejectionReason) -> None:
        """Counts a refused frame, by reason."""
        self.rejected.labels(reason.value).inc()

    def finding_put_aside(self, kind: str) -> None:
        """Counts a finding that cannot be stored."""
        self.put_aside.labels(kind).inc()

    def frames_missing(self, reason: GapReason, count: int) -> None:
        """Counts frames that never arrived, by reason."""
        self.missing.labels(reason.value).inc(count)

    def frame_looked_at(self, queued: float, gate: float, detect: float | None, *, damaged: bool) -> None:
        """Records a frame's durations: wait, gate and, unless the gate stopped it (None), search.

        A frame that was passed over because its picture data is damaged is counted as such.
        """
        if damaged:
            self.damaged.inc()
        self._queue.observe(queued)
        self._gate.observe(gate)
        if detect is not None:
            self._detect.observe(detect)

    def frames_durable(self, seconds: Sequence[float]) -> None:
        """Records the seconds from receipt to durability of frames."""
        self._ack.observe_all(seconds)
