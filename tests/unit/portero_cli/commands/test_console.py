"""`portero console`: started, said where, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import httpx2

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer
from tests.support.time.timeouts import PATIENCE


async def test_it_serves_until_it_is_told_to_stop(server: FakeServer) -> None:
    """The program says one address, serves pages there, and ends with 0 on SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "portero_cli", "console", "--listen", "127.0.0.1:0"),
        env={**os.environ, "PORTERO_SERVER": server.address},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        said = (await process.stderr.readline()).decode()
        address = next(word for word in said.split() if word.startswith("http://")).rstrip(",")
        async with httpx2.AsyncClient() as http:
            assert (await http.get(f"{address}/now")).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_a_bad_setting_is_one_line(cli: Cli) -> None:
    """The console does not start, and the error names the setting."""
    result = await cli("console", "--listen", "0.0.0.0:1")
    assert result.code == 4
    assert result.err.count("\n") == 1
    assert "PORTERO_CONSOLE_PLAINTEXT_OFF_LOOPBACK" in result.err
