"""Runs coroutines for threads that have no event loop."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from portero_client.errors import FailedPrecondition

_ResultT = TypeVar("_ResultT")


class LoopThread:
    """An event loop in a thread of its own, which starts with the first call and ends with `close`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def run(self, work: Coroutine[Any, Any, _ResultT]) -> _ResultT:
        """Returns the result of a coroutine; a caller that is interrupted while it waits cancels it.

        Raises:
            FailedPrecondition: `close` was called.
        """
        try:
            loop = self._start()
        except FailedPrecondition:
            work.close()
            raise
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise FailedPrecondition("the client was closed", reason="CLOSED") from None
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Cancels what still runs, and ends the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            self._closed = True
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(_cancel_others(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _start(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                raise FailedPrecondition("the client was closed", reason="CLOSED")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A program that forgets to close its client ends all the same.
                self._thread = threading.Thread(target=self._loop.run_forever, name="portero-streams", daemon=True)
                self._thread.start()
            return self._loop


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
