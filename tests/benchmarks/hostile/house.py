"""A real server as a user would start it, with a key for the good and one for the hostile, and its figures."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from portero_client import ConnectionSettings, PorteroClient

_START_TIME = 60.0


@dataclass(slots=True)
class House:
    """A server that runs.

    Attributes:
        address: Of its gRPC port.
        key: An admin's.
        hostile_key: Of somebody who may look at one camera, and show images.
        memory: Resident bytes, sampled.
    """

    process: psutil.Process
    address: str
    admin: str
    log: Path
    key: str
    hostile_key: str
    memory: list[int] = field(default_factory=list)

    @property
    def log_bytes(self) -> int:
        """What it has written to its log so far."""
        return self.log.stat().st_size

    @property
    def processor_seconds(self) -> float:
        """What it has used so far, its workers included."""
        times = [self.process.cpu_times(), *(child.cpu_times() for child in self.process.children(recursive=True))]
        return sum(time.user + time.system for time in times)

    def sample(self) -> None:
        """Notes its memory, workers included."""
        family = [self.process, *self.process.children(recursive=True)]
        self.memory.append(sum(process.memory_info().rss for process in family))


@asynccontextmanager
async def running_house(
    folder: Path, cameras: int, processor: set[int], settings: Mapping[str, str]
) -> AsyncIterator[House]:
    """Runs a server on one processor, with cameras good-0 to good-N; authentication is required."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PORTERO_")},
        "PORTERO_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'portero.db'}",
        "PORTERO_LISTEN": "127.0.0.1:0",
        "PORTERO_ADMIN_LISTEN": "127.0.0.1:0",
        "PORTERO_LOG_FORMAT": "json",
        "PORTERO_ENGINE": "scripted",
        "PORTERO_AUTH": "required",
        **settings,
    }
    await _printed(environment, "migrate")
    key = await _key(environment, "good", "--role", "admin")
    roles = ("--role", "reader", "--role", "check-in-desk", "--role", "bridge")
    log = folder / "server.log"
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "portero_server", "serve", env=environment, cwd=folder, stderr=stream
        )
    try:
        async with asyncio.timeout(_START_TIME):
            serving = await _serving(log, process)
        async with PorteroClient(ConnectionSettings(serving["grpc"], token=key)) as client:
            for number in range(cameras):
                await client.cameras.create(f"good-{number}")
            await client.cameras.create("hostile")
        hostile = await _key(environment, "hostile", *roles, "--camera", "hostile")
        family = psutil.Process(process.pid)
        for each in (family, *family.children(recursive=True)):
            for thread in each.threads():
                os.sched_setaffinity(thread.id, processor)
        yield House(family, serving["grpc"], serving["metrics"].split("/")[2], log, key, hostile)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _serving(log: Path, process: asyncio.subprocess.Process) -> dict[str, str]:
    while process.returncode is None:
        for line in _text(log).splitlines():
            if line.startswith("{") and '"serving"' in line:
                found: dict[str, str] = json.loads(line)
                return found
        await asyncio.sleep(0.1)
    raise RuntimeError(f"the server did not start: {_text(log)[-500:]}")


def _text(log: Path) -> str:
    return log.read_text(errors="replace")


async def _key(environment: Mapping[str, str], name: str, *words: str) -> str:
    return await _printed(environment, "keys", "create", name, *words)


async def _printed(environment: Mapping[str, str], *command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "portero_server",
        *command,
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, said = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"`portero-server {' '.join(command)}` failed: {said.decode()[-300:]}")
    return printed.decode().strip()
