"""The demo's own server, in a process that ends with the demo."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from portero_cli.demo.portraits import DemoProblem
from portero_client import ConnectionSettings, PorteroClient
from portero_client.errors import PorteroError

_START_TIME = 60.0
_STOP_TIME = 25.0
_PROBE = 0.2
_NO_SETTINGS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class DemoServer:
    """A running server: where it listens, HOST:PORT, and where its log is."""

    address: str
    admin: str
    log: Path


@asynccontextmanager
async def demo_server(folder: Path, settings: Mapping[str, str] = _NO_SETTINGS) -> AsyncIterator[DemoServer]:
    """Runs `portero-server serve` with its database and log in a folder; PORTERO_ variables apply.

    Args:
        folder: Where its database and log are.
        settings: Variables that stand above those of the environment.

    Raises:
        DemoProblem: It did not come up; the message is the server's own last line.
    """
    address = os.environ.get("PORTERO_LISTEN") or f"127.0.0.1:{free_port(50051)}"
    admin = os.environ.get("PORTERO_ADMIN_LISTEN") or f"127.0.0.1:{free_port(9464)}"
    log = folder / "server.log"
    environment = {
        "PORTERO_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'portero.db'}",
        # The demo's guest does not go away, however slow the machine.
        "PORTERO_CHECK_IN_PATIENCE": "240",
        **os.environ,
        **settings,
        "PORTERO_LISTEN": address,
        "PORTERO_ADMIN_LISTEN": admin,
    }
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "portero_server",
            "serve",
            stdout=out,
            stderr=out,
            env=environment,
            # Ctrl-C is for the demo, which stops its server when everything is read out.
            start_new_session=True,
        )
    try:
        await _until_ready(process, address, log)
        yield DemoServer(address, admin, log)
    finally:
        await _stop(process)


def free_port(wanted: int) -> int:
    """Returns the wanted port, or any free one if it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            # A port whose last connections are still fading away is free for a server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoProblem("no port is free on 127.0.0.1")


async def _until_ready(process: asyncio.subprocess.Process, address: str, log: Path) -> None:
    async with PorteroClient(ConnectionSettings(address)) as client:
        try:
            async with asyncio.timeout(_START_TIME):
                while process.returncode is None:
                    if await _serves(client):
                        return
                    await asyncio.sleep(_PROBE)
        except TimeoutError:
            raise DemoProblem(f"the server did not start within {_START_TIME:g} s; its log is {log}") from None
    raise DemoProblem(_last_line(log) or f"the server exited with code {process.returncode} without a message")


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


async def _serves(client: PorteroClient) -> bool:
    try:
        return (await client.check_health()).serving
    except PorteroError:
        return False


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_TIME):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
