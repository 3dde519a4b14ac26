"""Every metric of the bridge, declared once."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

from portero_client.streaming.frames import GapReason

# The time each series was made at doubles the series and is read by nobody.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's

# Weight of the newest interval in the frame rate: about the last ten images.
_RATE_WEIGHT = 0.1


class BridgeMetrics:
    """The metrics of one bridge, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        camera = ["camera"]
        self.source_up = self._gauge("source_up", "Whether the source gives images (1) or not (0).", camera)
        self.source_stuck = self._gauge(
            "source_stuck", "Whether the source has shown the same picture for long (1) or not (0).", camera
        )
        self.source_fps = self._gauge("source_fps", "Images a second that the source gives.", camera)
        self.source_last_image = self._gauge(
            "source_last_image_timestamp_seconds",
            "Capture time of the last image that the source gave, Unix time; 0 before the first.",
            camera,
        )
        self.frames_read = self._counter("frames_read", "Images that came from the source.", camera)
        self.images_dropped = self._counter(
            "images_dropped", "Payloads of an MQTT camera that made room for newer ones before they were taken.", camera
        )
        self.images_skipped = self._counter(
            "images_skipped",
            "Images of a recording, or payloads of an MQTT camera, that could not be used.",
            camera,
        )
        self.trimmed_bytes = self._counter(
            "trimmed_bytes", "Bytes behind the end markers of JPEG files that were cut off.", camera
        )
        self.frames_sent = self._counter(
            "frames_sent", "Frames written to the stream, again ones after a reconnect included.", camera
        )
        self.sent_bytes = self._counter("sent_bytes", "Bytes of JPEG written to the stream.", camera)
        self.frames_rejected = self._counter("frames_rejected", "Frames that the server refused.", [*camera, "reason"])
        self.gap_frames = self._counter(
            "gap_frames", "Frames that will never be sent, by the reason of their Gap.", [*camera, "reason"]
        )
        self.reconnects = self._counter(
            "reconnects", "Connections that ended otherwise than wanted, by peer.", [*camera, "peer"]
        )
        self.stream_open = self._gauge("stream_open", "Whether a stream is open (1) or not (0).", camera)
        self.unacked_frames = self._gauge(
            "unacked_frames", "Frames in memory that are not durable at the server.", camera
        )
        self.spool_frames = self._gauge("spool_frames", "Frames in the spool.", camera)
        self.spool_bytes = self._gauge("spool_bytes", "Bytes of JPEG in the spool.", camera)
        self.spool_limit = self._gauge(
            "spool_limit_bytes", "Bytes of JPEG that the spool may hold; 0 without a spool.", camera
        )
        self.failures = self._counter(
            "camera_failures", "Times that a camera was started again after an unforeseen error.", camera
        )

    def camera(self, name: str) -> "CameraMeter":
        """Returns the metrics of one camera, all present from the start."""
        return CameraMeter(self, name)

    def serve(self, host: str, port: int) -> int:
        """Serves the metrics over HTTP from a thread until the process ends.

        Returns:
            The port, which matters when 0 asked for any.

        Raises:
            OSError: The address cannot be listened at.
        """
        server, _ = start_http_server(port, host, self.registry)
        return server.server_port

    def _gauge(self, name: str, documentation: str, labels: list[str]) -> Gauge:
        return Gauge(f"portero_bridge_{name}", documentation, labels, registry=self.registry)

    def _counter(self, name: str, documentation: str, labels: list[str]) -> Counter:
        return Counter(f"portero_bridge_{name}", documentation, labels, registry=self.registry)


class CameraMeter:
    """The metrics of one camera."""

    def __init__(self, metrics: BridgeMetrics, camera: str) -> None:
        self._rejected = metrics.frames_rejected
        self._gaps = metrics.gap_frames
        self._camera = camera
        self._source_up = metrics.source_up.labels(camera)
        self._stuck = metrics.source_stuck.labels(camera)
        self._fps = metrics.source_fps.labels(camera)
        self._last_image = metrics.source_last_image.labels(camera)
        self._read = metrics.frames_read.labels(camera)
        self._dropped = metrics.images_dropped.labels(camera)
        self._skipped = metrics.images_skipped.labels(camera)
        self._trimmed = metrics.trimmed_bytes.labels(camera)
        self._sent = metrics.frames_sent.labels(camera)
        self._sent_bytes = metrics.sent_bytes.labels(camera)
        self._camera_reconnects = metrics.reconnects.labels(camera, "camera")
        self._server_reconnects = metrics.reconnects.labels(camera, "server")
        self._stream_open = metrics.stream_open.labels(camera)
        self._unacked = metrics.unacked_frames.labels(camera)
        self._spool_frames = metrics.spool_frames.labels(camera)
        self._spool_bytes = metrics.spool_bytes.labels(camera)
        self._spool_limit = metrics.spool_limit.labels(camera)
        self._failures = metrics.failures.labels(camera)
        self._last_read: float | None = None
        self._interval = 0.0
        for reason in GapReason:
            metrics.gap_frames.labels(camera, reason.name.lower())

    def image_read(self, now: float, captured_at: float, *, trimmed: int = 0, dropped: int = 0) -> None:
        """Counts an image from the source.

        Args:
            now: Monotonic seconds.
            captured_at: Capture time, Unix seconds.
            trimmed: Bytes that were cut behind images.
            dropped: Images that made room for newer ones since the one before.
        """
        self._read.inc()
        self._last_image.set(captured_at)
        self._dropped.inc(dropped)
        self._trimmed.inc(trimmed)
        if self._last_read is None:
            self._source_up.set(1)
        elif self._interval == 0:
            self._interval = now - self._last_read
        else:
            self._interval += _RATE_WEIGHT * (now - self._last_read - self._interval)
        self._last_read = now
        self._fps.set(1 / self._interval if self._interval > 0 else 0)

    def image_skipped(self) -> None:
        """Counts an image of a recording, or a payload of a camera, that could not be used."""
        self._skipped.inc()

    def source_stuck(self, stuck: bool) -> None:
        """Records whether the source has shown the same picture for long."""
        self._stuck.set(stuck)

    def source_lost(self) -> None:
        """Records that the source delivers no images."""
        self._camera_reconnects.inc()
        self.source_ended()

    def source_ended(self) -> None:
        """Records that a finite source has ended."""
        self._last_read, self._interval = None, 0.0
        self._source_up.set(0)
        self._fps.set(0)

    def frame_sent(self, size: int) -> None:
        """Counts a frame of `size` bytes written to the stream."""
        self._sent.inc()
        self._sent_bytes.inc(size)

    def frame_rejected(self, reason: str) -> None:
        """Counts a frame that the server refused."""
        self._rejected.labels(self._camera, reason).inc()

    def frames_missing(self, reason: GapReason, count: int) -> None:
        """Counts frames that will never be sent."""
        self._gaps.labels(self._camera, reason.name.lower()).inc(count)

    def stream_opened(self) -> None:
        """Records that a stream is open."""
        self._stream_open.set(1)

    def stream_closed(self, *, wanted: bool) -> None:
        """Records that no stream is open, and whether that was intended."""
        self._stream_open.set(0)
        if not wanted:
            self._server_reconnects.inc()

    def unacked(self, frames: int) -> None:
        """Sets the number of frames in memory that are not durable at the server."""
        self._unacked.set(frames)

    def spooled(self, frames: int, size: int) -> None:
        """Sets the frames and bytes in the spool."""
        self._spool_frames.set(frames)
        self._spool_bytes.set(size)

    def spool_opened(self, limit: int) -> None:
        """Records that a spool is open, and its capacity in bytes."""
        self._spool_limit.set(limit)

    def camera_failed(self) -> None:
        """Counts a restart of the camera after an unexpected error."""
        self._failures.inc()
