"""Runs one camera's stream: the buffer, the uplink, and whatever feeds them."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from portero_client.errors import SpoolFault
from portero_client.settings import ConnectionSettings
from portero_client.streaming.buffers.base import Buffer, mint_epoch
from portero_client.streaming.buffers.memory import MemoryBuffer
from portero_client.streaming.buffers.spooled import SpoolBuffer, SpoolThread
from portero_client.streaming.clock import Clock, SystemClock
from portero_client.streaming.context import StreamContext, StreamMeter
from portero_client.streaming.delivery.planner import Delivery
from portero_client.streaming.events import SpoolBack, SpoolFailed, SpoolSetAside, StreamAccount, StreamEvent
from portero_client.streaming.frames import DeliveryMode, Gap, GapReason
from portero_client.streaming.notifier import Notifier
from portero_client.streaming.settings import StreamSettings
from portero_client.streaming.uplink.reconnect import Reconnect
from portero_client.streaming.uplink.uplink import Uplink

Feed = Callable[[StreamContext, Buffer], Coroutine[Any, Any, None]]
"""Puts frames into a buffer and returns when there are no more; it is canceled when another buffer takes over."""


class StreamRunner:
    """Runs a stream's tasks: the feed, the buffer's background work, and the uplink.

    Args:
        settings: The stream.
        connection: Where the server is.
        feed: Called with each buffer that takes over; with a disk that does not fail, once.
        emit: Called on the event loop with each event, in order; it must not block. An exception ends the stream.
        meter: Counts frames.
        stop: Set it to finish cleanly: no new frames, Finish, and a bounded wait for Finished.
        clock: The clock.
        draw: Returns a random number in 0..1, for jitter.
    """

    def __init__(
        self,
        settings: StreamSettings,
        connection: ConnectionSettings,
        *,
        feed: Feed,
        emit: Callable[[StreamEvent], None],
        meter: StreamMeter,
        stop: asyncio.Event,
        clock: Clock | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._tuning = settings.tuning
        self._connection = connection
        self._feed = feed
        self._emit = emit
        self._meter = meter
        self._stop = stop
        self._clock = clock or SystemClock()
        self._draw = draw
        # Frames lost with a spool that could not even write their gap.
        self._untold_losses = 0
        self._without_spool = False
        self._opened_before = False

    async def run(self) -> StreamAccount | None:
        """Streams until the feed ends or until stopped.

        Returns:
            What became of the frames of the last session, or None if the server did not answer in time.

        Raises:
            PorteroError: The server refused, or patience ran out.
            SpoolFault: The spool cannot be opened, and is required.
        """
        while True:
            turn = asyncio.Event()
            account = await self._run_with_buffer(turn)
            if not turn.is_set():
                return account

    async def _run_with_buffer(self, turn: asyncio.Event) -> StreamAccount | None:
        """Streams until the end or, with `turn` set, until another buffer takes over."""
        async with AsyncExitStack() as stack:
            context, buffer = await self._prepare(stack, turn)
            reconnect = Reconnect(
                self._tuning.reconnect,
                self._draw,
                register=self._settings.register,
                patience=self._settings.patience,
                now=self._clock.monotonic(),
            )
            uplink = Uplink(context, buffer, self._connection, reconnect)
            try:
                return await self._stream(context, buffer, uplink, turn)
            except ExceptionGroup as group:
                raise _first_failure(group) from group
            finally:
                await buffer.aclose()

    async def _stream(
        self, context: StreamContext, buffer: Buffer, uplink: Uplink, turn: asyncio.Event
    ) -> StreamAccount | None:
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(buffer.run())
            sending = tasks.create_task(uplink.run())
            taking = tasks.create_task(self._feed(context, buffer))
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

    async def _wait_for_turn(self, context: StreamContext, turn: asyncio.Event) -> None:
        """Returns, with `turn` set, when another buffer must take over: the spool failed, or works again."""
        if not self._without_spool or self._settings.plays_once:
            await turn.wait()
        while not turn.is_set():
            await self._clock.sleep(self._tuning.spool_retry)
            # What is in memory is delivered first, so somebody has to be there to take it.
            if context.delivery.is_engaged and await self._spool_is_of_use():
                self._emit(SpoolBack(self._settings.camera))
                turn.set()

    async def _spool_is_of_use(self) -> bool:
        async with AsyncExitStack() as stack:
            return await self._open_spool(stack, told=True) is not None

    async def _prepare(self, stack: AsyncExitStack, turn: asyncio.Event) -> tuple[StreamContext, Buffer]:
        thread = None
        if self._settings.mode is DeliveryMode.LOSSLESS and self._settings.spool is not None:
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
        give_up = asyncio.Event() if self._settings.plays_once else turn
        return context, SpoolBuffer(context, thread, source_waits=self._settings.source_waits, give_up=give_up)

    async def _open_spool(self, stack: AsyncExitStack, *, told: bool) -> SpoolThread | None:
        """Opens the camera's spool, or continues without one if its disk refuses or is full.

        A spool that still holds frames is opened even on a full disk: delivering them makes room.
        """
        settings, limits = self._settings, self._tuning.spool_limits
        if settings.spool is None:
            return None
        try:
            thread, damage = await SpoolThread.open(settings.spool, self._clock, limits)
            async with AsyncExitStack() as opened:
                opened.push_async_callback(self._close_spool, thread)
                if not await thread.do(lambda spool: spool.has_disk() or not spool.is_idle()):
                    raise SpoolFault("the spool's disk is full")
                stack.push_async_callback(opened.pop_all().aclose)
        except SpoolFault as error:
            if settings.spool_required and not self._opened_before:
                raise
            self._meter.spool_opened(0)
            if not told:
                self._emit(SpoolFailed(settings.camera, f"streaming without a spool: {error.message}"))
            return None
        self._opened_before = True
        self._meter.spool_opened(limits.max_bytes)
        if damage is not None:
            self._emit(SpoolSetAside(settings.camera, damage.message))
        return thread

    async def _close_spool(self, thread: SpoolThread) -> None:
        self._untold_losses = thread.spool.losses
        await thread.aclose()

    def _context(self, epoch: str, durable_sequence: int) -> StreamContext:
        settings = self._settings
        return StreamContext(
            camera=settings.camera,
            agent=settings.agent,
            delivery=Delivery(settings.mode, epoch, self._tuning.limits, durable_sequence),
            bell=Notifier(),
            clock=self._clock,
            meter=self._meter,
            emit=self._emit,
        )


async def _first_of(*tasks: asyncio.Task[object]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


def _first_failure(group: ExceptionGroup[Exception]) -> Exception:
    """Returns the error that made the other tasks of a group end, for the caller."""
    first = group.exceptions[0]
    return _first_failure(first) if isinstance(first, ExceptionGroup) else first
