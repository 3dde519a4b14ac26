"""All that one bridge is asked for: rate, size and pause, and the Directives that say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portero_server.domain.steering.policy import UNLIMITED_RATE, Asked, SteeringCause, SteeringPolicy
from portero_server.domain.steering.rates import RatePlan, StreamLoad
from portero_server.domain.steering.sizes import SizePlan
from portero_server.domain.streams.messages import Directive

LONGEST_PAUSE = 3600.0
"""Seconds of pause that one Directive asks for; a longer pause is renewed, so that no bridge sleeps on for long after a
Directive that it did not hear."""
_RENEWED_BEFORE = 60.0
_JITTER = 1.0
"""Seconds by which two clocks may disagree about when a pause ends before the bridge is told again."""


class SteeringPlan:
    """Decides what one bridge is asked for; all times are monotonic seconds.

    The bridge of a LOSSLESS stream is never asked for a lower rate: each of its frames matters, and it waits when the
    server is slow. It is never paused for money either, only out of hours.
    """

    def __init__(self, policy: SteeringPolicy, now: float, *, live: bool) -> None:
        self._policy = policy
        self._live = live
        self._rate = RatePlan(policy, now)
        self._size = SizePlan(policy)
        self._max_rate: float | None = None
        self._max_side: int | None = None
        self._paused_until = 0.0
        self._paused_for: SteeringCause | None = None

    def asked(self, now: float) -> Asked:
        """Returns what the bridge is asked for at present."""
        left = self._paused_until - now
        return Asked(self._max_rate, self._max_side, left if left > 0 else None, tuple(self._causes(now)))

    def looked_at(self, *, changed: bool, side: int, widths: Sequence[float], now: float) -> Directive | None:
        """Processes a frame that was analyzed. Returns what to ask for at once, or None.

        Args:
            changed: Whether the frame differs from the background.
            side: Its longest side, pixels.
            widths: The widths of the faces in it, pixels.
            now: Monotonic seconds.
        """
        if changed:
            self._rate.changed(now)
        if widths:
            self._size.saw(side, widths, now)
        return self._changes(None)

    def decide(self, load: StreamLoad, now: float, *, closed: float, spent: float) -> Directive | None:
        """Returns what to ask for now, or None if nothing is new.

        Args:
            load: How the stream does.
            now: Monotonic seconds.
            closed: Seconds until its place opens; 0: it is open.
            spent: Seconds until there is money again to recognize its faces; 0: there is.
        """
        if self._live:
            self._rate.decide(load, now)
        self._size.decide(now)
        if not (self._live and self._policy.pause_when_spent):
            spent = 0.0
        self._paused_for = SteeringCause.CLOSED if closed else SteeringCause.BUDGET_SPENT if spent else None
        return self._changes(self._pause(max(closed, spent), now))

    def _pause(self, wanted: float, now: float) -> float | None:
        """Returns the seconds of pause to ask for, 0 to end one, or None if nothing changed."""
        left = self._paused_until - now
        if wanted <= 0:
            if left <= 0:
                return None
            self._paused_until = now
            return 0.0
        if left >= min(wanted, _RENEWED_BEFORE) - _JITTER:
            return None
        pause = min(wanted, LONGEST_PAUSE)
        self._paused_until = now + pause
        return pause

    def _changes(self, pause: float | None) -> Directive | None:
        rate, side = self._rate.wanted, self._size.wanted
        new_rate = new_side = None
        if rate != self._max_rate:
            self._max_rate, new_rate = rate, UNLIMITED_RATE if rate is None else rate
        if side != self._max_side:
            self._max_side, new_side = side, self._policy.max_side if side is None else side
        if new_rate is None and new_side is None and pause is None:
            return None
        return Directive(max_rate=new_rate, max_side=new_side, pause=pause)

    def _causes(self, now: float) -> Iterator[SteeringCause]:
        if self._rate.limit is not None:
            yield SteeringCause.OVERLOADED
        if self._rate.idle:
            yield SteeringCause.IDLE
        if self._max_side is not None:
            yield SteeringCause.LARGE_FACES
        if self._paused_for is not None and self._paused_until > now:
            yield self._paused_for
