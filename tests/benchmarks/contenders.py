"""Starts what a load is pushed to: a process that says in one JSON line where it listens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import sysconfig
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.leftover_processes import ended_strays
from tests.support.repository import ROOT

_START_TIME = 120.0
_STOP_TIME = 20.0
# What it starts inherits it.
_MARK = "BENCHMARK_CONTENDER"


class BrokenOff(Exception):
    """A contender, or the load pushed to it, did not last; the message says why in one line."""


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
        BrokenOff: It ended, or said nothing for two minutes; the message is the end of its log.
    """
    mark = uuid.uuid4().hex
    command: Sequence[str] = (python, "-m", module, *arguments)
    path = os.pathsep.join(str(ROOT / each) for each in (".", "server", "protos/gen"))
    errors = await asyncio.to_thread(log.open, "wb")
    with errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            # PyTriton's worker links libpython and would else find the system's.
            env={
                **os.environ,
                "PYTHONPATH": path,
                "LD_LIBRARY_PATH": str(sysconfig.get_config_var("LIBDIR")),
                _MARK: mark,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert process.stdout is not None
    draining: asyncio.Task[None] | None = None
    try:
        said = await _started(module, process.stdout, log)
        draining = asyncio.create_task(_drained(process.stdout))
        yield Contender(process.pid, said)
    finally:
        if draining is not None:
            draining.cancel()
        await _end(process)
        await asyncio.to_thread(ended_strays, _MARK, mark)


async def _started(module: str, output: asyncio.StreamReader, log: Path) -> Mapping[str, Any]:
    try:
        async with asyncio.timeout(_START_TIME):
            return await _said(output)
    except EOFError:
        raise BrokenOff(f"{module} did not start: {_tail(log)}") from None
    except TimeoutError:
        raise BrokenOff(f"{module} was not ready within {_START_TIME:.0f} s: {_tail(log)}") from None


def _tail(log: Path) -> str:
    return " / ".join(log.read_text(errors="replace").strip().splitlines()[-3:])[-300:]


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
    """Asks it to end its own children first; then its group, which is its own since it began a session, is killed."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_STOP_TIME):
            await process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
