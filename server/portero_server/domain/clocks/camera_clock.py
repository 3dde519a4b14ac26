"""How far apart two frames of a stream were taken, whatever the camera's clock does.

Capture times are the bridge's. They are set back by NTP, jump, stand still or creep. A face must not be followed across
such a fault, since a person who stands there afterward would be taken for the one who stood there before. So the ages
of everything that was seen are measured on two clocks: the camera's, and the server's own at which the frames arrived.

A planner: it is told when each frame was taken and when it arrived, and reads no clock itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

_PACE = 0.1
"""A capture clock at less than this share of the true pace stands still. Above, it may be a bridge that is served late:
a lossless one whose frames wait sends a minute of images in ten minutes at the worst."""
_UNEXPLAINED = 1.5
"""Seconds of waiting without capture time passing that no delay explains."""
_MOST_BY_A_FRAME = 0.5
"""Most seconds that one frame adds to those: after a stall, however long, the frames that waited follow quickly."""
_LIVE_DELAY = 5.0
"""Seconds after which a frame of a live bridge is not late any more: such a bridge drops what waits so long."""


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """What is taken for a fault of a camera's clock.

    Attributes:
        back_tolerance: Seconds by which a capture time may lie before an earlier frame's without the clock having been
            set. Threads of a source may swap frames by milliseconds, and time daemons slew what is smaller (ntpd
            128 ms, systemd-timesyncd 400 ms) and step what is larger.
        skew_limit: Seconds between the camera's clock and the server's that are told as a fault.
        jump: Seconds of capture time, beyond those waited, that are told as a jump ahead.
        memory: Seconds for which a clock that was set is told as a fault.
    """

    back_tolerance: float = 0.5
    skew_limit: float = 5.0
    jump: float = 10.0
    memory: float = 60.0


DEFAULT_CLOCK_POLICY = ClockPolicy()


class FrameTime(NamedTuple):
    """When a frame was taken, for comparison with other frames of its stream.

    Attributes:
        span: Counts how often the capture clock was set back; times of different spans cannot be compared.
        captured: Seconds by the capture clock; within a span they never go back.
        arrived: Seconds by the server's clock, without the waiting that late frames explain; they never go back.
        passed: Seconds that passed in the scene as far as can be told, by one clock or the other; never back.
    """

    span: int
    captured: float
    arrived: float
    passed: float

    def since(self, earlier: FrameTime) -> float:
        """Returns the seconds since an earlier frame, by the clock that shows more.

        Infinite if the clock was set in between.
        """
        if self.span != earlier.span:
            return math.inf
        return max(self.captured - earlier.captured, self.arrived - earlier.arrived)


class FrameClock:
    """Dates the frames of one stream, in the order in which they arrive.

    Attributes:
        moved: Seconds by which the last frame's capture time lies beyond the latest before it; negative: set back.
        waited: Seconds between the arrivals of the last two frames.
        stands: Whether the capture clock stands still.
    """

    def __init__(
        self, policy: ClockPolicy, *, lossless: bool, latest: float | None = None, was_set: bool = False
    ) -> None:
        """Starts a stream, or resumes one.

        Args:
            policy: What is a fault.
            lossless: Whether the bridge sends late what it could not send in time.
            latest: Capture time (UNIX seconds) up to which an earlier session had come.
            was_set: Whether the clock was set since then, as far as somebody else knows.
        """
        self.moved = 0.0
        self.waited = 0.0
        self.stands = False
        self._policy = policy
        self._lossless = lossless
        self._latest = latest
        self._received: float | None = None
        self._span = int(was_set)
        self._arrived = 0.0
        self._passed = 0.0
        self._unexplained = 0.0
        self._uncounted = 0.0

    def date(self, captured: float, received: float) -> FrameTime:
        """Dates the next frame.

        Args:
            captured: Its capture time, UNIX seconds.
            received: When it arrived, the server's monotonic seconds.
        """
        latest = captured if self._latest is None else self._latest
        self.moved = moved = captured - latest
        waited = 0.0 if self._received is None else received - self._received
        if waited < 0.0:
            waited = 0.0
        self.waited = waited
        self._received = received
        if moved < -self._policy.back_tolerance:
            self._span += 1
            latest = captured
        elif moved > 0.0:
            latest = captured
        self._latest = latest
        if 0.0 < moved >= waited and not self._unexplained:
            # A clock that goes, and a frame that is not late: the usual case of `_counted`.
            self._uncounted = 0.0
            self._arrived += waited
        else:
            self._arrived += self._counted(moved, waited)
        self._passed += moved if moved > 0.0 else waited
        return FrameTime(self._span, latest, self._arrived, self._passed)

    def _counted(self, moved: float, waited: float) -> float:
        """Returns the seconds of waiting during which time also passed at the camera."""
        forward = max(0.0, moved)
        more = waited - forward / _PACE
        self._unexplained += min(_MOST_BY_A_FRAME, more)
        if self._unexplained <= 0.0:
            self._unexplained = self._uncounted = 0.0
            self.stands = False
        elif self._unexplained >= _UNEXPLAINED:
            # No higher, so that a clock that goes again is believed soon.
            self._unexplained = _UNEXPLAINED
            self.stands = True
        if self.stands:
            counted, self._uncounted = waited + self._uncounted, 0.0
            return counted
        if moved <= 0.0 or (not self._lossless and waited > _LIVE_DELAY):
            return waited
        if waited <= forward:
            return waited
        self._uncounted += waited - forward
        return forward
