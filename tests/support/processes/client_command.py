"""The command line of the client, as an operator runs it against a server."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any


async def portero(address: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Runs `portero --json` with arguments, and returns its exit code and document."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "portero_cli", "--server", address, "--json", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate()
    document: dict[str, Any] = json.loads(out)
    assert process.returncode is not None
    return process.returncode, document
