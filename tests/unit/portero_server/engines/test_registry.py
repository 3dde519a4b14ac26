"""Choosing an engine by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from portero_server.engines import registry
from portero_server.engines.base import CallContext
from portero_server.engines.local.options import LocalOptions
from portero_server.engines.registry import create_engine
from portero_server.errors import StartupProblem

_T = TypeVar("_T")


_OPTIONS = {"local": LocalOptions(2), "scripted": None, "needy": None}


class _OpenGate:
    async def run(self, operation: str, context: CallContext, call: Callable[[], Awaitable[_T]]) -> _T:
        return await call()


@pytest.mark.parametrize("name", ["local", "scripted"])
async def test_an_engine_is_made_by_name(name: str) -> None:
    """Each registered engine can be made from its options, and says its name."""
    engine = create_engine(name, _OPTIONS, _OpenGate())
    assert engine.traits.name == name
    await engine.aclose()


def test_an_unknown_engine_is_a_startup_problem() -> None:
    """A name that is not registered ends start-up, naming those that are."""
    with pytest.raises(StartupProblem, match=r"'telepathy'.*local.*scripted"):
        create_engine("telepathy", _OPTIONS, _OpenGate())


def test_a_missing_library_is_a_startup_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An engine whose module cannot import a library ends start-up with what is missing and what to install."""
    (tmp_path / "needy_engine.py").write_text("import a_library_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "FACTORIES", {"needy": ("needy_engine:create", "local")})
    with pytest.raises(StartupProblem, match=r"a_library_nobody_has.*pip install 'portero\[local\]'"):
        create_engine("needy", _OPTIONS, _OpenGate())
