"""The shell completes ids as the server has them."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


async def completed(server: FakeServer, line: str) -> list[str]:
    """Returns what bash is offered for a line whose last word is incomplete."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "portero_cli",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "PORTERO_SERVER": server.address,
            "_PORTERO_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
        },
    )
    out, err = await process.communicate()
    assert err == b""
    return out.decode().split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("portero cameras show d", ["desk", "door"]),
        ("portero cameras remove desk do", ["door"]),
        ("portero watch --camera g", ["garage"]),
        ("portero people show x", []),
    ],
)
async def test_ids_are_offered(cli: Cli, server: FakeServer, line: str, offered: list[str]) -> None:
    """Arguments and options that take an id are completed with those that begin as typed."""
    for camera in ("desk", "door", "garage"):
        await cli("cameras", "add", camera)
    assert await completed(server, line) == offered


async def test_a_missing_server_disturbs_nobody(server: FakeServer) -> None:
    """Without a server nothing is offered, and nothing is printed amid what is being typed."""
    await server.stop()
    assert await completed(server, "portero people show a") == []
