"""Worker processes for work that holds the GIL for long, or may crash: a crash fails the call, not the server."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import ParamSpec, TypeVar

from portero_server.errors import EngineUnavailable

_P = ParamSpec("_P")
_T = TypeVar("_T")


class WorkerPool:
    """Processes for one kind of work, started by the first call and restarted after a crash.

    Used from one event loop.
    """

    def __init__(self, processes: int, prepare: Callable[[], None], trade: str) -> None:
        """Creates a pool; its processes start with the first call.

        Args:
            processes: How many.
            prepare: Run once in each new process, to load what it works with; can be pickled.
            trade: What they do, for messages ("encodes faces").
        """
        self._processes = processes
        self._prepare = prepare
        self._trade = trade
        self._pool: ProcessPoolExecutor | None = None
        self._closed = False

    async def run(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Runs a function of a module in one of the processes.

        Raises:
            EngineUnavailable: The process died under it; the next call starts new ones.
            Exception: Whatever the function itself raised.
        """
        if self._closed:
            raise EngineUnavailable(f"the process that {self._trade} is closed: the server is stopping")
        pool = self._pool = self._pool or self._started()
        try:
            return await asyncio.wrap_future(pool.submit(call, *args, **kwargs))
        except BrokenProcessPool:
            # All calls in flight come here; the first one makes room for new processes.
            if self._pool is pool:
                self._pool = None
                pool.shutdown(wait=False)
            raise EngineUnavailable(f"the process that {self._trade} died; another takes its place") from None

    async def aclose(self) -> None:
        """Waits for the calls in progress and ends the processes; calls that still wait are canceled."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    def _started(self) -> ProcessPoolExecutor:
        # "spawn": a forked child would inherit our threads' locks and the gRPC library's sockets.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            self._processes, mp_context=context, initializer=_begin_worker, initargs=(self._prepare,)
        )


def _begin_worker(prepare: Callable[[], None]) -> None:
    # Ctrl-C reaches the whole process group, but it is the server that decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    prepare()


def _end_with_parent() -> None:
    """Ends this process when the server is gone, even after kill -9."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(1)
