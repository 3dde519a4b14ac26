"""Starts what a load is pushed to: a process that says in one JSON line where it listens."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import sysconfig
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_START_TIME = 120.0


@dataclass(frozen=True, slots=True)
class Contender:
    """A running contender; `said` is its line."""

    pid: int
    said: Mapping[str, Any]

    @property
    def address(self) -> str:
        """Where it listens."""
        return str(self.said["address"])


@asynccontextmanager
async def running(module: str, *arguments: str, python: str = sys.executable, log: Path) -> AsyncIterator[Contender]:
    """Runs a module of this repository, by another interpreter if one is given, and ends it with all its children.

    Raises:
        RuntimeError: It ended, or said nothing for two minutes; the message is the end of its log.
    """
    command: Sequence[str] = (python, "-m", module, *arguments)
    path = os.pathsep.join(str(ROOT / each) for each in (".", "server", "protos/gen"))
    errors = await asyncio.to_thread(log.open, "wb")
    with errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            # PyTriton's worker links libpython and would else find the system's.
            env={**os.environ, "PYTHONPATH": path, "LD_LIBRARY_PATH": str(sysconfig.get_config_var("LIBDIR"))},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_TIME):
            said = await _said(process.stdout)
        draining = asyncio.create_task(_drained(process.stdout))
        yield Contender(process.pid, said)
        draining.cancel()
    except (EOFError, TimeoutError):
        raise RuntimeError(f"{module} did not start: {_tail(log)}") from None
    finally:
        await _end(process)


def _tail(log: Path) -> str:
    return " / ".join(log.read_text(errors="replace").strip().splitlines()[-3:])


async def _said(output: asyncio.StreamReader) -> Mapping[str, Any]:
    while line := await output.readline():
        # Some peers greet on standard output.
        if line.startswith(b'{"address"'):
            document: Mapping[str, Any] = json.loads(line)
            return document
    raise EOFError


async def _drained(output: asyncio.StreamReader) -> None:
    while await output.read(65_536):
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    # Its group is its own: it began a session.
    for word in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, word)
            async with asyncio.timeout(10.0):
                await process.wait()
        except ProcessLookupError:
            return
        except TimeoutError:
            continue
