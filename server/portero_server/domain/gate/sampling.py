"""Which held-back frames are shown to the recognizer anyway, so that the gate's misses can be measured.

A planner: the caller supplies the random numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.geometry import Box
from portero_server.domain.streams.frames import FrameOutcome


class SampleReason(Enum):
    """Why a frame is checked: drawn at random, or motion without a face for some time."""

    SAMPLE = "sample"
    MOTION = "motion"


@dataclass(frozen=True, slots=True)
class SamplingPolicy:
    """How much is checked.

    Attributes:
        share: Share of the frames held back, drawn by chance, 0..1; 0: none.
        interval: Seconds of motion without a face after which a frame is checked; 0: never.
        longest_interval: Each such check that finds nobody doubles the interval up to this, so that a tree in
            the wind does not cost a call every few seconds for ever.
        pause: Seconds at least between two checks of a camera.
    """

    share: float = 0.01
    interval: float = 5.0
    longest_interval: float = 300.0
    pause: float = 1.0


_HELD_BACK = (FrameOutcome.UNCHANGED, FrameOutcome.SKIPPED, FrameOutcome.EMPTY)
"""Not DUPLICATE: such a frame shows nothing that the one before did not."""


class SamplingPlanner:
    """Decides for the frames of one camera, in order."""

    def __init__(self, policy: SamplingPolicy) -> None:
        self._policy = policy
        self._interval = policy.interval
        self._moving_since: FrameTime | None = None
        self._last_check: FrameTime | None = None

    def check(self, outcome: FrameOutcome, time: FrameTime, *, followed: int, drawn: float) -> SampleReason | None:
        """Returns whether a frame is to be checked, and why.

        Args:
            outcome: What the look at it found.
            time: When it was taken.
            followed: Faces being followed.
            drawn: A random number in 0..1, a new one for each frame.
        """
        moving = outcome in (FrameOutcome.EMPTY, FrameOutcome.SKIPPED) and not followed
        if not moving:
            self._moving_since = None
        elif self._moving_since is None:
            self._moving_since = time
        reason = self._reason(outcome, time, drawn)
        if reason is not None:
            self._last_check = time
        if reason is SampleReason.MOTION:
            self._moving_since = time
        return reason

    def found(self, reason: SampleReason, missed: int) -> None:
        """Records how many faces, not being followed, a check found."""
        if reason is SampleReason.MOTION:
            longer = min(self._interval * 2, self._policy.longest_interval)
            self._interval = self._policy.interval if missed else longer

    def _reason(self, outcome: FrameOutcome, time: FrameTime, drawn: float) -> SampleReason | None:
        policy = self._policy
        if outcome not in _HELD_BACK or _seconds(self._last_check, time) < policy.pause:
            return None
        moving = 0.0 if self._moving_since is None else _seconds(self._moving_since, time)
        if policy.interval > 0 and moving >= self._interval:
            return SampleReason.MOTION
        return SampleReason.SAMPLE if drawn < policy.share else None


def missed(found: Iterable[Box], followed: Iterable[Box]) -> int:
    """Returns how many faces of a check are not being followed: their center lies in no followed box."""
    boxes = [box.padded(0.5) for box in followed]
    return sum(not any(_holds(box, face.center) for box in boxes) for face in found)


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box.left <= point[0] <= box.right and box.top <= point[1] <= box.bottom


def _seconds(since: FrameTime | None, now: FrameTime) -> float:
    return float("inf") if since is None else now.since(since)
