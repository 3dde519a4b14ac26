"""A real server in a process of its own, as an operator would start it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portero_server.access.key_service import ApiKeyService, KeyRequest
from portero_server.clock import SystemClock
from portero_server.domain.access.identities import Role
from portero_server.store.database import Database
from portero_server.store.keys import KeyStore
from portero_server.store.migrations import migrate
from tests.support.time.timeouts import PATIENCE


@dataclass(slots=True)
class ServerProcess:
    """A running server.

    Attributes:
        address: Of the gRPC port.
        admin: Of the HTTP port.
        lines: What it has logged so far, parsed.
        others: Lines of other forms, which it should not have written.
    """

    process: asyncio.subprocess.Process
    address: str
    admin: str
    lines: list[dict[str, Any]]
    others: list[str] = field(default_factory=list)

    async def stop(self) -> int:
        """Sends SIGTERM and gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()


@asynccontextmanager
async def running_server(
    folder: Path, patience: float = PATIENCE, python: str = sys.executable, /, **settings: str
) -> AsyncIterator[ServerProcess]:
    """Runs a server on free ports with its database in a folder; `settings` are PORTERO_… variables without prefix.

    One that does not serve within `patience` seconds is a TimeoutError. `python` is the interpreter that has it
    installed: that of another checkout runs another server.
    """
    process = await _start("serve", folder, settings, python)
    assert process.stderr is not None
    lines: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(patience):
            serving = await _until_serving(process.stderr, lines)
        server = ServerProcess(process, serving["grpc"], serving["metrics"].split("/")[2], lines)
        reading = asyncio.create_task(_read(process.stderr, lines, server.others))
        yield server
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    await reading


async def ended_server(command: str, folder: Path, **settings: str) -> tuple[int, str]:
    """Runs a command of the server to its end; gives its exit code and what it wrote on standard error."""
    process = await _start(command, folder, settings)
    async with asyncio.timeout(PATIENCE):
        _, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, errors.decode()


async def printed_by(command: str, folder: Path, **settings: str) -> str:
    """Runs a command of the server that must succeed; returns what it wrote on standard output."""
    process = await _start(command, folder, settings, output=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE):
        printed, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return printed.decode()


async def managed_keys(folder: Path, *words: str) -> str:
    """Runs `portero-server keys` against the folder's database, which is made first; returns what it printed."""
    if not (folder / "portero.db").exists():
        assert (await ended_server("migrate", folder))[0] == 0
    return await printed_by(" ".join(("keys", *words)), folder)


async def created_key(folder: Path, name: str, role: str) -> str:
    """Stores a key in the folder's database, which is made first, for a server that is started later; returns its text.

    In this process: a test of something else need not wait for three programs (tests of keys use `managed_keys`).
    """
    database = Database(f"sqlite+aiosqlite:///{folder / 'portero.db'}", pool_size=1, timeout=PATIENCE)
    try:
        await migrate(database)
        keys = ApiKeyService(KeyStore(database), SystemClock())
        _, text = await keys.create(KeyRequest(name, frozenset({Role(role)})), "tests")
    finally:
        await database.aclose()
    return text


async def _start(
    command: str,
    folder: Path,
    settings: Mapping[str, str],
    python: str = sys.executable,
    output: int = asyncio.subprocess.DEVNULL,
) -> asyncio.subprocess.Process:
    # The paths of this interpreter are not those of another one.
    ours = ("PORTERO_",) if python == sys.executable else ("PORTERO_", "PYTHONPATH")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment = {
        **clean,
        "PORTERO_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'portero.db'}",
        "PORTERO_LISTEN": "127.0.0.1:0",
        "PORTERO_ADMIN_LISTEN": "127.0.0.1:0",
        "PORTERO_LOG_FORMAT": "json",
        **{f"PORTERO_{name.upper()}": value for name, value in settings.items()},
    }
    return await asyncio.create_subprocess_exec(
        python,
        "-m",
        "portero_server",
        *command.split(),
        env=environment,
        cwd=folder,
        stdout=output,
        stderr=asyncio.subprocess.PIPE,
    )


async def _until_serving(stream: asyncio.StreamReader, lines: list[dict[str, Any]]) -> dict[str, Any]:
    others = []
    while line := await stream.readline():
        if not line.startswith(b"{"):
            # gRPC's core writes lines of its own; and a start-up problem is one plain line.
            others.append(line.decode().strip())
            continue
        parsed: dict[str, Any] = json.loads(line)
        lines.append(parsed)
        if parsed["event"] == "serving":
            return parsed
    raise AssertionError(f"the server ended before it served: {others or lines}")


async def _read(stream: asyncio.StreamReader, lines: list[dict[str, Any]], others: list[str]) -> None:
    while line := await stream.readline():
        if line.startswith(b"{"):
            lines.append(json.loads(line))
        else:
            others.append(line.decode())
