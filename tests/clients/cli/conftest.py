"""Runs `portero` command lines against a fake server, in the event loop of the test."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portero_cli.__main__ import run
from tests.fakes.client_server import FakeServer


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


class Cli:
    """Runs command lines."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    async def __call__(self, *arguments: str | Path) -> Result:
        """Runs one."""
        code = await run([str(argument) for argument in arguments])
        out, err = self._capture.readouterr()
        return Result(code, out, err)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeServer]:
    """A running fake server, which commands find by PORTERO_SERVER."""
    async with FakeServer() as running:
        monkeypatch.setenv("PORTERO_SERVER", running.address)
        yield running


@pytest.fixture
def cli(server: FakeServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs command lines against the fake server, their tables as wide as in any pipe."""
    monkeypatch.delenv("COLUMNS", raising=False)
    return Cli(capsys)
