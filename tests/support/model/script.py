"""What the cameras of the chaos rig show: a pure function of camera and index, so that every result is foreseen."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache

import numpy as np

from portero_server.domain.detection.geometry import Box
from portero_server.vision.opencv import cv2

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STEP = timedelta(seconds=0.2)
VISIT_GAP = timedelta(seconds=10)
PEOPLE_PER_CAMERA = 4

_PERIOD = 8
_VISITS_IN_A_ROW = 4
_PLACES = (0.05, 0.3, 0.55, 0.8)
_BROKEN_SLOT = 6
_LEVELS = (0, 60, 120, 180, 240)
_MARK = b"portero-chaos:"

CYCLE = _PERIOD * _VISITS_IN_A_ROW * PEOPLE_PER_CAMERA * 7
"""Indices after which a camera shows the same again, times apart."""


class Sight(Enum):
    """What a frame shows; the server's scripted looker tells it as that outcome."""

    FACE = "with_faces"
    EMPTY = "empty"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    BROKEN = "rejected"


_VISIT = (
    Sight.FACE,
    Sight.UNCHANGED,
    Sight.FACE,
    Sight.DUPLICATE,
    Sight.EMPTY,
    Sight.UNCHANGED,
    Sight.EMPTY,
    Sight.EMPTY,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a camera shows at an index.

    Attributes:
        person: Who stands there, or None for a stranger; without meaning unless a face is shown.
        place: Where, one of a few places that no tracker confuses.
        captured: Capture time, UTC.
    """

    sight: Sight
    person: str | None
    place: int
    captured: datetime

    @property
    def box(self) -> Box:
        """The face's box."""
        return Box(_PLACES[self.place], 0.3, 0.1, 0.13)


def camera_name(number: int) -> str:
    """Returns the name of the n-th camera."""
    return f"gate-{number:02d}"


def person_name(camera: int, place: int) -> str:
    """Returns the id of one of a camera's people; nobody is ever seen at another camera."""
    return f"person-{camera:02d}-{place}"


def shown(camera: int, index: int) -> Shown:
    """Says what a camera shows at an index from 0: the same person three times, then a stranger, and so on."""
    visit, slot = divmod(index, _PERIOD)
    sight = _VISIT[slot]
    if slot == _BROKEN_SLOT and visit % 7 == 3:
        sight = Sight.BROKEN
    series, turn = divmod(visit, _VISITS_IN_A_ROW)
    stranger = turn == _VISITS_IN_A_ROW - 1
    person = None if stranger else person_name(camera, series % PEOPLE_PER_CAMERA)
    return Shown(sight, person, visit % len(_PLACES), START + index * STEP)


@cache
def _picture() -> bytes:
    done, data = cv2.imencode(".jpg", np.full((96, 128, 3), 30, np.uint8))
    assert done
    return bytes(data)


def jpeg(camera: int, index: int) -> bytes:
    """Makes the frame: a sound JPEG file that carries camera and index in a comment, or one cut short."""
    mark = _MARK + f"{camera}:{index}".encode()
    comment = b"\xff\xfe" + (len(mark) + 2).to_bytes(2) + mark
    whole = _picture()[:2] + comment + _picture()[2:]
    return whole[:-40] if shown(camera, index).sight is Sight.BROKEN else whole


def read_mark(data: bytes) -> tuple[int, int]:
    """Returns camera and index of a frame.

    Raises:
        ValueError: The frame is not one of the rig's.
    """
    at = data.index(_MARK) + len(_MARK)
    length = int.from_bytes(data[4:6]) - 2 - len(_MARK)
    camera, index = data[at : at + length].split(b":")
    return int(camera), int(index)


def color_of(person: str | None) -> tuple[int, int, int]:
    """Returns a person's color, which is what the scripted engine knows people by; strangers have one in between.

    There are colors for the people of 20 cameras; beyond, they come again.
    """
    if person is None:
        return (30, 210, 150)
    camera, place = (int(part) for part in person.split("-")[1:])
    colors = _bright_colors()
    return colors[(camera * PEOPLE_PER_CAMERA + place) % len(colors)]


@cache
def _bright_colors() -> tuple[tuple[int, int, int], ...]:
    # The scripted detector finds patches that are brighter than the ground, also in the photographs enrolled.
    colors = itertools.product(_LEVELS, repeat=3)
    return tuple((blue, green, red) for blue, green, red in colors if 0.114 * blue + 0.587 * green + 0.299 * red > 75)
