"""Faults inside a process under test: named points at which it kills itself, and a wall clock that jumps."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

REFUSAL = "refuse_"
"""How the names of points begin at which a commit is refused."""
_FARTHEST_JUMP = 3600.0

_replaced: list[tuple[type[Any] | ModuleType, str, object]] = []


class FaultPoints:
    """Dies at named points, each with its probability; the chances come from a seed."""

    def __init__(self, probabilities: Mapping[str, float], seed: int) -> None:
        self._probabilities = probabilities
        self._random = random.Random(seed)

    def pass_by(self, point: str) -> None:
        """Kills this process, as kill -9 would, or returns."""
        if self.strikes(point):
            os.kill(os.getpid(), signal.SIGKILL)

    def strikes(self, point: str) -> bool:
        """Whether it happens this time."""
        probability = self._probabilities.get(point, 0.0)
        return probability > 0 and self._random.random() < probability


class JumpingClock:
    """A wall clock that SIGUSR1 moves by up to an hour, forth or back; monotonic time is not touched."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._offset = timedelta()

    def install(self, clock_class: type[Any]) -> None:
        """Puts this clock's wall time into a class of clocks."""

        def now(_: object) -> datetime:
            return datetime.now(UTC) + self._offset

        clock_class.now = now
        signal.signal(signal.SIGUSR1, self._jump)

    def _jump(self, *_: object) -> None:
        self._offset = timedelta(seconds=self._random.uniform(-_FARTHEST_JUMP, _FARTHEST_JUMP))


def wrapped(owner: type[Any] | ModuleType, name: str, wrap: Callable[[Any], Any]) -> None:
    """Replaces a method, or what a module holds, by what `wrap` makes of it.

    Raises:
        AttributeError: There is no such method: the source has moved on, and the rig must follow.
    """
    found = getattr(owner, name)
    # As it lies there: what `getattr` gives of a static method is not a static method any more.
    _replaced.append((owner, name, vars(owner).get(name, found)))
    setattr(owner, name, wrap(found))


@contextmanager
def undone() -> Iterator[None]:
    """Puts back at its end what was `wrapped` meanwhile."""
    before = len(_replaced)
    try:
        yield
    finally:
        while len(_replaced) > before:
            owner, name, kept = _replaced.pop()
            setattr(owner, name, kept)
