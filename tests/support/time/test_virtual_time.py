"""The fake loop itself, since everybody's tests lean on it."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.support.time import virtual_time
from tests.support.time.virtual_time import Deadlock, ManualClock, in_virtual_time, run_in_virtual_time, running_clock


@in_virtual_time
async def test_sleeping_takes_no_real_time() -> None:
    """An hour of sleep moves both clocks by an hour while hardly any real time passes."""
    clock, began = running_clock(), time.monotonic()
    before = clock.now()
    await asyncio.sleep(3600)
    assert (clock.now() - before).total_seconds() == pytest.approx(3600)
    assert time.monotonic() - began < 3600


@in_virtual_time
async def test_timers_go_off_in_their_order() -> None:
    """Tasks wake in the order of their timers, each exactly at its time."""
    clock = running_clock()
    start, woken = clock.monotonic(), list[tuple[float, str]]()

    async def sleeper(name: str, delay: float) -> None:
        await asyncio.sleep(delay)
        woken.append((round(clock.monotonic() - start, 6), name))

    await asyncio.gather(sleeper("c", 0.3), sleeper("a", 0.1), sleeper("b", 0.2))
    assert woken == [(0.1, "a"), (0.2, "b"), (0.3, "c")]


@in_virtual_time
async def test_timeouts_work() -> None:
    """A timeout fires at its virtual time."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30):
            await asyncio.Event().wait()


@in_virtual_time
async def test_time_stands_still_while_a_thread_works() -> None:
    """A timer does not overtake a job in a thread, which takes no virtual time."""
    gate = threading.Event()
    clock = running_clock()
    before = clock.monotonic()
    job = asyncio.create_task(asyncio.to_thread(gate.wait))
    timer = asyncio.create_task(asyncio.sleep(60))
    asyncio.get_running_loop().call_soon(gate.set)
    assert await job
    assert clock.monotonic() == before
    timer.cancel()


def test_a_clock_can_be_shared_with_the_test() -> None:
    """A loop given a clock moves that one, and moving it by hand makes timers due."""
    clock = ManualClock(seconds=5.0)

    async def main() -> float:
        timer = asyncio.create_task(asyncio.sleep(10))
        await asyncio.sleep(0)
        clock.advance(10)
        await timer
        return clock.monotonic()

    assert run_in_virtual_time(main(), clock) == 15.0


def test_waiting_for_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test whose tasks all wait for each other fails with a clear error and does not hang."""
    monkeypatch.setattr(virtual_time, "_PATIENCE", 0.01)
    with pytest.raises(Deadlock, match="no timer is due"):
        run_in_virtual_time(asyncio.Event().wait())
