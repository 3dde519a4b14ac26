"""Runs one camera, from its source to the server."""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from portero_bridge.backoff import Backoff
from portero_bridge.context import CameraContext
from portero_bridge.earlier import earlier_spans
from portero_bridge.events import BridgeEvent, ImageSkipped, RecordingDated
from portero_bridge.images.encoder import Encoder
from portero_bridge.images.sampler import Sampler
from portero_bridge.intake import Intake
from portero_bridge.metrics import BridgeMetrics, CameraMeter
from portero_bridge.settings import CameraSettings, Tuning
from portero_bridge.sources.base import Source, SourceOptions, Span
from portero_client.settings import ConnectionSettings
from portero_client.streaming.buffers.base import Buffer
from portero_client.streaming.clock import Clock, SystemClock
from portero_client.streaming.context import StreamContext
from portero_client.streaming.events import Directed, StreamAccount, StreamEvent, StreamOpened
from portero_client.streaming.frames import ImageLimits
from portero_client.streaming.runner import StreamRunner


async def run_camera(
    settings: CameraSettings,
    *,
    server: str | None = None,
    on_event: Callable[[BridgeEvent], None] = lambda event: None,
    tuning: Tuning | None = None,
    source: Source | None = None,
    stop: asyncio.Event | None = None,
    patience: float | None = None,
) -> StreamAccount | None:
    """Streams one camera: the whole bridge as one call, for programs that embed it.

    Args:
        settings: The camera.
        server: HOST:PORT, or None for PORTERO_SERVER or the default.
        on_event: Called on the event loop with each event, in order; it must not block. An exception ends the stream.
        tuning: Settings that apply to every camera of a bridge.
        source: Used in place of the one that the settings name.
        stop: Set it to finish cleanly: no new frames, Finish, and a bounded wait for Finished.
        patience: Give up after this many seconds without an open session, and at once if the server refuses. None never
            gives up.

    Returns:
        What became of the frames of the last session, or None when the stream was stopped and the server
        did not answer in time. Returns only when stopped, unless the source is finite and wanted once.

    Raises:
        PorteroError: The server refused, or patience ran out.
        SourceFault: A finite source that is to be sent once failed.
        SettingsError: The source cannot be made from the settings.
    """
    camera = CameraRunner(
        settings,
        tuning or Tuning(),
        ConnectionSettings.from_environment(server),
        emit=on_event,
        meter=BridgeMetrics().camera(settings.name),
        source=source,
        stop=stop or asyncio.Event(),
        patience=patience,
    )
    return await camera.run()


class CameraRunner:
    """Runs a camera: its source, and the stream that its images go into.

    Args:
        settings: The camera.
        tuning: Settings that apply to every camera of the bridge.
        connection: Where the server is.
        emit: Receives the camera's events.
        meter: The camera's metrics.
        stop: Set to finish cleanly.
        source: Used in place of the one that the settings name.
        patience: As for `run_camera`.
        clock: The bridge's clock.
        draw: Returns a random number in 0..1, for jitter.
    """

    def __init__(
        self,
        settings: CameraSettings,
        tuning: Tuning,
        connection: ConnectionSettings,
        *,
        emit: Callable[[BridgeEvent], None],
        meter: CameraMeter,
        stop: asyncio.Event,
        source: Source | None = None,
        patience: float | None = None,
        clock: Clock | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._tuning = tuning
        self._connection = connection
        self._emit = emit
        self._meter = meter
        self._stop = stop
        self._source = source
        self._patience = patience
        self._clock = clock or SystemClock()
        self._draw = draw
        self._sampler = Sampler(settings.rate)
        self._encoder = Encoder(settings.max_side, settings.quality, ImageLimits())
        self._skipped_images = 0
        self._asked_earlier = False

    @property
    def skipped_images(self) -> int:
        """How many images of a recording, or payloads of a camera, could not be used."""
        return self._skipped_images

    async def run(self) -> StreamAccount | None:
        """Streams until the end or until stopped; returns and raises like `run_camera`."""
        source = self._source or self._settings.kind.open(self._source_options())

        async def take_images(stream: StreamContext, buffer: Buffer) -> None:
            intake = Intake(
                self._context(stream),
                source,
                buffer,
                Backoff(self._tuning.camera_retry_base, self._tuning.camera_retry_cap, self._draw),
                once=self._settings.once,
                stuck_after=self._settings.stuck_after,
            )
            await intake.run()

        runner = StreamRunner(
            self._tuning.stream_settings(self._settings, source_waits=source.waits, patience=self._patience),
            self._connection,
            feed=take_images,
            emit=self._heed,
            meter=self._meter,
            stop=self._stop,
            clock=self._clock,
            draw=self._draw,
        )
        return await runner.run()

    def _heed(self, event: StreamEvent) -> None:
        """Passes an event on, after the wishes in it were applied to the images that follow."""
        if isinstance(event, StreamOpened):
            # A Directive holds for its session: the next server may be one that is not overloaded.
            self._sampler.forget_wishes()
            self._encoder.forget_wishes()
            self._encoder.limit(event.limits)
        elif isinstance(event, Directed):
            if event.max_rate is not None:
                self._sampler.ask(event.max_rate)
            self._encoder.ask(max_side=event.max_side)
        self._emit(event)

    def _context(self, stream: StreamContext) -> CameraContext:
        return CameraContext(
            camera=stream.camera,
            delivery=stream.delivery,
            sampler=self._sampler,
            encoder=self._encoder,
            bell=stream.bell,
            clock=self._clock,
            meter=self._meter,
            emit=self._emit,
        )

    def _source_options(self) -> SourceOptions:
        settings = self._settings
        return SourceOptions(
            address=settings.source,
            rate=settings.rate,
            max_side=settings.max_side,
            quality=settings.quality,
            realtime=settings.is_realtime,
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            clock=self._clock,
            rtsp_transport=settings.rtsp_transport.value,
            start=settings.start,
            recorded_rate=settings.recorded_rate,
            earlier=self._earlier,
            dated=lambda start, by: self._emit(RecordingDated(settings.name, start, by)),
            skipped=self._skip,
            username=settings.username,
            password_file=settings.password_file,
            ca_file=settings.ca_file,
            certificate_sha256=settings.certificate_sha256,
            client_certificate=settings.client_certificate,
            client_key=settings.client_key,
        )

    async def _earlier(self, start: datetime, length: timedelta) -> Sequence[Span]:
        # What is played again follows itself; beside a spool, a bridge that was killed sends the same recording again.
        if self._asked_earlier or self._tuning.spool_directory is not None:
            return ()
        self._asked_earlier = True
        return await earlier_spans(self._connection, self._settings.name, start, length)

    def _skip(self, reason: str) -> None:
        self._skipped_images += 1
        self._meter.image_skipped()
        self._emit(ImageSkipped(self._settings.name, reason))
