"""The simulator in a process of its own, as a user would start it."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.time.timeouts import PATIENCE

PATIENT = {"rekognition_connect_timeout": "60", "rekognition_read_timeout": "60", "call_timeout": "150"}
"""Settings of a server for which a simulator on a busy machine is not a recognizer that fails."""
_URL = re.compile(rb"AWS_ENDPOINT_URL_REKOGNITION=(\S+)")


@dataclass(frozen=True, slots=True)
class SimulatorProcess:
    """A running simulator at a URL."""

    url: str

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a server talk to it."""
        return {
            "AWS_ENDPOINT_URL_REKOGNITION": self.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
        }

    async def state(self, log: int = 0) -> dict[str, Any]:
        """Returns calls, dollars and the last `log` calls."""
        document: dict[str, Any] = await asyncio.to_thread(self._ask, f"state?log={log}", None)
        return document

    async def disturb(self, **faults: Mapping[str, float]) -> None:
        """Turns faults on or off."""
        await asyncio.to_thread(self._ask, "faults", json.dumps(faults).encode())

    async def reset(self) -> None:
        """Forgets calls, faults and used-up quotas."""
        await asyncio.to_thread(self._ask, "reset", b"{}")

    def _ask(self, path: str, body: bytes | None) -> Any:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_simulator/{path}", body, headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            content = answer.read()
        return json.loads(content) if content else None


@asynccontextmanager
async def running_simulator(*arguments: str) -> AsyncIterator[SimulatorProcess]:
    """Runs a simulator on a free port with the given arguments."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "portero_simulator",
        "--port",
        "0",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while (found := _URL.search(line := await process.stdout.readline())) is None:
                assert line, "the simulator ended before it served"
        reading = asyncio.create_task(process.stdout.read())
        yield SimulatorProcess(found[1].decode())
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    await reading
