"""Runs `portero` command lines in the event loop of the test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portero_cli.__main__ import run


@dataclass(frozen=True)
class Result:
    """What a command line gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def notes(self) -> list[str]:
        """What was said beside the result, with --json; each line of stderr must be a document."""
        return [said["note"] for said in map(json.loads, self.err.splitlines()) if "note" in said]


class Cli:
    """Runs command lines."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    async def __call__(self, *arguments: str | Path) -> Result:
        """Runs one."""
        code = await run([str(argument) for argument in arguments])
        out, err = self._capture.readouterr()
        return Result(code, out, err)
