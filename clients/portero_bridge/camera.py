"""Runs one camera, from its source to the server."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from portero_bridge.backoff import Backoff
from portero_bridge.buffers.base import Buffer, mint_epoch
from portero_bridge.buffers.memory import MemoryBuffer
from portero_bridge.buffers.spooled import SpoolBuffer, SpoolThread
from portero_bridge.clock import Clock, SystemClock
from portero_bridge.context import CameraContext
from portero_bridge.delivery.planner import Delivery
from portero_bridge.errors import SpoolFault
from portero_bridge.events import (
    BridgeEvent,
    ImageSkipped,
    RecordingDated,
    SpoolBack,
    SpoolFailed,
    SpoolSetAside,
    StreamAccount,
)
from portero_bridge.frames import DeliveryMode, Gap, GapReason, ImageLimits
from portero_bridge.images.encoder import Encoder
from portero_bridge.images.sampler import Sampler
from portero_bridge.intake import Intake
from portero_bridge.metrics import BridgeMetrics, CameraMeter
from portero_bridge.notifier import Notifier
from portero_bridge.settings import CameraSettings, Tuning
from portero_bridge.sources.base import Source, SourceOptions
from portero_bridge.uplink.reconnect import Reconnect
from portero_bridge.uplink.uplink import Uplink
from portero_client.settings import ConnectionSettings


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
    """Runs a camera's tasks: the intake, the buffer's background work, and the uplink.

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
        # Frames lost with a spool that could not even write their gap.
        self._untold_losses = 0
        self._without_spool = False
        self._skipped_images = 0

    @property
    def skipped_images(self) -> int:
        """How many images of a recording could not be used."""
        return self._skipped_images

    async def run(self) -> StreamAccount | None:
        """Streams until the end or until stopped; returns and raises like `run_camera`."""
        source = self._source or self._settings.kind.open(self._source_options())
        while True:
            turn = asyncio.Event()
            account = await self._run_with_buffer(source, turn)
            if not turn.is_set():
                return account

    async def _run_with_buffer(self, source: Source, turn: asyncio.Event) -> StreamAccount | None:
        """Streams until the end or, with `turn` set, until another buffer takes over."""
        async with AsyncExitStack() as stack:
            context, buffer = await self._prepare(stack, source, turn)
            tuning = self._tuning
            reconnect = Reconnect(
                Backoff(tuning.server_retry_base, tuning.server_retry_cap, self._draw),
                self._draw,
                register=tuning.register_cameras,
                patience=self._patience,
                now=self._clock.monotonic(),
            )
            camera_backoff = Backoff(tuning.camera_retry_base, tuning.camera_retry_cap, self._draw)
            intake = Intake(
                context,
                source,
                buffer,
                camera_backoff,
                once=self._settings.once,
                stuck_after=self._settings.stuck_after,
            )
            uplink = Uplink(context, buffer, self._connection, reconnect)
            try:
                return await self._stream(context, buffer, intake, uplink, turn)
            except ExceptionGroup as group:
                raise _first_failure(group) from group
            finally:
                await buffer.aclose()

    async def _stream(
        self, context: CameraContext, buffer: Buffer, intake: Intake, uplink: Uplink, turn: asyncio.Event
    ) -> StreamAccount | None:
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(buffer.run())
            sending = tasks.create_task(uplink.run())
            taking = tasks.create_task(intake.run())
            stopping = tasks.create_task(self._wait_for_stop())
            turning = tasks.create_task(self._wait_for_turn(context, turn))
            await _first_of(taking, sending, stopping, turning)
            if taking.done() or sending.done():
                turn.clear()
            turning.cancel()
            taking.cancel()
            if stopping.done():
                # What is still on the disk is for the next start.
                working.cancel()
            else:
                emptying = tasks.create_task(buffer.emptied())
                await _first_of(emptying, sending, stopping)
                emptying.cancel()
            context.delivery.finish()
            context.changed()
            await _first_of(sending, stopping)
            # Without a stream there is nothing to finish, unless frames would be lost with this process.
            if context.delivery.is_engaged or not (buffer.survives or context.delivery.is_settled):
                await asyncio.wait([sending], timeout=self._tuning.stop_timeout)
            if stopping.done():
                turn.clear()
            for task in (working, sending, stopping):
                task.cancel()
        return sending.result() if not sending.cancelled() else None

    async def _wait_for_stop(self) -> None:
        await self._stop.wait()

    async def _wait_for_turn(self, context: CameraContext, turn: asyncio.Event) -> None:
        """Returns, with `turn` set, when another buffer must take over: the spool failed, or works again."""
        if not self._without_spool or self._plays_once:
            await turn.wait()
        while not turn.is_set():
            await self._clock.sleep(self._tuning.spool_retry)
            # What is in memory is delivered first, so somebody has to be there to take it.
            if context.delivery.is_engaged and await self._spool_is_of_use():
                self._emit(SpoolBack(self._settings.name))
                turn.set()

    @property
    def _plays_once(self) -> bool:
        return self._settings.once and self._settings.kind.is_recorded

    async def _spool_is_of_use(self) -> bool:
        async with AsyncExitStack() as stack:
            return await self._open_spool(stack, told=True) is not None

    async def _prepare(
        self, stack: AsyncExitStack, source: Source, turn: asyncio.Event
    ) -> tuple[CameraContext, Buffer]:
        thread = None
        if self._settings.delivery_mode is DeliveryMode.LOSSLESS and self._tuning.spool_directory is not None:
            thread = await self._open_spool(stack, told=self._without_spool)
            self._without_spool = thread is None
        if thread is None:
            context = self._context(mint_epoch(self._clock), 0)
            if self._untold_losses:
                gap = Gap(1, self._untold_losses, GapReason.SPOOL_FAILED)
                context.delivery.offer(gap, self._clock.monotonic())
                self._untold_losses = 0
            return context, MemoryBuffer(context)
        context = self._context(thread.spool.epoch, thread.spool.durable_sequence)
        give_up = asyncio.Event() if self._plays_once else turn
        return context, SpoolBuffer(context, thread, source_waits=source.waits, give_up=give_up)

    async def _open_spool(self, stack: AsyncExitStack, *, told: bool) -> SpoolThread | None:
        """Opens the camera's spool, or continues without one if its disk refuses or is full.

        A spool that still holds frames is opened even on a full disk: delivering them makes room.
        """
        settings, directory = self._settings, self._tuning.spool_directory or Path()
        try:
            thread, damage = await SpoolThread.open(
                directory / f"{settings.name}.spool", self._clock, settings.spool.limits()
            )
            async with AsyncExitStack() as opened:
                opened.push_async_callback(self._close_spool, thread)
                if not await thread.do(lambda spool: spool.has_disk() or not spool.is_idle()):
                    raise SpoolFault("the spool's disk is full")
                stack.push_async_callback(opened.pop_all().aclose)
        except SpoolFault as error:
            self._meter.spool_opened(0)
            if not told:
                self._emit(SpoolFailed(settings.name, f"streaming without a spool: {error.message}"))
            return None
        self._meter.spool_opened(settings.spool.max_bytes)
        if damage is not None:
            self._emit(SpoolSetAside(settings.name, damage.message))
        return thread

    async def _close_spool(self, thread: SpoolThread) -> None:
        self._untold_losses = thread.spool.losses
        await thread.aclose()

    def _context(self, epoch: str, durable_sequence: int) -> CameraContext:
        settings = self._settings
        limits = self._tuning.delivery_limits(settings)
        return CameraContext(
            camera=settings.name,
            delivery=Delivery(settings.delivery_mode, epoch, limits, durable_sequence),
            sampler=Sampler(settings.rate),
            encoder=Encoder(settings.max_side, settings.quality, ImageLimits()),
            bell=Notifier(),
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
            dated=lambda start, by: self._emit(RecordingDated(settings.name, start, by)),
            skipped=self._skip,
            username=settings.username,
            password_file=settings.password_file,
            ca_file=settings.ca_file,
            certificate_sha256=settings.certificate_sha256,
        )

    def _skip(self, reason: str) -> None:
        self._skipped_images += 1
        self._meter.image_skipped()
        self._emit(ImageSkipped(self._settings.name, reason))


async def _first_of(*tasks: asyncio.Task[object]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


def _first_failure(group: ExceptionGroup[Exception]) -> Exception:
    """Returns the error that made the other tasks of a group end, for the caller."""
    first = group.exceptions[0]
    return _first_failure(first) if isinstance(first, ExceptionGroup) else first
