"""How often a camera's frames are searched: every changed frame while a face is undecided, less often otherwise.

A look is one search of a frame for faces; a thorough look also finds small faces, and costs about three times as much.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.geometry import Box

# Seconds to the next look after one that found no face; twice that after two, and so on up to the policy's `empty`.
_FIRST_EMPTY_PAUSE = 0.1
# Share of a pause by which a frame may come early and still end it. Frames of a steady camera fall on multiples of its
# interval, and a hair too early (by rounding, or by its jitter) would wait for a whole interval more: 0.6 s in place of
# 0.4 s at five frames a second.
_EARLY = 0.05
# Far beyond any `empty`, and far below where a float overflows.
_MOST_DOUBLINGS = 9


@dataclass(frozen=True, slots=True)
class CadencePolicy:
    """Least seconds between two looks, less a twentieth, by whichever shows more of the capture and the server's clock.

    Attributes:
        undecided: While a track is undecided.
        decided: While there are tracks, all of them decided.
        empty: While there is no track, after looks that found no face although something moves. The pause doubles from
            0.1 s with each such look up to this, so that a tree in the wind costs little and an entering person waits
            at most this long.
        thorough: Between two thorough looks.
    """

    undecided: float = 0.0
    decided: float = 0.4
    empty: float = 0.3
    thorough: float = 0.5


@dataclass(frozen=True, slots=True)
class Due:
    """Whether to search a frame if it changed, and how.

    Attributes:
        look: Whether to search it at all.
        thorough: Whether to search for small faces too; of no meaning without `look`.
        keep: Where faces are known to be, in ratios of the frame: searched as well as what changed.
    """

    look: bool
    thorough: bool
    keep: tuple[Box, ...] = ()


When = Callable[[FrameTime], Due]
"""Returns whether a frame taken at that time is due.

Holds until the next look, after which another is to be asked for. It changes nothing, so any thread may call it.
"""


class Cadence:
    """Decides for each frame of one camera whether a search is due. Is told the times of frames; reads no clock."""

    def __init__(self, policy: CadencePolicy) -> None:
        self._policy = policy
        self._last_look: FrameTime | None = None
        self._last_thorough: FrameTime | None = None
        # In a row, up to the last look.
        self._empty_looks = 0
        # What `when` returned while nobody was followed: most cameras see nobody most of the time.
        self._of_nobody: When | None = None

    def when(self, *, tracks: int, undecided: int, keep: tuple[Box, ...] = ()) -> When:
        """Returns a function that decides which waiting frames to search, valid until the next search.

        Args:
            tracks: How many tracks are open.
            undecided: How many of them are undecided.
            keep: Where faces are known to be, in ratios of the frame; passed on in each `Due`.
        """
        policy = self._policy
        if not tracks and not undecided:
            if self._of_nobody is None:
                self._of_nobody = self._when(self._empty_pause(), ())
            return self._of_nobody
        return self._when(policy.undecided if undecided else policy.decided, keep)

    def _when(self, pause: float, keep: tuple[Box, ...]) -> When:
        policy = self._policy
        last_look, last_thorough = self._last_look, self._last_thorough

        def due(time: FrameTime) -> Due:
            return Due(
                look=_is_over(pause, _elapsed(last_look, time)),
                thorough=_is_over(policy.thorough, _elapsed(last_thorough, time)),
                keep=keep,
            )

        return due

    def looked(self, time: FrameTime, *, thorough: bool, found: int) -> None:
        """Records a search.

        Args:
            time: When the searched frame was taken.
            thorough: Whether small faces were searched for too.
            found: How many faces it found.
        """
        self._last_look = time
        self._of_nobody = None
        if thorough:
            self._last_thorough = time
        self._empty_looks = 0 if found else self._empty_looks + 1

    def _empty_pause(self) -> float:
        if not self._empty_looks:
            return 0.0
        return min(self._policy.empty, _FIRST_EMPTY_PAUSE * 2.0 ** min(self._empty_looks - 1, _MOST_DOUBLINGS))


def _is_over(pause: float, elapsed: float) -> bool:
    return elapsed >= pause * (1 - _EARLY)


def _elapsed(since: FrameTime | None, now: FrameTime) -> float:
    """Returns the seconds between two frames; infinite without an earlier one, so that the first frame is due."""
    return float("inf") if since is None else now.since(since)
