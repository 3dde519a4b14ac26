"""Calls without a message against a live server: `python -m tests.fuzz.silent_calls --calls 4096`.

One connection, or several, begins that many calls of one method and sends no message (a health watch sends its message
and stays).
Beside them good calls are made on connections of their own. Told in the end: the share of the good calls that were
answered, how long they took, what became of the hostile ones, and the server's memory for each of them.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc
from portero.v1 import camera_service_pb2, camera_service_pb2_grpc

from tests.end_to_end.server_process import running_server
from tests.fakes.raw_http2 import raw_connection

METHODS = {
    "check": "/grpc.health.v1.Health/Check",
    "watch": "/grpc.health.v1.Health/Watch",
    "camera": "/portero.v1.CameraService/GetCamera",
    "stream": "/portero.v1.RecognitionService/StreamFrames",
}


@dataclass(slots=True)
class Figures:
    """What was seen."""

    good: int = 0
    answered: int = 0
    slowest: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    hostile: Counter[str] = field(default_factory=Counter)
    memory_before: int = 0
    memory_during: int = 0

    def line(self, method: str, calls: int) -> str:
        """Returns them for people."""
        each = (self.memory_during - self.memory_before) / calls / 1024
        return (
            f"{method}: {calls} silent calls, {dict(self.hostile)}; good {self.answered}/{self.good} answered, slowest "
            f"{self.slowest * 1000:.0f} ms, refused {dict(self.refused)}; memory {each:.1f} KiB a silent call"
        )


def _private(name: str) -> list[tuple[str, Any]]:
    return [("grpc.use_local_subchannel_pool", 1), ("portero.test", name)]


async def attack(name: str, calls: int, connections: int, good: int, folder: Path) -> Figures:
    """Hangs calls on a server of its own and makes good calls beside them."""
    figures = Figures()
    async with running_server(folder, ENGINE="scripted") as server:
        process = psutil.Process(server.process.pid)
        async with grpc.aio.insecure_channel(server.address, options=_private("good")) as channel:
            await camera_service_pb2_grpc.CameraServiceStub(channel).CreateCamera(
                camera_service_pb2.CreateCameraRequest(camera_id="door")
            )
        figures.memory_before = process.memory_info().rss
        async with AsyncExitStack() as stack:
            hostile = [await stack.enter_async_context(raw_connection(server.address)) for _ in range(connections)]
            for number in range(calls):
                connection = hostile[number % connections]
                if not connection.closing.is_set():
                    await connection.begin(METHODS[name], message=b"" if name == "watch" else None)
                    figures.hostile["begun"] += 1
                if number % 32 == 0:
                    await asyncio.sleep(0.005)
            await asyncio.sleep(2)
            figures.memory_during = process.memory_info().rss
            await asyncio.gather(*(_good(server.address, good // 10, figures) for _ in range(10)))
            figures.hostile["ended by the server"] = sum(len(each.ended) for each in hostile)
            figures.hostile["connections closed"] = sum(each.closing.is_set() for each in hostile)
    return figures


async def _good(address: str, calls: int, figures: Figures) -> None:
    async with grpc.aio.insecure_channel(address, options=_private("good")) as channel:
        cameras, health = camera_service_pb2_grpc.CameraServiceStub(channel), health_pb2_grpc.HealthStub(channel)
        for _ in range(calls):
            for call in (
                lambda: cameras.GetCamera(camera_service_pb2.GetCameraRequest(name="cameras/door"), timeout=5),
                lambda: health.Check(health_pb2.HealthCheckRequest(), timeout=5),
            ):
                figures.good += 1
                began = time.monotonic()
                try:
                    await call()
                    figures.answered += 1
                except grpc.aio.AioRpcError as error:
                    figures.refused[error.code().name] += 1
                figures.slowest = max(figures.slowest, time.monotonic() - began)


def main() -> None:
    """Runs it from a shell."""
    parser = argparse.ArgumentParser(description="Hang calls without a message on a server.")
    parser.add_argument("--calls", type=int, default=4096)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--good", type=int, default=200, help="good calls of each of two methods")
    parser.add_argument("methods", nargs="*", default=list(METHODS), metavar="METHOD", help=", ".join(METHODS))
    asyncio.run(_attacks(parser.parse_args()))


async def _attacks(given: argparse.Namespace) -> None:
    for name in given.methods:
        with tempfile.TemporaryDirectory() as folder:
            figures = await attack(name, given.calls, given.connections, given.good, Path(folder))
        print(figures.line(name, given.calls), flush=True)


if __name__ == "__main__":
    main()
