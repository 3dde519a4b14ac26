"""Sends the recognitions of all cameras to the engine in shared batches."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.engines.base import Engine, FaceCrop, Identification
from portero_server.errors import EngineError, EngineUnavailable, Expired, LimitReached
from portero_server.recognition.batch_planner import BatchPlanner, Waiting
from portero_server.telemetry.marks import Mark
from portero_server.telemetry.traces import NO_TRACES, Traces

_log = structlog.get_logger(__name__)

_Request = tuple[FaceCrop, "asyncio.Future[Identification]", Mark | None]


class BatchObserver(Protocol):
    """Receives the results of batching, for metrics."""

    def batch_sent(self, size: int, waited: float) -> None:
        """A batch of `size` was sent; its oldest request had waited `waited` seconds."""
        ...

    def recognition_dropped(self, reason: str) -> None:
        """A request was dropped without being sent: "queue_full" or "expired"."""
        ...


class Batcher:
    """Shares engine calls between cameras; every waiter is settled alone.

    The engine processes at most `concurrency` batches at once, so that the excess waits here, where lanes and deadlines
    apply.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        observer: BatchObserver,
        *,
        delay: float,
        capacity: int,
        concurrency: int,
        traces: Traces = NO_TRACES,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._observer = observer
        self._traces = traces
        # An engine that takes one crop a call gains nothing from waiting for company.
        pause = delay if engine.traits.max_batch > 1 else 0.0
        self._planner: BatchPlanner[_Request] = BatchPlanner(
            max_batch=engine.traits.max_batch, delay=pause, capacity=capacity
        )
        self._places = asyncio.Semaphore(concurrency)
        self._changed = asyncio.Event()

    async def identify(self, crop: FaceCrop) -> Identification:
        """Returns who the face on a crop might be.

        Raises:
            LimitReached: The queue was full and this request was the least urgent.
            Expired: The deadline passed while it waited.
            EngineError: The engine failed on this crop.
        """
        future: asyncio.Future[Identification] = asyncio.get_running_loop().create_future()
        context = crop.context
        mark = self._traces.recognition(context.camera_id)
        waiting: Waiting[_Request] = Waiting(
            (crop, future, mark), context.lane, self._clock.monotonic(), context.deadline
        )
        if (dropped := self._planner.add(waiting)) is not None:
            self._observer.recognition_dropped("queue_full")
            _fail(dropped, LimitReached("too many recognitions wait", retry_after=1.0, reason="QUEUE_FULL"))
        self._changed.set()
        try:
            return await future
        finally:
            self._planner.remove(waiting)

    async def run(self) -> None:
        """Sends batches until canceled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._places.acquire()
                batch = await self._next_batch()
                group.create_task(self._send(batch))

    async def _next_batch(self) -> tuple[Waiting[_Request], ...]:
        while True:
            self._changed.clear()
            now = self._clock.monotonic()
            planned = self._planner.plan(now)
            for waiting in planned.expired:
                self._observer.recognition_dropped("expired")
                _fail(waiting, Expired("the deadline passed before the engine was free"))
            if planned.batch:
                self._observer.batch_sent(len(planned.batch), now - min(w.since for w in planned.batch))
                return planned.batch
            due = self._planner.next_due()
            if due is None:
                await self._changed.wait()
                continue
            try:
                async with asyncio.timeout(max(0.0, due - now)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _send(self, batch: tuple[Waiting[_Request], ...]) -> None:
        marks = [mark for waiting in batch if (mark := waiting.item[2]) is not None]
        name = self._engine.traits.name
        try:
            with self._traces.step("batch", marks, size=len(batch)), self._traces.step("engine", engine=name):
                answers = await self._engine.identify([waiting.item[0] for waiting in batch])
        except EngineError as error:
            for waiting in batch:
                _fail(waiting, error)
        except Exception as error:  # noqa: BLE001 - the seam to engine authors' code
            # A defect of an engine must neither leave waiters hanging nor stop the batches of others.
            _log.exception("engine_defect", engine=name)
            for waiting in batch:
                _fail(waiting, EngineUnavailable(f"the engine failed: {type(error).__name__}"))
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                if isinstance(answer, EngineError):
                    _fail(waiting, answer)
                elif not waiting.item[1].done():
                    waiting.item[1].set_result(answer)
        finally:
            self._places.release()


def _fail(waiting: Waiting[_Request], error: Exception) -> None:
    future = waiting.item[1]
    if not future.done():
        future.set_exception(error)
