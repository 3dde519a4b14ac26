"""A bridge of the chaos rig: the library's own cameras over scripted sources, each with a spool.

Writes what it promises and is promised to the standard output, one record a line, each with one write: a killed
process leaves whole lines only. See `ledger.py` for the records.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portero_bridge.camera import CameraRunner
from portero_bridge.events import BridgeEvent
from portero_bridge.metrics import BridgeMetrics
from portero_bridge.settings import BridgeSettings, CameraSettings, SpoolSettings
from portero_bridge.sources.base import CapturedImage
from portero_client.errors import SpoolFault
from portero_client.settings import ConnectionSettings
from portero_client.streaming.clock import SystemClock
from portero_client.streaming.events import (
    Acknowledged,
    EpochBegun,
    FrameRefused,
    SpoolFailed,
    SpoolSetAside,
    StreamClosed,
    StreamFinished,
    StreamOpened,
    TrackUpdated,
)
from portero_client.streaming.frames import DeliveryMode
from portero_client.streaming.spool.spool import Spool
from tests.support.defects.bridge_defects import DEFECTS
from tests.support.defects.faultpoints import FaultPoints, JumpingClock, wrapped
from tests.support.model.clocks import CameraClocks
from tests.support.model.script import camera_name, jpeg, read_mark

_SPOOL_BYTES = 1024**2
_MAX_AGE = 200 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class Orders:
    """What the rig asks of one life of the bridge.

    Attributes:
        server: HOST:PORT.
        next_index: Where each camera's source goes on.
        spools: Folder of the spools.
        halt: A file; when it is there, the sources end.
        rate: Frames a second of each camera; 0: as fast as they are taken.
        clocks: The seed of the cameras' clocks; None: they are right.
        live: Whether frames are dated now, and not as the script says.
    """

    server: str
    next_index: list[int]
    spools: str
    halt: str
    rate: float
    seed: int
    points: dict[str, float]
    defects: list[str]
    clocks: int | None = None
    live: bool = False


def record(*parts: object) -> None:
    """Writes one record."""
    os.write(sys.stdout.fileno(), (" ".join(map(str, parts)) + "\n").encode())


class ScriptedSource:
    """Yields what a camera's script shows, from an index on, until the halt file is there."""

    is_finite = True
    waits = True

    def __init__(self, camera: int, index: int, orders: Orders, clocks: CameraClocks) -> None:
        self._camera = camera
        self._clocks = clocks
        self._live = orders.live
        self._index = index
        self._halt = Path(orders.halt)
        self._pause = 1 / orders.rate if orders.rate else 0.0

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Yields the images."""
        while not self._halt.exists():
            index, self._index = self._index, self._index + 1
            record("Y", self._camera, index)
            captured = datetime.now(UTC) if self._live else self._clocks.captured(self._camera, index)
            yield CapturedImage(jpeg(self._camera, index), captured)
            await asyncio.sleep(self._pause)


class Witness:
    """Writes a camera's events to the ledger."""

    def __init__(self, camera: int) -> None:
        self._camera = camera
        self._epoch = "-"

    def __call__(self, event: BridgeEvent) -> None:
        """Takes an event."""
        camera = self._camera
        match event:
            case StreamOpened():
                self._epoch = event.epoch
                record("O", camera, event.epoch, event.durable_sequence, event.session)
            case Acknowledged():
                record("A", camera, self._epoch, event.durable_sequence)
            case EpochBegun():
                record("E", camera, event.epoch)
            case FrameRefused():
                record("R", camera, self._epoch, event.sequence, event.reason)
            case TrackUpdated():
                record("T", camera, event.track, event.state, event.sighting or "-")
            case StreamFinished():
                record("F", camera, self._epoch, event.durable_sequence)
            case StreamClosed():
                record("C", camera, event.reason.replace(" ", "_"))
            case SpoolFailed() | SpoolSetAside():
                record("X", camera, type(event).__name__, event.reason.replace(" ", "_"))


def _watch_spool(points: FaultPoints) -> None:
    """Has every spool say what it is given and what it keeps."""

    def around_append(append: Callable[..., int]) -> Callable[..., int]:
        def watched(spool: Spool, capture_time: datetime, data: bytes, now: datetime) -> int:
            _, index = read_mark(data)
            points.pass_by("before_spool_write")
            try:
                dropped = append(spool, capture_time, data, now)
            except SpoolFault:
                record("L", spool.epoch, index)
                raise
            points.pass_by("after_spool_write")
            record("P", spool.epoch, spool.last_sequence, index)
            return dropped

        return watched

    def around_release(release: Callable[..., None]) -> Callable[..., None]:
        def watched(spool: Spool, durable_sequence: int) -> None:
            points.pass_by("before_spool_release")
            release(spool, durable_sequence)
            points.pass_by("after_spool_release")

        return watched

    wrapped(Spool, "append", around_append)
    wrapped(Spool, "release", around_release)


async def run(orders: Orders) -> None:
    """Runs the cameras until their sources have ended and everything is durable, or SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    names = [camera_name(camera) for camera in range(len(orders.next_index))]
    # The script's days are long past, and some clocks go wrong by a century: longer than settings allow.
    spool = SpoolSettings(max_bytes=_SPOOL_BYTES).model_copy(update={"max_age": _MAX_AGE})
    clocks = CameraClocks(orders.clocks)
    settings = BridgeSettings(
        spool_directory=Path(orders.spools),
        register_cameras=False,
        open_timeout=3.0,
        stale_timeout=5.0,
        server_retry_cap=0.5,
        cameras=[
            CameraSettings(
                name=name, source="synthetic:", rate=None, mode=DeliveryMode.LOSSLESS, once=True, spool=spool
            )
            for name in names
        ],
    )
    metrics = BridgeMetrics()
    draw = random.Random(orders.seed).random
    async with asyncio.TaskGroup() as group:
        for number, camera in enumerate(settings.cameras):
            runner = CameraRunner(
                camera,
                settings,
                ConnectionSettings(orders.server),
                emit=Witness(number),
                meter=metrics.camera(camera.name),
                stop=stop,
                source=ScriptedSource(number, orders.next_index[number], orders, clocks),
                draw=draw,
            )
            group.create_task(runner.run())
    record("Z")


def main() -> None:
    """Reads the orders from the command line and runs."""
    told: dict[str, Any] = json.loads(sys.argv[1])
    orders = Orders(**told)
    JumpingClock(orders.seed).install(SystemClock)
    for name in orders.defects:
        DEFECTS[name]()
    _watch_spool(FaultPoints(orders.points, orders.seed))
    asyncio.run(run(orders))


if __name__ == "__main__":
    main()
