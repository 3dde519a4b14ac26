"""Judges whether a card and the face beside it move as one picture, as in a photograph or on a screen held up together.

A hand and a head move apart: where the card goes says nothing about where the face goes. In a picture of both, one
motion of the plane explains the two. Only a suspicion follows from this, never trust: it can be fooled by moving one of
two pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.capture import Corners

MOVES_AS_ONE = "moves_as_one"
"""The cue: every motion of the face is that of the card."""
NEVER_MOVES = "never_moves"
"""The cue: neither moves at all, as no person holds still."""

_LEAST_SAMPLES = 6
_LEAST_SPAN = 0.8
"""Fewer looks, or in less time (seconds), say nothing."""
_STEP = 0.25
"""Seconds between two looks that are compared: enough for a hand to move more than boxes are inexact."""
_MOVED = 0.06
"""Motion of the face, in its own widths and summed over the steps, from which it can be told what it follows."""
_EXPLAINED = 0.3
"""Share of the face's motion that the card's leaves unexplained, below which they move as one."""
_STILL = 0.004
"""Mean motion a step, in widths of the face, below which nobody alive was seen."""
_STILL_SPAN = 2.0
"""Seconds without motion before that is said."""
_SUSPICION = {MOVES_AS_ONE: 0.9, NEVER_MOVES: 0.7}


@dataclass(frozen=True, slots=True)
class CardAndFace:
    """Card and face in one frame, both in pixels of it.

    Attributes:
        time: Capture time of the frame, seconds.
        corners: Corners of the card.
        face: Left, top, width and height of the face, as a box in pixels.
    """

    time: float
    corners: Corners
    face: Box


@dataclass(frozen=True, slots=True)
class MotionVerdict:
    """What the motion says.

    Attributes:
        suspicion: 0..1; 0 if nothing speaks against a person; None if too little was seen to tell.
        cue: The reason of a suspicion.
    """

    suspicion: float | None
    cue: str | None = None


UNDECIDED = MotionVerdict(None)
"""Too little was seen to tell."""


def judge_motion(looks: Sequence[CardAndFace]) -> MotionVerdict:
    """Returns what the looks at a card and a face together say; they are in order of time."""
    steps = _steps(looks)
    if len(looks) < _LEAST_SAMPLES or not steps or looks[-1].time - looks[0].time < _LEAST_SPAN:
        return UNDECIDED
    moved = unexplained = 0.0
    for before, after in steps:
        width = max(before.face.width, 1.0)
        moved += _distance(before.face.center, after.face.center) / width
        unexplained += _distance(_carried(before, after), after.face.center) / width
    if moved / len(steps) < _STILL and unexplained / len(steps) < _STILL:
        still = looks[-1].time - looks[0].time >= _STILL_SPAN
        return MotionVerdict(_SUSPICION[NEVER_MOVES], NEVER_MOVES) if still else UNDECIDED
    if moved < _MOVED:
        # The face hardly moves. If the card does, they are apart; else it cannot be told yet.
        return MotionVerdict(0.0) if unexplained >= _MOVED else UNDECIDED
    if unexplained < _EXPLAINED * moved:
        return MotionVerdict(_SUSPICION[MOVES_AS_ONE], MOVES_AS_ONE)
    return MotionVerdict(0.0)


def _steps(looks: Sequence[CardAndFace]) -> list[tuple[CardAndFace, CardAndFace]]:
    """Returns pairs of looks at least a step apart."""
    spaced: list[CardAndFace] = []
    for look in looks:
        if not spaced or look.time - spaced[-1].time >= _STEP:
            spaced.append(look)
    return list(pairwise(spaced))


def _carried(before: CardAndFace, after: CardAndFace) -> tuple[float, float]:
    """Returns where the middle of the face would be if it were carried along with the card.

    The card's motion is taken for a similarity (shift, turn and scale), fitted to its corners by least squares.
    """
    source = [complex(*corner) for corner in before.corners]
    target = [complex(*corner) for corner in after.corners]
    from_middle, to_middle = sum(source) / 4, sum(target) / 4
    spread = sum(abs(point - from_middle) ** 2 for point in source)
    if spread == 0:
        return before.face.center
    turn = sum((b - to_middle) * (a - from_middle).conjugate() for a, b in zip(source, target, strict=True)) / spread
    moved = to_middle + turn * (complex(*before.face.center) - from_middle)
    return moved.real, moved.imag


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
