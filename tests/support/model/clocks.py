"""Camera clocks that are wrong: set back, a day or a zone off, standing still, drifting. A pure function of a seed.

The clock decides only what a frame is dated. What it shows is the script's, so what must be stored follows from both.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from tests.support.model.script import START, STEP

SEGMENT = 160
"""Frames within which a clock goes wrong once at most."""
_SHARE_WRONG = 0.5
_FARTHEST = timedelta(days=60)
_SPIKE_FRAMES = 3
_LONGEST_STILL = 20
"""Frames; fewer than it takes until somebody else stands in the same place."""
_DRIFT = 0.05
_IMPOSSIBLE = (
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
)


class Wrong(Enum):
    """What can happen to a clock; the values are for reports."""

    BACK = "set back by 12 s"
    ZONE = "a zone off"
    DAY = "a day off"
    SPIKE = "three frames dated 60 s ahead"
    STILL = "standing still"
    DRIFT = "drifting"
    IMPOSSIBLE = "a frame dated before 1970 or in 9999"


@dataclass(frozen=True, slots=True)
class _Segment:
    """What happens to a clock from one frame on.

    Attributes:
        offset: How far the clock is off at the beginning.
        kind: What happens; None: nothing.
        at: The first frame that it happens to.
        amount: Frames, seconds or share, as the kind says.
    """

    first: int
    offset: timedelta
    kind: Wrong | None
    at: int
    amount: float

    def dated(self, index: int) -> datetime:
        """Returns the capture time of a frame of this segment, or of the first one after it."""
        at = START + index * STEP + self.offset
        since = index - self.at
        if self.kind is None or since < 0:
            return at
        match self.kind:
            case Wrong.BACK | Wrong.ZONE | Wrong.DAY:
                return at + timedelta(seconds=self.amount)
            case Wrong.SPIKE:
                return at + timedelta(seconds=self.amount) if since < _SPIKE_FRAMES else at
            case Wrong.STILL:
                return at - since * STEP if since < self.amount else at
            case Wrong.DRIFT:
                return at + self.amount * since * STEP
            case Wrong.IMPOSSIBLE:
                return _IMPOSSIBLE[int(self.amount)] if since == 0 else at


class CameraClocks:
    """The clocks of all cameras of a run."""

    def __init__(self, seed: int | None = None) -> None:
        """Draws from a seed; without, all clocks are right."""
        self._seed = seed
        self._segments: dict[int, list[_Segment]] = {}

    def captured(self, camera: int, index: int) -> datetime:
        """Returns how a camera's clock dates a frame."""
        if self._seed is None:
            return START + index * STEP
        return self._segment(camera, index // SEGMENT).dated(index)

    def impossible(self, camera: int, index: int) -> bool:
        """Whether a frame is dated so that it can only be rejected."""
        return self._seed is not None and self.captured(camera, index) in _IMPOSSIBLE

    def wrongs(self, camera: int, frames: int) -> list[Wrong]:
        """Returns what happens to a camera's clock within so many frames."""
        if self._seed is None or frames < 1:
            return []
        segments = [self._segment(camera, number) for number in range((frames - 1) // SEGMENT + 1)]
        return [segment.kind for segment in segments if segment.kind is not None and segment.at < frames]

    def _segment(self, camera: int, number: int) -> _Segment:
        drawn = self._segments.setdefault(camera, [])
        while len(drawn) <= number:
            first = len(drawn) * SEGMENT
            offset = drawn[-1].dated(first) - (START + first * STEP) if drawn else timedelta()
            drawn.append(self._draw(camera, first, offset))
        return drawn[number]

    def _draw(self, camera: int, first: int, offset: timedelta) -> _Segment:
        chance = random.Random(f"{self._seed}:{camera}:{first}")
        kind = chance.choice(tuple(Wrong)) if chance.random() < _SHARE_WRONG else None
        # What passes again has passed before the segment ends.
        at = first + chance.randrange(SEGMENT - _LONGEST_STILL - 1)
        sign = chance.choice((-1, 1))
        match kind:
            case Wrong.BACK:
                amount = -12.0
            case Wrong.ZONE:
                amount = 3600.0 * sign
            case Wrong.DAY:
                # Clocks that are days off do not go ever farther.
                sign = sign if abs(offset) < _FARTHEST else -1 if offset > timedelta() else 1
                amount = 86_400.0 * sign
            case Wrong.SPIKE:
                amount = 60.0
            case Wrong.STILL:
                amount = float(chance.randint(5, _LONGEST_STILL))
            case Wrong.DRIFT:
                amount = chance.uniform(-_DRIFT, _DRIFT)
            case _:
                amount = float(chance.randrange(len(_IMPOSSIBLE)))
        return _Segment(first, offset, kind, at, amount)


RIGHT_CLOCKS = CameraClocks()
