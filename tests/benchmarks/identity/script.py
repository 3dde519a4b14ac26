"""What happens before a camera, as data: who is where when, and what the camera does meanwhile."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

Span = tuple[float, float]
"""From when to when, seconds."""
Knots = tuple[tuple[float, float], ...]
"""Values at times, seconds; linear between them and constant beyond them."""

FACE = 0.27
"""Height of a face as a ratio of the picture's, if a part says nothing else."""


_TURNING = (0.85, 0.7, 0.5, 0.35)
"""Width of a face in each tenth of a second of turning away, as a ratio of its own."""


class Pose(Enum):
    """What a head does."""

    FACING = "facing"
    TURNS_AWAY = "turns_away"
    """Turns until only the back of the head is seen, and back."""
    SHAKES = "shakes"
    NODS = "nods"


@dataclass(frozen=True, slots=True)
class Stance:
    """How a head is seen at a moment.

    Attributes:
        across, down: Its width and height, as ratios of those it has when it faces the camera.
        aside: How far its middle is shifted to the right, in face widths.
        back: Whether the back of the head is seen.
    """

    across: float = 1.0
    down: float = 1.0
    aside: float = 0.0
    back: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody's time before the camera.

    Attributes:
        role: Who of the cast: A, B and C are enrolled, S and T are strangers.
        begin, end: From when to when, seconds; `end` is the first moment without them.
        path: Where the middle of the face is, in widths of the picture from the left edge, at equal parts of the time.
        y: Where it is, in heights from the top.
        size: Height of the face as a ratio of the picture's, at equal parts of the time.
        beside: Added to the path, in widths of the face.
        pose: What the head does, during `posed`.
    """

    role: str
    begin: float
    end: float
    path: tuple[float, ...]
    y: float = 0.5
    size: tuple[float, ...] = (FACE,)
    beside: float = 0.0
    pose: Pose = Pose.FACING
    posed: Span = (0.0, 0.0)

    def is_on(self, time: float) -> bool:
        """Whether it is their time."""
        return self.begin <= time < self.end

    def where(self, time: float) -> tuple[float, float]:
        """Returns where the path is, and the size."""
        share = (time - self.begin) / (self.end - self.begin)
        return _along(share, self.path), _along(share, self.size)

    def stance(self, time: float) -> Stance:
        """Returns how the head is seen; it changes at tenths of a second."""
        begin, end = self.posed
        if self.pose is Pose.FACING or not begin <= time < end:
            return Stance()
        passed = math.floor((time - begin) * 10 + 1e-6) / 10
        if self.pose is Pose.TURNS_AWAY:
            step = min(round(passed * 10), math.ceil((end - time) * 10 - 1e-6) - 1)
            return Stance(across=_TURNING[step]) if step < len(_TURNING) else Stance(back=True)
        swing = math.sin(2 * math.pi * 0.8 * passed)
        if self.pose is Pose.SHAKES:
            return Stance(across=1 - 0.3 * abs(swing), aside=0.12 * swing)
        return Stance(down=1 - 0.2 * abs(swing))


@dataclass(frozen=True, slots=True)
class CameraWork:
    """What the camera and the lights do.

    Attributes:
        cuts: When the picture becomes that of another room; whoever is there then is in that room.
        frozen: When the picture of the first moment stays.
        light: How bright it is; 1 is as drawn.
        pan: Where the left edge of the picture is, in widths of the picture.
        shakes: When the camera shakes.
    """

    cuts: tuple[float, ...] = ()
    frozen: tuple[Span, ...] = ()
    light: Knots = ((0.0, 1.0),)
    pan: Knots = ((0.0, 0.0),)
    shakes: tuple[Span, ...] = ()

    def scene_time(self, time: float, interval: float) -> float:
        """Returns the time of the scene that a frame shows: of the last one before, while the picture is frozen."""
        for begin, end in self.frozen:
            if begin <= time < end:
                return math.floor(begin / interval + 1e-6) * interval
        return time

    def room(self, time: float) -> int:
        """Returns which room is shown."""
        return sum(cut <= time for cut in self.cuts)

    def brightness(self, time: float) -> float:
        """Returns how bright it is."""
        return _at(self.light, time)

    def left(self, time: float) -> float:
        """Returns where the left edge of the picture is."""
        return _at(self.pan, time)

    @property
    def reach(self) -> float:
        """How far the left edge moves, at most."""
        return max(x for _, x in self.pan)

    def jolt(self, time: float) -> tuple[float, float]:
        """Returns how far the picture is shifted to the right and down, in ratios."""
        if not any(begin <= time < end for begin, end in self.shakes):
            return 0.0, 0.0
        chance = np.random.default_rng(round(time * 1000))
        return float(chance.uniform(-0.015, 0.015)), float(chance.uniform(-0.015, 0.015))


@dataclass(frozen=True, slots=True)
class Situation:
    """One kind of scene.

    Attributes:
        name: What happens.
        seconds: How long it takes.
        parts: Who is there; later ones are in front.
        camera: What the camera does.
    """

    name: str
    seconds: float
    parts: tuple[Part, ...]
    camera: CameraWork = field(default_factory=CameraWork)

    @property
    def roles(self) -> tuple[str, ...]:
        """Who is in it, in the order in which they come."""
        return tuple(dict.fromkeys(part.role for part in sorted(self.parts, key=lambda part: part.begin)))


def _along(share: float, values: tuple[float, ...]) -> float:
    return float(np.interp(share * (len(values) - 1), np.arange(len(values)), values))


def _at(knots: Knots, time: float) -> float:
    return float(np.interp(time, [knot[0] for knot in knots], [knot[1] for knot in knots]))
