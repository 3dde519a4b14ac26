"""Decides which calls fail, and how: faults with a rate and a duration. The HTTP side carries them out."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class FaultKind(Enum):
    """How a call can go wrong."""

    THROTTLE = "throttle"
    ERROR = "error"
    RESET = "reset"
    GARBAGE = "garbage"
    SLOW = "slow"


_FAILURES = (FaultKind.RESET, FaultKind.THROTTLE, FaultKind.ERROR, FaultKind.GARBAGE)
"""Of several that hit one call, the first happens."""


SLOW_BY = 2.0
"""Seconds a slow call waits longer, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The setting of one kind of fault.

    Attributes:
        rate: Share of the calls it hits, 0..1.
        seconds: How long it stays on; None: until it is changed.
        delay: Seconds a call waits longer (slow only).
    """

    rate: float
    seconds: float | None = None
    delay: float = SLOW_BY


@dataclass(frozen=True, slots=True)
class Blow:
    """The faults of one call: a failure or none, and seconds of additional delay. `coin` picks among variants, 0..1."""

    failure: FaultKind | None
    delay: float
    coin: float


class Faults:
    """The faults that are set now."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # reproducible on purpose; guards no secret
        self._set: dict[FaultKind, tuple[Fault, float]] = {}

    def turn(self, kind: FaultKind, fault: Fault, now: float) -> None:
        """Sets a fault at a monotonic time, seconds."""
        end = float("inf") if fault.seconds is None else now + fault.seconds
        self._set[kind] = (fault, end)

    def clear(self) -> None:
        """Turns all faults off."""
        self._set.clear()

    def active(self, now: float) -> Mapping[FaultKind, Fault]:
        """Returns the faults that are on."""
        return {kind: fault for kind, (fault, end) in self._set.items() if now < end and fault.rate > 0}

    def draw(self, now: float) -> Blow:
        """Returns the faults of a call made now."""
        active = self.active(now)
        failure = next((kind for kind in _FAILURES if kind in active and self._hits(active[kind])), None)
        slow = active.get(FaultKind.SLOW)
        delay = slow.delay if slow is not None and self._hits(slow) else 0.0
        return Blow(failure, delay, self._random.random())

    def _hits(self, fault: Fault) -> bool:
        return self._random.random() < fault.rate
