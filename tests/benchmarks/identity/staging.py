"""Where a situation's faces are in the picture at each moment, and which of them can be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.identity.script import Part, Situation, Stance
from tests.benchmarks.identity.truth import Place, Shown, Truth

SIZES = ((640, 480), (960, 540))

_SWAY = 0.04
"""How far whoever stands still sways, in face widths."""
_SWAYING = 3.1
_IN_PICTURE = 0.6
"""Least share of a face within the picture, uncovered, for it to be seen."""
_FACING = 0.6
"""Least width of a face that turns, as a ratio of its own, to be seen."""
_LIT = 0.3
# Share of a portrait's sides over which it is more than half transparent.
_SHEER = 0.06


@dataclass(frozen=True, slots=True)
class Look:
    """A player's portrait, as far as the geometry of a picture depends on it.

    Attributes:
        aspect: Width by height of the portrait, in pixels.
        face: Where the face is in it, ratios.
    """

    aspect: float
    face: Place


@dataclass(frozen=True, slots=True)
class Drawn:
    """One part at one moment, in widths and heights of the picture, before the camera moves.

    Attributes:
        face: The face.
        sprite: The whole portrait.
        stance: How the head is seen.
    """

    face: Place
    sprite: Place
    stance: Stance


class Staging:
    """A situation with its cast, at one size and rate. Times are those of the film."""

    def __init__(self, situation: Situation, looks: Mapping[str, Look], size: tuple[int, int], rate: float) -> None:
        """Takes the looks by role."""
        self.situation = situation
        self.interval = 1.0 / rate
        self.size = size
        self._looks = looks

    @property
    def frames(self) -> int:
        """How many frames it takes."""
        return round(self.situation.seconds / self.interval)

    def drawn(self, part: Part, time: float) -> Drawn:
        """Returns where a part is drawn at a time of the scene."""
        look, stance = self._looks[part.role], part.stance(time)
        x, size = part.where(time)
        width, height = self.size
        across = size * height / width * look.aspect * look.face.width / look.face.height
        phase = sum(map(ord, part.role)) + part.begin
        sway = _SWAY * math.sin(2 * math.pi * time / _SWAYING + phase)
        face = Place(
            x + (part.beside + stance.aside + sway) * across,
            part.y + 0.5 * sway * size,
            across * stance.across,
            size * stance.down,
        )
        sprite_width, sprite_height = face.width / look.face.width, face.height / look.face.height
        sprite = Place(
            face.x - (look.face.x - 0.5) * sprite_width,
            face.y - (look.face.y - 0.5) * sprite_height,
            sprite_width,
            sprite_height,
        )
        return Drawn(face, sprite, stance)

    def on(self, time: float) -> list[Part]:
        """Returns the parts that are on at a time of the scene, in the room that is shown; the last is in front."""
        camera = self.situation.camera
        room = camera.room(time)
        return [part for part in self.situation.parts if part.is_on(time) and camera.room(part.begin) == room]

    def shown(self, index: int, players: Mapping[str, str]) -> tuple[Shown, ...]:
        """Returns whose faces are within the picture of a frame; `players` are the keys by role."""
        camera = self.situation.camera
        time = camera.scene_time(index * self.interval, self.interval)
        left, (aside, down) = camera.left(time), camera.jolt(time)
        lit = camera.brightness(time) >= _LIT
        parts = [(part, self.drawn(part, time)) for part in self.on(time)]
        shown = []
        for number, (part, drawn) in enumerate(parts):
            face = drawn.face
            place = Place(face.x - left + aside, face.y + down, face.width, face.height)
            if not (0 <= place.x < 1 and 0 <= place.y < 1):
                continue
            in_front = [other.sprite for _, other in parts[number + 1 :]]
            visible = (
                lit
                and not drawn.stance.back
                and drawn.stance.across >= _FACING
                and _within(place) >= _IN_PICTURE
                and all(_covered(face, sprite) <= 1 - _IN_PICTURE for sprite in in_front)
            )
            shown.append(Shown(players[part.role], place, visible))
        return tuple(shown)

    def truth(self, players: Mapping[str, str], enrolled: frozenset[str]) -> Truth:
        """Returns what the film shows; `players` are the keys by role."""
        return Truth(self.interval, tuple(self.shown(index, players) for index in range(self.frames)), enrolled)


def _within(place: Place) -> float:
    """Returns the share of a box that lies within the picture."""
    return _overlap(place, Place(0.5, 0.5, 1.0, 1.0)) / (place.width * place.height)


def _covered(face: Place, sprite: Place) -> float:
    """Returns the share of a face that a portrait in front of it hides."""
    solid = Place(sprite.x, sprite.y, sprite.width * (1 - 2 * _SHEER), sprite.height * (1 - 2 * _SHEER))
    return _overlap(face, solid) / (face.width * face.height)


def _overlap(one: Place, other: Place) -> float:
    sides = [
        min(a + b / 2, c + d / 2) - max(a - b / 2, c - d / 2)
        for a, b, c, d in (
            (one.x, one.width, other.x, other.width),
            (one.y, one.height, other.y, other.height),
        )
    ]
    return max(0.0, sides[0]) * max(0.0, sides[1])
