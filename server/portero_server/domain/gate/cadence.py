"""How often a camera's frames are searched: every changed frame while a face is undecided, less often otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.geometry import Box


@dataclass(frozen=True, slots=True)
class CadencePolicy:
    """Least seconds between two looks, by the camera's clock or the server's.

    Attributes:
        undecided: While a track is undecided.
        decided: While all tracks are decided.
        empty: After looks that found nothing although something moves; it grows from `undecided`
            to this, doubling with each empty look, so that a tree in the wind costs little and an
            entering person waits at most this long.
        thorough: Between two looks that also search for small faces.
    """

    undecided: float = 0.0
    decided: float = 0.4
    empty: float = 0.3
    thorough: float = 0.5


@dataclass(frozen=True, slots=True)
class Due:
    """Whether to search a frame if it changed, and how.

    Attributes:
        look: Whether to look.
        thorough: Whether to search for small faces too.
        keep: Where faces are known to be: searched as well as what changed.
    """

    look: bool
    thorough: bool
    keep: tuple[Box, ...] = ()


When = Callable[[FrameTime], Due]
"""Says of a frame of that time whether it is due, as long as nothing new is found; may be asked from any thread."""


class Cadence:
    """Decides for each frame whether a search is due. Given the times of frames; reads no clock."""

    def __init__(self, policy: CadencePolicy) -> None:
        self._policy = policy
        self._last_look: FrameTime | None = None
        self._last_thorough: FrameTime | None = None
        self._empty_looks = 0

    def when(self, *, tracks: int, undecided: int, keep: tuple[Box, ...] = ()) -> When:
        """Returns a function that decides which waiting frames to search, valid until the next search.

        Args:
            tracks: How many tracks are open.
            undecided: How many of them are undecided.
            keep: Where faces are known to be.
        """
        policy = self._policy
        if undecided:
            pause = policy.undecided
        elif tracks:
            pause = policy.decided
        else:
            pause = min(policy.empty, 0.05 * 2 ** min(self._empty_looks, 10)) if self._empty_looks else 0.0
        last_look, last_thorough = self._last_look, self._last_thorough

        def due(time: FrameTime) -> Due:
            return Due(
                look=_elapsed(last_look, time) >= pause,
                thorough=_elapsed(last_thorough, time) >= policy.thorough,
                keep=keep,
            )

        return due

    def looked(self, time: FrameTime, *, thorough: bool, found: int) -> None:
        """Records that a search found this many faces."""
        self._last_look = time
        if thorough:
            self._last_thorough = time
        self._empty_looks = 0 if found else self._empty_looks + 1


def _elapsed(since: FrameTime | None, now: FrameTime) -> float:
    return float("inf") if since is None else now.since(since)
