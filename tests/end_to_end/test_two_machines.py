"""README's "Let other machines in", typed word for word: three folders stand for three machines, with TLS and a key."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from portero_client import ConnectionSettings, PorteroClient, ResourceExhausted, TlsFiles
from tests.support.repository import ROOT
from tests.support.time.timeouts import PATIENCE

_PLACES = ("server", "client", "bridge")
_TYPED = ("certificates", "keys create", "serve", "doctor", "cameras add", "portero-bridge")


def _typed() -> dict[str, str]:
    """Returns what README has typed in each place, as a shell reads it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Let other machines in")[2]
    found = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert found is not None
    parts = re.split(r"(?m)^# (?:on|beside) .*\n", found[1])[1:]
    assert all(word in found[1] for word in _TYPED)
    return dict(zip(_PLACES, parts, strict=True))


def _as_here(typed: str, ports: dict[str, str]) -> str:
    """Returns the same with this machine's name, and ports that are free."""
    for there, here in {
        "portero.example,10.0.0.5": "localhost,127.0.0.1",
        "0.0.0.0:50051": "0.0.0.0:0",
        "0.0.0.0:50052": "0.0.0.0:0",
        "portero.example:50051": f"localhost:{ports.get('grpc')}",
        "portero.example:50052": f"localhost:{ports.get('bridges')}",
        "SOURCE": "synthetic:",
    }.items():
        typed = typed.replace(there, here)
    return typed


def _environment(folder: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTERO_")}
    # What no reader of the page sets, so that this runs beside other servers.
    apart = {
        "PORTERO_DATA_FOLDER": str(folder / "data"),
        "PORTERO_ADMIN_LISTEN": "127.0.0.1:0",
        "PORTERO_LOG_FORMAT": "json",
        "PORTERO_ENGINE": "scripted",
    }
    return {**clean, **apart, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@asynccontextmanager
async def _shell(folder: Path, typed: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Types into a shell of its own, and ends what still runs in it at the end."""
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-ec",
        typed,
        cwd=folder,
        env=_environment(folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
        await process.communicate()


async def _serving(process: asyncio.subprocess.Process) -> dict[str, str]:
    """Returns the ports at which the server says that it serves."""
    assert process.stderr is not None
    others = []
    while line := await process.stderr.readline():
        told: dict[str, Any] = json.loads(line) if line.startswith(b"{") else {}
        if told.get("event") == "serving":
            return {name: str(told[name]).rpartition(":")[2] for name in ("grpc", "bridges")}
        others.append(line.decode())
    pytest.fail(f"the server ended before it served: {others}")


def _copy(source: Path, target: Path, names: list[str]) -> None:
    for name in names:
        (target / name).parent.mkdir(exist_ok=True)
        shutil.copy(source / name, target / name)


async def _arrived(client: PorteroClient, camera: str) -> bool:
    """Returns whether some frames of a camera have come in; not yet, too, where it was asked too often."""
    with suppress(ResourceExhausted):
        return (await client.cameras.status(camera)).frames_received >= 3
    return False


async def test_readme_s_two_machines_stream_as_typed(tmp_path: Path) -> None:
    """The server lets in a key and a bridge's certificate, the doctor knows the key, and the camera's frames arrive."""
    typed = _typed()
    here, there, beside = (tmp_path / place for place in _PLACES)
    for folder in (here, there, beside):
        folder.mkdir()
    async with asyncio.timeout(3 * PATIENCE), _shell(here, _as_here(typed["server"], {})) as server:
        ports = await _serving(server)
        assert (here / "ana.key").stat().st_mode & 0o077 == 0
        _copy(here, there, ["tls/ca.crt", "ana.key"])
        async with _shell(there, _as_here(typed["client"], ports)) as client:
            printed, errors = await client.communicate()
            assert client.returncode == 0, printed.decode() + errors.decode()
            assert "admin" in printed.decode()
        _copy(here, beside, ["tls/ca.crt", "tls/bridge-lobby-pi.crt", "tls/bridge-lobby-pi.key"])
        settings = ConnectionSettings(
            f"localhost:{ports['grpc']}", tls_files=TlsFiles(ca=there / "tls/ca.crt"), token_file=there / "ana.key"
        )
        async with _shell(beside, _as_here(typed["bridge"], ports)), PorteroClient(settings) as own:
            while not await _arrived(own, "front-door"):
                pass
