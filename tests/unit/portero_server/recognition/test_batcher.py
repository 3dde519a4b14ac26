"""The batcher shares engine calls and settles every waiter alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import numpy as np
import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import CallContext, Engine, FaceCrop, Identification
from portero_server.errors import EngineError, EngineThrottled, EngineUnavailable, Expired, LimitReached
from portero_server.recognition.batcher import Batcher
from portero_server.telemetry.metrics import Metrics
from tests.support.server.stream_harness import TRAITS, named
from tests.support.time.virtual_time import in_virtual_time, running_clock


class _Engine:
    """Answers each crop with a person named after its left edge; keeps what it was asked."""

    traits = TRAITS

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.busy = 0
        self.most_busy = 0
        self.error: Exception | None = None
        self.free = asyncio.Event()
        self.free.set()

    async def identify(self, crops: Sequence[FaceCrop]) -> Sequence[Identification | EngineError]:
        self.batches.append(len(crops))
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            await self.free.wait()
            if self.error is not None:
                raise self.error
            return [EngineThrottled("no") if crop.face.left == 0.9 else named(f"p{crop.face.left}") for crop in crops]
        finally:
            self.busy -= 1


def _crop(left: float, lane: Lane = Lane.VISITOR, deadline: float | None = None) -> FaceCrop:
    quality = FaceQuality(1, 1, 1, 1)
    return FaceCrop(np.zeros((2, 2, 3), np.uint8), Box(left, 0, 1, 1), quality, CallContext("door", lane, deadline))


@asynccontextmanager
async def _batcher(engine: _Engine, capacity: int = 16, concurrency: int = 2) -> AsyncIterator[Batcher]:
    batcher = Batcher(
        cast("Engine", engine),
        running_clock(),
        Metrics(version="0", engine="scripted").recognition,
        delay=0.01,
        capacity=capacity,
        concurrency=concurrency,
    )
    running = asyncio.ensure_future(batcher.run())
    yield batcher
    running.cancel()
    await asyncio.wait({running})


@in_virtual_time
async def test_requests_of_one_moment_share_a_call() -> None:
    """Three requests within the delay are one batch, each with its own answer."""
    engine = _Engine()
    async with _batcher(engine) as batcher:
        answers = await asyncio.gather(*(batcher.identify(_crop(left)) for left in (0.1, 0.2, 0.3)))
    assert engine.batches == [3]
    assert [answer.candidates[0].person_id for answer in answers] == ["p0.1", "p0.2", "p0.3"]


@in_virtual_time
async def test_one_failed_crop_fails_its_own_waiter_only() -> None:
    """An error for one crop of a batch is raised at that waiter; the others get their answers."""
    async with _batcher(_Engine()) as batcher:
        answers = await asyncio.gather(
            batcher.identify(_crop(0.1)), batcher.identify(_crop(0.9)), return_exceptions=True
        )
    assert isinstance(answers[0], Identification)
    assert isinstance(answers[1], EngineThrottled)


@in_virtual_time
async def test_a_cancelled_waiter_disturbs_nobody() -> None:
    """Whoever hangs up, waiting or under way, leaves the others of the batch unaffected."""
    engine = _Engine()
    engine.free.clear()
    async with _batcher(engine) as batcher:
        waiters: list[asyncio.Task[Any]] = [
            asyncio.ensure_future(batcher.identify(_crop(left))) for left in (0.1, 0.2, 0.3)
        ]
        await asyncio.sleep(0.001)
        waiters[0].cancel()
        await asyncio.sleep(0.1)
        waiters[1].cancel()
        engine.free.set()
        assert (await waiters[2]).candidates[0].person_id == "p0.3"
    assert engine.batches == [2]


@in_virtual_time
async def test_an_engine_that_fails_fails_the_batch_and_not_the_next() -> None:
    """A raised engine error reaches every waiter of its batch; later batches go on."""
    engine = _Engine()
    engine.error = EngineUnavailable("gone")
    async with _batcher(engine) as batcher:
        with pytest.raises(EngineUnavailable):
            await batcher.identify(_crop(0.1))
        engine.error = None
        assert (await batcher.identify(_crop(0.2))).candidates


@in_virtual_time
async def test_a_defect_of_an_engine_leaves_nobody_waiting() -> None:
    """An unexpected exception becomes EngineUnavailable for the waiters, and the batcher lives."""
    engine = _Engine()
    engine.error = ZeroDivisionError()
    async with _batcher(engine) as batcher:
        with pytest.raises(EngineUnavailable, match="ZeroDivisionError"):
            await batcher.identify(_crop(0.1))
        engine.error = None
        assert (await batcher.identify(_crop(0.2))).candidates


@in_virtual_time
async def test_no_more_calls_at_once_than_allowed() -> None:
    """With every place taken requests wait here, where their lane counts."""
    engine = _Engine()
    engine.free.clear()
    async with _batcher(engine, concurrency=1) as batcher:
        first = asyncio.ensure_future(batcher.identify(_crop(0.1)))
        await asyncio.sleep(0.1)
        others = [asyncio.ensure_future(batcher.identify(_crop(0.2))) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert engine.batches == [1]
        engine.free.set()
        await asyncio.gather(first, *others)
    assert engine.most_busy == 1
    assert engine.batches == [1, 3]


@in_virtual_time
async def test_a_full_queue_tells_the_least_urgent() -> None:
    """The request dropped for a more urgent one is told that the queue was full."""
    engine = _Engine()
    engine.free.clear()
    async with _batcher(engine, capacity=1, concurrency=1) as batcher:
        under_way = asyncio.ensure_future(batcher.identify(_crop(0.1)))
        await asyncio.sleep(0.1)
        lowly = asyncio.ensure_future(batcher.identify(_crop(0.2, Lane.ATTENDANCE)))
        await asyncio.sleep(0.1)
        urgent = asyncio.ensure_future(batcher.identify(_crop(0.3, Lane.CHECK_IN)))
        with pytest.raises(LimitReached, match="too many"):
            await lowly
        engine.free.set()
        await asyncio.gather(under_way, urgent)


@in_virtual_time
async def test_an_answer_that_would_be_late_is_never_asked_for() -> None:
    """A request whose deadline passes while it waits is told so, and the engine is spared."""
    engine = _Engine()
    engine.free.clear()
    clock = running_clock()
    async with _batcher(engine, concurrency=1) as batcher:
        under_way = asyncio.ensure_future(batcher.identify(_crop(0.1)))
        await asyncio.sleep(0.1)
        late = asyncio.ensure_future(batcher.identify(_crop(0.2, deadline=clock.monotonic() + 0.5)))
        await asyncio.sleep(1.0)
        engine.free.set()
        with pytest.raises(Expired):
            await late
        await under_way
    assert engine.batches == [1]
