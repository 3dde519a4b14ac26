"""Counts what one frame passes through in a server: files, tasks, and entries into Session.

`python -m tests.benchmarks.walk` serves in this process, from the settings on, with the recognizer played by the
simulator, and lists every file of the server whose code runs for a frame without news, and for a frame with a face that
is paid for. What runs beside it on its own account (ticks, watchers, readiness) is left out, by the task it runs in.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

import cv2
import grpc
import numpy as np
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

import portero_server
from portero_client import ConnectionSettings, PorteroClient
from portero_server.composition import serve
from portero_server.composition.build import built
from portero_server.settings import Settings
from tests.support.images.portraits import another, collins, frame_with
from tests.support.processes.simulator_process import running_simulator

_SOURCES = Path(portero_server.__file__).parent.as_posix() + "/"
_BYSTANDERS = (
    "AuthInterceptor.watched",
    "Eraser",
    "Anchoring",
    "InventoryMetrics",
    "KeyRing",
    "OrphanReaper",
    "PrivacyWorker",
    "NameRevocation",
    "Readiness",
    "Streams.",
    "UsageRecorder.run",
    "SightingWatch",
    "GalleryMirror",
    "AuditTrail",
)


class _Walk:
    """What was passed: files, tasks, and who entered Session."""

    def __init__(self) -> None:
        self.files: dict[str, set[str]] = {}
        self.entries: Counter[str] = Counter()
        self.on = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if not self.on or event != "call" or not code.co_filename.startswith(_SOURCES):
            return
        task = _task()
        if task is None:
            return
        file = code.co_filename.removeprefix(_SOURCES)
        if code.co_name in ("<module>", "__hash__", "__eq__"):
            return
        self.files.setdefault(file, set()).add(task)
        if file == "streaming/session.py":
            before = frame.f_back.f_code.co_filename if frame.f_back is not None else ""
            by = before.removeprefix(_SOURCES) if before.startswith(_SOURCES) else "its task"
            if by != file:
                self.entries[f"{code.co_name} by {by}"] += 1

    @contextmanager
    def taken(self, title: str) -> Iterator[None]:
        """Prints what is passed meanwhile."""
        self.files, self.entries, self.on = {}, Counter(), True
        yield
        self.on = False
        tasks = {task for names in self.files.values() for task in names}
        print(f"\n{title}: {len(self.files)} files, {len(tasks)} tasks and threads: {', '.join(sorted(tasks))}")
        for file, names in sorted(self.files.items()):
            print(f"  {file}  ({', '.join(sorted(names))})")
        print(f"  Session: {dict(self.entries)}")


_started_by: WeakKeyDictionary[asyncio.Task[Any], asyncio.Task[Any]] = WeakKeyDictionary()


def _remembering(loop: asyncio.AbstractEventLoop, work: Any, context: Any = None) -> asyncio.Task[Any]:
    """Creates a task as the loop would, and remembers which task did."""
    task = asyncio.Task(work, loop=loop, context=context)
    if (parent := asyncio.current_task(loop)) is not None:
        _started_by[task] = parent
    return task


def _task() -> str | None:
    """Returns what runs now, or None if that, or what started it, has nothing to do with frames."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return f"thread {threading.current_thread().name.split('_')[0]}"
    name = "loop" if task is None else _name(task)
    while task is not None:
        if _name(task).startswith(_BYSTANDERS):
            return None
        task = _started_by.get(task)
    return name


def _name(task: asyncio.Task[Any]) -> str:
    return getattr(task.get_coro(), "__qualname__", "?")


def _jpeg(pixels: Any) -> bytes:
    return bytes(cv2.imencode(".jpg", pixels)[1])


@asynccontextmanager
async def _served(settings: Settings) -> AsyncIterator[str]:
    stop = asyncio.Event()
    async with built(settings) as parts:
        started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        start = parts.rpc.start

        async def noted() -> int:
            port = await start()
            started.set_result(port)
            return port

        parts.rpc.start = noted  # type: ignore[method-assign]
        serving = asyncio.create_task(serve._serve(parts, settings, stop))
        yield f"127.0.0.1:{await started}"
        stop.set()
        await serving


async def _walked(address: str, walk: _Walk) -> None:
    portrait = collins()
    async with PorteroClient(ConnectionSettings(address)) as client:
        await client.cameras.create("door")
        await client.people.create("Eileen Collins", person_id="collins")
        await client.people.enroll("collins", _jpeg(another(portrait)))
    chance = np.random.default_rng(1)
    wall = np.full((360, 640, 3), 90, np.uint8)
    shown = frame_with(portrait, 0.6, left=150, top=20)
    async with grpc.aio.insecure_channel(address) as channel:
        call = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
        opening = stream_pb2.OpenStream(camera="cameras/door", epoch="e1", mode=stream_pb2.DELIVERY_MODE_LIVE)
        await call.write(stream_pb2.StreamFramesRequest(open=opening))
        began = datetime.now(UTC)

        async def show(sequence: int, picture: Any) -> None:
            noisy = picture + chance.integers(0, 3, picture.shape, dtype=np.uint8)
            frame = stream_pb2.Frame(sequence=sequence, jpeg=_jpeg(noisy))
            frame.capture_time.FromDatetime(began + timedelta(seconds=sequence / 5))
            await call.write(stream_pb2.StreamFramesRequest(frame=frame))

        async def until(sequence: int, *, named: bool = False) -> None:
            durable, pending = 0, named
            while durable < sequence or pending:
                answer = await call.read()
                assert isinstance(answer, stream_pb2.StreamFramesResponse)
                durable = max(durable, answer.ack.durable_sequence)
                pending = pending and not answer.track_update.HasField("match")

        for sequence in range(1, 16):
            await show(sequence, wall)
            await until(sequence)
        with walk.taken("a frame without news"):
            await show(16, wall)
            await until(16)
        with walk.taken("frames with a paid face"):
            for sequence in (17, 18):
                await show(sequence, shown)
            await until(18, named=True)
        await call.done_writing()


async def main() -> None:
    """Prints both walks."""
    walk = _Walk()
    asyncio.get_running_loop().set_task_factory(_remembering)
    threading.setprofile(walk)
    sys.setprofile(walk)
    with tempfile.TemporaryDirectory() as folder:
        async with running_simulator() as simulator:
            os.environ |= simulator.environment
            os.environ["PORTERO_DATABASE_URL"] = f"sqlite+aiosqlite:///{folder}/walk.db"
            settings = Settings(listen="127.0.0.1:0", admin_listen="127.0.0.1:0", engine="rekognition")
            async with _served(settings) as address:
                await _walked(address, walk)


if __name__ == "__main__":
    asyncio.run(main())
