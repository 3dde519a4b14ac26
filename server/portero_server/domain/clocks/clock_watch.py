"""Detects faults of a camera's clock: skew against the server's clock, jumps, drift, or standing still."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import Enum
from itertools import pairwise

from portero_server.domain.clocks.camera_clock import ClockPolicy, FrameClock

_BUCKET = 30.0
"""Seconds over which the least delay is looked for: delay only ever makes a clock look slow."""
_DRIFT_BUCKETS = 10
_DRIFT = 0.25
"""Seconds within five minutes, in one direction, that are a drift: forty times what a crystal does."""
_FASTEST_DRIFT = 0.2
"""Seconds a second; beyond, frames that waited are being caught up with."""


_LEAST_FAULT = 10.0
"""Seconds that a fault lasts at least: a clock that goes to and fro is not told of with every frame."""


class ClockState(Enum):
    """State of a camera's clock; the names are those of the proto without the prefix."""

    STEADY = "steady"
    SKEWED = "skewed"
    SET_BACK = "set_back"
    JUMPED_AHEAD = "jumped_ahead"
    STANDING_STILL = "standing_still"
    DRIFTING = "drifting"


class ClockWatch:
    """Watches the clock of one stream's bridge.

    Attributes:
        state: The current state of the clock.
    """

    def __init__(self, policy: ClockPolicy, *, lossless: bool, bridge_skew: float | None) -> None:
        """Starts to watch the clock of one stream.

        Args:
            policy: What is a fault.
            lossless: Whether frames may be old, so that an old one says nothing of the clock.
            bridge_skew: Seconds by which the bridge's clock was ahead when it opened the stream; None: it did not say.
        """
        self.state = ClockState.STEADY
        self._policy = policy
        self._lossless = lossless
        self._bridge_skew = bridge_skew
        self._begun = False
        self._bucket_ends = 0.0
        self._bucket: float | None = None
        self._buckets: deque[float] = deque(maxlen=_DRIFT_BUCKETS)
        # Kept, not derived, since they are asked for with each frame: the highest skew of the present bucket and the
        # one before it, and whether the buckets show a drift.
        self._of_frames: float | None = None
        self._drifts = False
        self._was_set = ClockState.STEADY
        self._set_until = 0.0
        self._holds_until = 0.0
        # Until when a frame whose skew is not above the bucket's tells nothing new, if the clock goes on as it went.
        self._quiet_until = 0.0

    @property
    def skew(self) -> float | None:
        """Seconds by which the clock is ahead of the server's; None until something is known."""
        frames = self._of_frames
        if frames is None or self._bridge_skew is None:
            return self._bridge_skew if frames is None else frames
        # An old frame of a lossless bridge says less than what the bridge itself said; a live one's are young.
        return max(frames, self._bridge_skew) if self._lossless else frames

    def bridge_said(self, skew: float) -> None:
        """Records by how many seconds the bridge's clock is ahead, from a message that the bridge dated."""
        self._bridge_skew = skew
        self._quiet_until = 0.0

    def took(self, clock: FrameClock, skew: float, now: float) -> bool:
        """Processes a frame. Returns whether the clock's state has changed.

        Args:
            clock: Has dated the frame.
            skew: Seconds from the frame's receipt to its capture, by both clocks.
            now: Monotonic seconds.
        """
        beyond = clock.moved - clock.waited
        jumped = clock.moved < -self._policy.back_tolerance or beyond > self._policy.jump
        if (
            now < self._quiet_until
            and not (jumped or clock.stands)
            and self._bucket is not None
            and skew <= self._bucket
        ):
            return False
        step = self._step(clock, skew) if jumped else 0.0
        self._begun = True
        if step:
            self._was_set = ClockState.SET_BACK if step < 0 else ClockState.JUMPED_AHEAD
            self._set_until = now + self._policy.memory
            self._bucket = None
            self._buckets.clear()
            self._drifts = False
            if self._bridge_skew is not None:
                self._bridge_skew += step
        if self._bucket is None or now >= self._bucket_ends:
            if self._bucket is not None:
                self._buckets.append(self._bucket)
                self._drifts = _drift(self._buckets)
            self._bucket, self._bucket_ends = skew, now + _BUCKET
            self._of_frames = max(skew, self._buckets[-1]) if self._buckets else skew
        elif skew > self._bucket:
            self._bucket = skew
            if self._of_frames is None or skew > self._of_frames:
                self._of_frames = skew
        judged = self._judged(clock, now)
        if judged is self.state:
            # A clock that stands still, or was set, is judged anew with each frame.
            self._quiet_until = 0.0 if clock.stands or now < self._set_until else self._bucket_ends
            return False
        self._quiet_until = 0.0
        if now < self._holds_until:
            return False
        self.state = judged
        self._holds_until = now + _LEAST_FAULT if judged is not ClockState.STEADY else now
        return True

    def _step(self, clock: FrameClock, skew: float) -> float:
        """Returns by how many seconds the clock was set before the last frame, or 0."""
        beyond = clock.moved - clock.waited
        if clock.moved < -self._policy.back_tolerance:
            return beyond
        if not self._begun or beyond <= self._policy.jump:
            return 0.0
        # Frames that were spooled may lie any time apart, but none was taken after it was sent.
        return beyond if skew > max(0.0, self.skew or 0.0) + self._policy.back_tolerance else 0.0

    def _judged(self, clock: FrameClock, now: float) -> ClockState:
        if clock.stands:
            return ClockState.STANDING_STILL
        if now < self._set_until:
            return self._was_set
        skew = self.skew
        late = self._lossless and self._bridge_skew is None
        if skew is not None and (skew if late else abs(skew)) > self._policy.skew_limit:
            return ClockState.SKEWED
        return ClockState.DRIFTING if self._drifts else ClockState.STEADY


def _drift(buckets: Iterable[float]) -> bool:
    """Returns whether the highest skews of consecutive buckets, in seconds, show a clock that runs fast or slow."""
    seen = list(buckets)
    steps = [later - earlier for earlier, later in pairwise(seen)]
    one_way = all(step > 0 for step in steps) or all(step < 0 for step in steps)
    slow = all(abs(step) < _FASTEST_DRIFT * _BUCKET for step in steps)
    return len(steps) >= 4 and one_way and slow and abs(seen[-1] - seen[0]) > _DRIFT
