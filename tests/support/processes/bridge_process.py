"""A real bridge in a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.time.timeouts import PATIENCE

_SERVED = re.compile(r" metrics_served address=(\S+)")


@dataclass(slots=True)
class BridgeProcess:
    """A running bridge.

    Attributes:
        metrics: HOST:PORT of its metrics.
        output: All that it has written so far.
    """

    process: asyncio.subprocess.Process
    metrics: str
    output: list[str]

    async def stop(self) -> None:
        """Ends it in good order."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        await self.process.wait()


@asynccontextmanager
async def running_bridge(
    folder: Path, server: str, cameras: Sequence[dict[str, Any]], **others: Any
) -> AsyncIterator[BridgeProcess]:
    """Runs a bridge with cameras and other settings as in its YAML file, spooling into a folder."""
    settings = {
        "server": server,
        "metrics_listen": "127.0.0.1:0",
        "spool_directory": str(folder / "spool"),
        "cameras": list(cameras),
        **others,
    }
    file = folder / "bridge.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "portero_bridge",
        "--config",
        str(file),
        env={name: value for name, value in os.environ.items() if not name.startswith("PORTERO_")},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    output: list[str] = []
    try:
        async with asyncio.timeout(PATIENCE):
            address = await _until_served(process.stderr, output)
        reading = asyncio.create_task(_read(process.stderr, output))
        bridge = BridgeProcess(process, address, output)
        yield bridge
        await bridge.stop()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    await reading


async def _until_served(stream: asyncio.StreamReader, output: list[str]) -> str:
    while line := (await stream.readline()).decode():
        output.append(line)
        if found := _SERVED.search(line):
            return found[1]
    raise AssertionError(f"the bridge ended before it served: {output}")


async def _read(stream: asyncio.StreamReader, output: list[str]) -> None:
    while line := await stream.readline():
        output.append(line.decode())
