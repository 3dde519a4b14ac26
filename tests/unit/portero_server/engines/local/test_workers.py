"""Worker processes: crashes, signals and the death of the parent."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import psutil
import pytest

from portero_server.engines.local.workers import WorkerPool
from portero_server.errors import EngineUnavailable
from tests.support.server.worker_calls import complain, die, nothing, process_id
from tests.support.time.timeouts import PATIENCE


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    """Yields a pool of one process."""
    pool = WorkerPool(1, nothing, "does nothing")
    yield pool
    await pool.aclose()


async def test_work_is_done_elsewhere(pool: WorkerPool) -> None:
    """A call runs in another process, the same one each time."""
    first, second = await pool.run(process_id), await pool.run(process_id)
    assert first == second != os.getpid()


async def test_an_error_of_the_work_is_the_callers(pool: WorkerPool) -> None:
    """What the function raises comes back as it is, and the process goes on."""
    before = await pool.run(process_id)
    with pytest.raises(ValueError, match="as told"):
        await pool.run(complain, "as told")
    assert await pool.run(process_id) == before


async def test_a_crash_is_an_answer_and_the_next_call_works(pool: WorkerPool) -> None:
    """All calls in flight on a crashed process fail as unavailable, and the next one gets a new process."""
    before = await pool.run(process_id)
    outcomes = await asyncio.gather(pool.run(die), pool.run(process_id), return_exceptions=True)
    assert all(isinstance(outcome, EngineUnavailable) for outcome in outcomes)
    assert "does nothing" in str(outcomes[0])
    assert await pool.run(process_id) != before


async def test_a_killed_idle_process_costs_one_call_at_most(pool: WorkerPool) -> None:
    """A process killed while idle is replaced, and the call that finds out fails as unavailable or works."""
    before = await pool.run(process_id)
    worker = psutil.Process(before)
    worker.kill()
    worker.wait(PATIENCE)
    try:
        after = await pool.run(process_id)
    except EngineUnavailable:
        after = await pool.run(process_id)
    assert after != before


async def test_an_interrupt_is_not_the_workers_business(pool: WorkerPool) -> None:
    """Ctrl-C, which the terminal sends to every process, does not end a worker."""
    worker = await pool.run(process_id)
    os.kill(worker, signal.SIGINT)
    assert await pool.run(process_id) == worker


async def test_a_closed_pool_takes_no_work(pool: WorkerPool) -> None:
    """After closing, the process is gone and calls fail as unavailable; closing again is no fault."""
    worker = await pool.run(process_id)
    await pool.aclose()
    await pool.aclose()
    assert not psutil.pid_exists(worker)
    with pytest.raises(EngineUnavailable, match="stopping"):
        await pool.run(process_id)


async def test_workers_do_not_outlive_a_killed_parent() -> None:
    """When the parent is killed with no chance to say goodbye, its worker ends by itself."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.server.worker_calls", stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    worker = psutil.Process(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    await asyncio.to_thread(worker.wait, 10)
    assert not worker.is_running()
