"""Flow control: how much a bridge may send, as totals since the session opened, in frames and in bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Credit(NamedTuple):
    """The total that may have been sent since the session opened."""

    frames: int
    bytes: int


@dataclass(frozen=True, slots=True)
class CreditPolicy:
    """Bounds of one stream.

    Attributes:
        window_frames: Frames that may wait to be looked at.
        window_bytes: Bytes that may wait to be looked at.
        max_unsettled: Frames that may be received and not yet durable: what stops the bridge when
            the database does not commit.
    """

    window_frames: int
    window_bytes: int
    max_unsettled: int


class CreditLedger:
    """Counts what arrived, what was analyzed and what is durable, and decides how much may be sent.

    The grant never decreases, as the protocol promises, even if the policy shrinks.
    """

    def __init__(self, policy: CreditPolicy) -> None:
        self._policy = policy
        # Plain numbers: they are counted up for every frame.
        self._received_frames = self._received_bytes = 0
        self._released_frames = self._released_bytes = 0
        self._durable_frames = 0
        self._granted = Credit(0, 0)

    @property
    def waiting(self) -> Credit:
        """Frames and bytes received but not yet analyzed."""
        return Credit(self._received_frames - self._released_frames, self._received_bytes - self._released_bytes)

    @property
    def left(self) -> int:
        """Frames that were granted and have not arrived; also 0 if no bytes are left for them."""
        if self._received_bytes >= self._granted.bytes:
            return 0
        return max(0, self._granted.frames - self._received_frames)

    def receive(self, size: int) -> bool:
        """Records a frame of `size` bytes. Returns whether it was within the grant."""
        self._received_frames += 1
        self._received_bytes += size
        return self._received_frames <= self._granted.frames and self._received_bytes <= self._granted.bytes

    def release(self, size: int) -> None:
        """Records that a frame of `size` bytes was analyzed or refused and no longer waits."""
        self._released_frames += 1
        self._released_bytes += size

    @property
    def low(self) -> bool:
        """Whether to grant more now: less than half a window is left, and a quarter of one can be granted.

        Otherwise a bridge that sends as fast as it may would get a message for every frame. The bridge loses nothing:
        while less than a quarter can be granted, the rest of its window is still waiting here or in transit.
        """
        policy, granted = self._policy, self._granted
        frames = granted.frames - self._received_frames
        if 2 * frames < policy.window_frames and 4 * self._frames_due() >= policy.window_frames:
            return True
        left = granted.bytes - self._received_bytes
        return 2 * left < policy.window_bytes and 4 * self._bytes_due() >= policy.window_bytes

    def commit(self, frames: int) -> None:
        """Records that `frames` more frames are durable."""
        self._durable_frames += frames

    def grant(self, policy: CreditPolicy | None = None) -> Credit:
        """Returns the total that may be sent from now on.

        While frames wait it is raised by at least a quarter of a window or not at all. If every commit raised it by a
        frame or two, the bridge of an overloaded stream would alternate between sending and dropping a frame: one gap,
        and one row in the database, for each frame served.

        Args:
            policy: Replaces the bounds (they follow the number of open streams); None keeps them.
        """
        if policy is not None:
            self._policy = policy
        # With nothing waiting nothing would raise it later, and a frame may be as large as a window.
        policy = self._policy
        frames, size = self._frames_due(), self._bytes_due()
        idle = self._received_frames == self._released_frames
        if idle or 4 * frames >= policy.window_frames or 4 * size >= policy.window_bytes:
            self._granted = Credit(self._granted.frames + max(0, frames), self._granted.bytes + max(0, size))
        return self._granted

    def _frames_due(self) -> int:
        """Returns how many more frames may be granted now; negative after the window shrank."""
        policy = self._policy
        most = min(self._released_frames + policy.window_frames, self._durable_frames + policy.max_unsettled)
        return most - self._granted.frames

    def _bytes_due(self) -> int:
        return self._released_bytes + self._policy.window_bytes - self._granted.bytes
