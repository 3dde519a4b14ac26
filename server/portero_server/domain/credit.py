"""How much a bridge may send: totals since the session opened, in frames and in bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credit:
    """What may have been sent in total since the session opened."""

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
    """Counts what came, what was looked at and what is durable, and says what may be sent.

    The grant is monotonic, as the protocol promises, even when the policy shrinks.
    """

    def __init__(self, policy: CreditPolicy) -> None:
        self._policy = policy
        self._received = Credit(0, 0)
        self._released = Credit(0, 0)
        self._durable_frames = 0
        self._granted = Credit(0, 0)

    @property
    def waiting(self) -> Credit:
        """What was received and not yet looked at."""
        return Credit(self._received.frames - self._released.frames, self._received.bytes - self._released.bytes)

    @property
    def left(self) -> int:
        """Frames that were granted and have not come; 0 too when no byte is left for them."""
        if self._received.bytes >= self._granted.bytes:
            return 0
        return max(0, self._granted.frames - self._received.frames)

    def affords(self, size: int) -> bool:
        """Whether a frame of `size` bytes that just came was within what had been granted."""
        return self._received.frames + 1 <= self._granted.frames and self._received.bytes + size <= self._granted.bytes

    def receive(self, size: int) -> None:
        """A frame of `size` bytes came."""
        self._received = Credit(self._received.frames + 1, self._received.bytes + size)

    def release(self, size: int) -> None:
        """A frame of `size` bytes was looked at, or refused: it waits no more."""
        self._released = Credit(self._released.frames + 1, self._released.bytes + size)

    @property
    def low(self) -> bool:
        """Whether less than half a window is left of what was granted: time to grant more."""
        return (
            2 * (self._granted.frames - self._received.frames) < self._policy.window_frames
            or 2 * (self._granted.bytes - self._received.bytes) < self._policy.window_bytes
        )

    def commit(self, frames: int) -> None:
        """So many more frames are durable."""
        self._durable_frames += frames

    def grant(self, policy: CreditPolicy | None = None) -> Credit:
        """Says what may be sent in total from now on.

        Args:
            policy: Replaces the bounds (they follow the number of open streams); None keeps them.
        """
        if policy is not None:
            self._policy = policy
        frames = min(
            self._released.frames + self._policy.window_frames, self._durable_frames + self._policy.max_unsettled
        )
        self._granted = Credit(
            max(self._granted.frames, frames),
            max(self._granted.bytes, self._released.bytes + self._policy.window_bytes),
        )
        return self._granted
