"""The processes of a run, as a supervisor keeps them: started again whenever they end, until told otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import psutil

_RESTART_PAUSE = 0.1
_LINE_LIMIT = 1024 * 1024


class Supervised:
    """One process, its lives one after the other.

    Attributes:
        lives: How often it was started.
        kills: How often it died of SIGKILL, ours or its own.
        odd_endings: How it ended otherwise than by a kill or as it may.
        peak: Highest resident memory seen, bytes.
        memory: (seconds of its life, resident bytes), sampled.
        has_spoken: Whether its present life has written anything to its standard output.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[int], Sequence[str]],
        environment: Mapping[str, str],
        *,
        on_output: Callable[[str], None],
        on_log: Callable[[str], None],
        on_end: Callable[[], None] = lambda: None,
        may_end_with: frozenset[int] = frozenset(),
    ) -> None:
        """Describes it.

        Args:
            name: For messages.
            command: Gives module and arguments of its n-th life.
            environment: Its whole environment.
            on_output: Takes the lines of its standard output.
            on_log: Takes the lines of its standard error.
            on_end: Called after each end, before it is started again.
            may_end_with: Exit codes that are no surprise while faults are about.
        """
        self.name = name
        self.lives = 0
        self.kills = 0
        self.odd_endings: list[str] = []
        self.peak = 0
        self.memory: list[tuple[float, int]] = []
        self.last_lines: deque[str] = deque(maxlen=30)
        self.last_code: int | None = None
        self._command = command
        self._environment = environment
        self._on_output = on_output
        self._on_log = on_log
        self._on_end = on_end
        self._may_end_with = may_end_with
        self._process: Process | None = None
        self._began = 0.0
        self._again = True
        self.has_spoken = False

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def age(self) -> float:
        """Seconds since it was started last."""
        return time.monotonic() - self._began

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    async def run(self) -> None:
        """Keeps it running until `last_life` was called and it has ended."""
        while True:
            await self._live()
            self._on_end()
            if not self._again:
                return
            await asyncio.sleep(_RESTART_PAUSE)

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal, if it runs."""
        if self._process is not None and self._process.returncode is None:
            # Not by asyncio, which first asks whether the process still runs: it may take the exit code of one that has
            # just died from under whoever waits for it, and every such death would look like an exit with 255.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def kill(self) -> None:
        """Kills it for good."""
        self.last_life()
        self.send(signal.SIGKILL)

    def last_life(self) -> None:
        """When it ends the next time, it stays ended."""
        self._again = False

    def sample(self) -> None:
        """Notes its memory."""
        if self.is_up:
            try:
                size = psutil.Process(self.pid).memory_info().rss
            except psutil.NoSuchProcess:
                return
            self.peak = max(self.peak, size)
            self.memory.append((self.age, size))

    async def _live(self) -> None:
        self.lives += 1
        self.has_spoken = False
        self._began = time.monotonic()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *self._command(self.lives),
            env=dict(self._environment),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            limit=_LINE_LIMIT,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_lines(self._process.stdout, self._tell))
                group.create_task(_lines(self._process.stderr, self._log))
            self.last_code = await self._process.wait()
        finally:
            self.send(signal.SIGKILL)
        if self.last_code == -signal.SIGKILL:
            self.kills += 1
        elif self.last_code != 0 and self.last_code not in self._may_end_with:
            self.odd_endings.append(f"{self.name} ended with {self.last_code}: " + " | ".join(self.last_lines))

    def _tell(self, line: str) -> None:
        self.has_spoken = True
        self._on_output(line)

    def _log(self, line: str) -> None:
        self.last_lines.append(line)
        self._on_log(line)


async def _lines(stream: asyncio.StreamReader, take: Callable[[str], None]) -> None:
    async for line in stream:
        if line.endswith(b"\n"):
            take(line.decode().rstrip("\n"))
