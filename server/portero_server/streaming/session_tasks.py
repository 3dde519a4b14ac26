"""The tasks of one session, and how the session is stopped from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from portero_server.errors import PorteroError


class SessionTasks:
    """Runs a session's work and the tasks it spawns, until the work is done, fails or is stopped."""

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._stopped = asyncio.Event()
        self._error: PorteroError | None = None

    def stop(self, error: PorteroError) -> None:
        """Stops the work with an error; only the first error counts."""
        if self._error is None:
            self._error = error
            self._stopped.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Starts a task that ends with the session; an unexpected error in it ends the session.

        Raises:
            RuntimeError: The session does not run.
        """
        if self._group is None:
            work.close()
            raise RuntimeError("the session does not run")
        self._group.create_task(work)

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs the work and returns when it is done.

        Raises:
            PorteroError: It was stopped.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                guard = group.create_task(self._guard())
                # Woken with every frame, it must not be at the end of the long chain of what serves the call.
                await group.create_task(work)
                guard.cancel()
        except BaseExceptionGroup as errors:
            # The caller needs the reason why the stream ended, not an exception group.
            raise errors.exceptions[0] from None
        finally:
            self._group = None

    async def _guard(self) -> None:
        await self._stopped.wait()
        if self._error is not None:
            raise self._error
