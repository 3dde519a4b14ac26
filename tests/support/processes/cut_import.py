"""`portero people import`, killed in the middle and run again, as an operator would."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class CutImport:
    """What came of it: how often it was killed, the last run's exit code and document, and the report's lines."""

    kills: int
    code: int
    document: dict[str, Any]
    lines: list[dict[str, Any]]


async def started(address: str, *arguments: str | Path) -> asyncio.subprocess.Process:
    """Starts a command line with --json."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTERO_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "portero_cli", "--server", address, "--json", *map(str, arguments)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def finished(process: asyncio.subprocess.Process) -> tuple[int, dict[str, Any]]:
    """Returns the exit code and the document of a command line."""
    out, _ = await process.communicate()
    document: dict[str, Any] = json.loads(out)
    assert process.returncode is not None
    return process.returncode, document


async def cut_import(address: str, source: Path, report: Path, kill_at: Sequence[int]) -> CutImport:
    """Imports people with a report, with SIGKILL once so many photos are noted, and then to the end."""
    kills = 0
    for photos in kill_at:
        process = await started(address, "people", "import", source, "--report", report)
        while process.returncode is None and _noted(report) < photos:  # noqa: ASYNC110 - its sign is a file's length
            await asyncio.sleep(0.01)
        if process.returncode is None:
            process.kill()
            kills += 1
        await process.communicate()
    code, document = await finished(await started(address, "people", "import", source, "--report", report))
    return CutImport(kills, code, document, _lines(report))


def _lines(report: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads(report.read_bytes())["photos"]
    return lines


def _noted(report: Path) -> int:
    journal = report.with_name(f"{report.name}.part")
    return journal.read_bytes().count(b'"stamp"') if journal.exists() else 0
