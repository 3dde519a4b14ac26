"""Time that tests move: a clock set by hand, and an event loop that jumps to its next timer instead of waiting."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar, TypeVarTuple

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

_PATIENCE = 60.0
"""Real seconds for which a loop without timers waits for threads and sockets before it calls that a deadlock."""


class ManualClock:
    """Implements portero_server.clock.Clock; stands still until it is told to advance."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC), seconds: float = 1000.0) -> None:
        self._start = start
        self._first = self._seconds = seconds

    def now(self) -> datetime:
        """Returns the wall time, UTC."""
        return self._start + timedelta(seconds=self._seconds - self._first)

    def monotonic(self) -> float:
        """Returns the monotonic seconds."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Moves both times on."""
        self._seconds += seconds


class Deadlock(AssertionError):
    """Every task waits for another one: no timer is set, and neither a thread nor a socket says anything."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a ManualClock's.

    When nothing is ready, the clock jumps to the next timer at once, so an hour of sleeping tasks takes
    milliseconds and always happens in the same order. While jobs of `run_in_executor` or `to_thread` are under way
    time stands still, since they take none of it. Threads of other origin, as those of database drivers, are not
    seen: a timer may go off while they work.
    """

    def __init__(self, clock: ManualClock | None = None) -> None:
        # The base class asks for the time while it is being made.
        self.clock = clock or ManualClock()
        self._jobs = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Returns the clock's monotonic seconds."""
        return self.clock.monotonic()

    def run_in_executor(self, executor: Executor | None, func: Callable[[*_Ts], _T], *args: *_Ts) -> asyncio.Future[_T]:
        """Runs a job in a thread; time stands still until it is done."""
        job = super().run_in_executor(executor, func, *args)
        self._jobs += 1
        job.add_done_callback(self._job_done)
        return job

    @property
    def busy(self) -> bool:
        """Whether threads work for this loop."""
        return self._jobs > 0

    def _job_done(self, _: object) -> None:
        self._jobs -= 1


def in_virtual_time(test: Callable[_P, Coroutine[Any, Any, None]]) -> Callable[_P, None]:
    """Makes an async test a plain one that runs in a VirtualTimeLoop; its fixtures must be synchronous ones."""

    @functools.wraps(test)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        run_in_virtual_time(test(*args, **kwargs))

    return run


def run_in_virtual_time(main: Coroutine[Any, Any, _T], clock: ManualClock | None = None) -> _T:
    """Runs a coroutine to its end in a VirtualTimeLoop of its own."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock)) as runner:
        return runner.run(main)


def running_clock() -> ManualClock:
    """Returns the clock of the running VirtualTimeLoop, to be handed to what is tested."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop), "the test does not run in virtual time"
    return loop.clock


class _JumpingSelector(selectors.BaseSelector):
    """Waits for files only when there is nothing else; instead of waiting for time, lets it pass."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        self._loop = loop
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or self._loop.busy:
            ready = self._real.select(_PATIENCE)
            if not ready:
                raise Deadlock(f"nothing happened for {_PATIENCE:g} real seconds and no timer is due")
            return ready
        self._loop.clock.advance(timeout)
        return []

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()
