"""What the metrics cost: frames a second through session and gate with and without them, and a scrape of 300 cameras.

python -m tests.benchmarks.metrics_cost
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from dataclasses import replace
from typing import Any, cast

import structlog
from prometheus_client import generate_latest

from portero_server.clock import SystemClock
from portero_server.telemetry.camera_metrics import CameraFigures
from portero_server.telemetry.metrics import Metrics
from portero_server.vision.analyzer import VisionPool
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions
from tests.support.bridge.pictures import picture
from tests.support.server.stream_harness import stream_harness

_FRAMES = 1500
_ROUNDS = 7


class _Nothing:
    """Takes everything that metrics are told, and does nothing."""

    def __getattr__(self, name: str) -> _Nothing:
        return self

    def __call__(self, *args: object, **named: object) -> _Nothing:
        return self


async def _throughput(metrics: Metrics | None) -> float:
    clock = SystemClock()
    eyes = VisionPool(FaceDetector(choose_finder(DetectorOptions()).finder), clock, threads=1)
    async with stream_harness(clock=clock, window=_FRAMES, scene=eyes) as house:
        if metrics is not None:
            metrics.cameras.roster_is(["door"], 0)
        session = await house.streams.open("door", "e1")
        parts = replace(session._parts, metrics=metrics or cast("Any", _Nothing()))
        session._parts = session.runner._parts = parts
        session.opened()
        data = [picture(number, 640, 480) for number in range(8)]
        running = asyncio.create_task(session.run())
        listening = asyncio.create_task(house.listen(session))
        # Processor time, all threads: what others do on the machine does not count.
        began = time.process_time()
        for number in range(1, _FRAMES + 1):
            house.send(session, number, data=data[number % len(data)])
            if number % 16 == 0:
                await asyncio.sleep(0)
        session.finish()
        await running
        seconds = time.process_time() - began
        await listening
    await eyes.aclose()
    return _FRAMES / seconds


async def _compare() -> None:
    ratios, rates = [], []
    for _ in range(_ROUNDS):
        without = await _throughput(None)
        rates.append(await _throughput(Metrics(version="", engine="")))
        ratios.append(rates[-1] / without)
    share = statistics.median(ratios)
    print(f"{statistics.median(rates):,.0f} frames a processor-second with metrics, {share:.3f} of those without")


def _scrape() -> None:
    metrics = Metrics(version="", engine="")
    names = [f"camera-{number:04}" for number in range(300)]
    metrics.cameras.roster_is(names, 0)
    figures = dict.fromkeys(names, CameraFigures(5.0, 1.7e9, 0.1, 2, 0.5, 30, 1))
    seconds = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        metrics.cameras.cameras_are(figures)
        text = generate_latest(metrics.registry)
        seconds.append(time.perf_counter() - began)
    print(f"a scrape of 300 cameras: {statistics.median(seconds) * 1e3:.0f} ms, {len(text) / 1e3:,.0f} kB")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asyncio.run(_compare())
    _scrape()
