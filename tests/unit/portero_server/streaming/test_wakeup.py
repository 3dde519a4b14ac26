"""A bell wakes who waits, and nobody else."""

from __future__ import annotations

import asyncio

import pytest

from portero_server.streaming.wakeup import Wakeup


async def test_who_waits_is_woken() -> None:
    """Ringing ends the wait, and a second ring before the woken task runs changes nothing."""
    bell = Wakeup()
    waiting = asyncio.ensure_future(bell.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.notify()
    bell.notify()
    await waiting


async def test_a_ring_that_nobody_waits_for_is_forgotten() -> None:
    """Whoever begins to wait after a ring waits for the next one."""
    bell = Wakeup()
    bell.notify()
    waiting = asyncio.ensure_future(bell.wait())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    bell.notify()
    await waiting


async def test_a_wait_that_was_cancelled_is_no_trouble_to_who_rings() -> None:
    """Ringing after the waiting task was canceled does nothing, and the bell works for the next one."""
    bell = Wakeup()
    waiting = asyncio.ensure_future(bell.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    bell.notify()
    again = asyncio.ensure_future(bell.wait())
    await asyncio.sleep(0)
    bell.notify()
    await again


async def test_a_second_waiter_is_refused_and_the_first_is_still_woken() -> None:
    """Two tasks waiting for one wakeup is a defect that is told at once, and strands nobody."""
    bell = Wakeup()
    first = asyncio.ensure_future(bell.wait())
    with pytest.raises(RuntimeError, match="waits for this wakeup already"):
        bell.wait()
    bell.notify()
    await first
