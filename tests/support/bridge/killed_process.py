"""A real `portero-bridge` process, for tests that kill it."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path

import httpx2

from tests.support.time.timeouts import PATIENCE


class BridgeProcess:
    """Runs the bridge with a file of settings that serves metrics on a free port."""

    def __init__(self, config: Path) -> None:
        self.lines: list[str] = []
        self._config = config
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._told = asyncio.Condition()

    async def start(self) -> None:
        """Starts the process, with nothing of an earlier one."""
        self.lines = []
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "portero_bridge", "--config", str(self._config), stderr=PIPE
        )
        self._reading = asyncio.create_task(self._read(self._process))

    async def says(self, *words: str) -> str:
        """Waits until a line on its standard error holds all of the words; returns it."""

        def said() -> str | None:
            return next((line for line in self.lines if all(word in line for word in words)), None)

        async with asyncio.timeout(PATIENCE), self._told:
            await self._told.wait_for(lambda: said() is not None)
        return said() or ""

    async def metric(self, name: str, wanted: Callable[[float], bool]) -> None:
        """Asks for a metric until its value is as wanted."""
        served = await self.says("metrics_served")
        url = f"http://{served.split('address=')[1].strip()}/metrics"
        async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(timeout=PATIENCE) as client:
            while True:
                text = (await client.get(url)).text
                values = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(name)]
                if values and wanted(sum(map(float, values))):
                    return

    async def stop(self, number: signal.Signals) -> int:
        """Sends a signal; returns the exit code."""
        assert self._process is not None
        assert self._reading is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        await self._reading
        return await self._process.wait()

    async def _read(self, process: Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            self.lines.append(line.decode())
            async with self._told:
                self._told.notify_all()
