"""Whether the server can do its work."""

from __future__ import annotations

import asyncio

import pytest

from portero_server.composition.readiness import Readiness
from portero_server.errors import StoreUnavailable
from tests.support.time.virtual_time import run_in_virtual_time


class _Store:
    """A database whose health is set by the test."""

    def __init__(self) -> None:
        self.problem = ""
        self.asked = 0
        self.most = 0
        self._at_once = 0

    async def check_writes(self, max_age: float) -> None:
        """Answers after a second."""
        self.asked += 1
        self._at_once += 1
        self.most = max(self.most, self._at_once)
        await asyncio.sleep(1.0)
        self._at_once -= 1
        if self.problem:
            raise StoreUnavailable(self.problem)


def test_changes_are_told_once() -> None:
    """Health checks and metrics follow the database down and up again; nothing is said while nothing changes."""

    async def scene() -> None:
        store, writable, health = _Store(), list[bool](), list[bool]()

        async def tell(serving: bool) -> None:
            health.append(serving)

        readiness = Readiness(store, writable.append, interval=5.0)
        task = asyncio.create_task(readiness.run(tell))
        for problem in ("", "the disk of the database is full", ""):
            store.problem = problem
            await asyncio.sleep(30.0)
        task.cancel()
        assert health == [False, True]
        assert writable[0] is True
        assert False in writable
        assert writable[-1] is True

    run_in_virtual_time(scene())


def test_many_who_ask_make_one_probe_at_a_time() -> None:
    """A hundred requests for /readyz while the database hangs do not become a hundred writes at once."""

    async def scene() -> None:
        store = _Store()
        readiness = Readiness(store, lambda writable: None, interval=5.0)
        await asyncio.gather(*(readiness.check() for _ in range(100)))
        assert store.most == 1

    run_in_virtual_time(scene())


def test_the_reason_is_told() -> None:
    """Whoever asks learns what is wrong."""

    async def scene() -> None:
        store = _Store()
        store.problem = "the disk of the database is full"
        with pytest.raises(StoreUnavailable, match="disk"):
            await Readiness(store, lambda writable: None, interval=5.0).check()

    run_in_virtual_time(scene())
