"""A vendor's liveness session within a check-in: how long it lives, when to ask about it, and what it can end as.

The person makes it with a device of their own, so it says that somebody is alive and not who: it counts only together
with a comparison of its picture with the face before the camera.
"""

from __future__ import annotations

from enum import Enum

LIFETIME = 180.0
"""Seconds after which Amazon no longer knows a session, nor its pictures (CreateFaceLivenessSession, SessionId)."""
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 5.0
"""Seconds between two questions: short at first, since most people are done when their card has been read."""
_GROWTH = 1.5


class LivenessResult(Enum):
    """What became of a liveness session; only PASSED is in order, and it accepts nobody by itself."""

    PASSED = "passed"
    """Somebody alive, with the face that was before the camera."""
    FAILED = "failed"
    """The vendor saw nobody alive, or was not sure enough."""
    EXPIRED = "expired"
    """It was not finished in time."""
    OTHER_FACE = "other_face"
    """Somebody alive, with another face than the one before the camera."""
    UNCONFIRMED = "unconfirmed"
    """The vendor's answer is missing, or there are no two faces to compare."""


def next_pause(asked: int, now: float, until: float) -> float | None:
    """Returns how long to wait before the next question about a session that is still open.

    Args:
        asked: How many questions there have been.
        now: Monotonic seconds.
        until: When an answer is of no use any more, monotonic seconds.

    Returns:
        Seconds, so that the last question falls on `until`; None: the time is over.
    """
    if now >= until:
        return None
    # No power of a growing number: it would overflow where somebody waits for days.
    pause = _LONGEST_PAUSE if asked > 4 else min(_LONGEST_PAUSE, _FIRST_PAUSE * _GROWTH ** max(0, asked - 1))
    return min(pause, until - now)
