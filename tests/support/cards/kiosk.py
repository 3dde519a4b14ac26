"""What a kiosk's camera sees: guests who come, hold up a card, turn it over and leave. Deterministic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
from numpy.typing import NDArray

from portero_server.vision.jpeg import encode_jpeg
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.cards.layouts import printed
from tests.support.cards.portraits import live
from tests.support.cards.specimen import Specimen

WIDTH, HEIGHT = 1280, 720
RATE = 5.0
"""Frames a second."""
_CARD_WIDTH = 660
_PERSON_HEIGHT = 420
_COME, _FRONT, _TURN, _BACK, _LEAVE = 0.6, 2.0, 0.6, 2.6, 0.8
VISIT = _COME + _FRONT + _TURN + _BACK + _LEAVE
"""Seconds that a guest is in view."""
PAUSE = 2.4
"""Seconds between two guests."""


@dataclass(frozen=True, slots=True)
class KioskFrame:
    """One frame: when, seconds from the beginning; the file; and which side of whose card is in view, for the truth."""

    time: float
    jpeg: bytes
    guest: int | None
    side: str | None


def kiosk(guests: list[Specimen], *, seed: int = 1, faces: list[int] | None = None) -> Iterator[KioskFrame]:
    """Yields the frames of a queue of guests.

    Args:
        guests: Their cards, in order.
        seed: Of motion and noise.
        faces: Whose portrait each of them looks like; None: that on their card.
    """
    random = np.random.default_rng(seed)
    ground = _wall(seed)
    frames = round((len(guests) * (VISIT + PAUSE)) * RATE)
    for number in range(frames):
        time = number / RATE
        place, since = divmod(time, VISIT + PAUSE)
        guest = int(place)
        picture, side = ground.copy(), None
        shown: int | None = None
        if since < VISIT:
            shown = guest
            wave = _waves(seed * 1000 + guest)
            face = guests[guest].portrait if faces is None else faces[guest]
            _person(picture, face, since, wave)
            side = _card_side(since)
            if side is not None:
                _card(picture, printed(guests[guest], side), since, wave)
        noisy = picture + random.normal(0, 3, picture.shape)
        yield KioskFrame(time, encode_jpeg(np.clip(noisy, 0, 255).astype(np.uint8), 85), shown, side)


def second_side_seen(guest: int) -> float:
    """Returns when a guest's second side comes into view, seconds from the beginning."""
    return guest * (VISIT + PAUSE) + _COME + _FRONT + _TURN


def _card_side(since: float) -> str | None:
    if _COME <= since < _COME + _FRONT:
        return "front"
    if _COME + _FRONT + _TURN <= since < _COME + _FRONT + _TURN + _BACK:
        return "back"
    return None


def _waves(seed: int) -> NDArray[np.float64]:
    """Returns amplitudes, speeds and phases of the motion of hand and head."""
    random = Random(f"waves {seed}")
    return np.array([[random.uniform(0.5, 1.0), random.uniform(1.5, 4.0), random.uniform(0, 6.3)] for _ in range(6)])


def _swing(wave: NDArray[np.float64], which: int, time: float) -> float:
    amplitude, speed, phase = wave[which]
    return float(amplitude * np.sin(speed * time + phase))


def _person(picture: NDArray[np.float32], face: int, since: float, wave: NDArray[np.float64]) -> None:
    person, alpha = _sprite(face)
    # Comes from the left and leaves to the right.
    enter = min(1.0, since / _COME)
    leave = max(0.0, (since - (VISIT - _LEAVE)) / _LEAVE)
    x = round(-420 + enter * (420 + 430) + leave * 900 + 9 * _swing(wave, 0, since))
    y = round(-20 + 6 * _swing(wave, 1, since))
    _blend(picture, person, alpha, x, y)


def _card(picture: NDArray[np.float32], side: Pixels, since: float, wave: NDArray[np.float64]) -> None:
    height = _CARD_WIDTH * side.shape[0] / side.shape[1]
    middle = np.array([WIDTH / 2 + 16 * _swing(wave, 2, since), HEIGHT - height / 2 - 12 + 5 * _swing(wave, 3, since)])
    angle = np.deg2rad(3.0 * _swing(wave, 4, since))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    flat = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (_CARD_WIDTH / 2, height / 2)
    # A little perspective: one edge is nearer than the other.
    flat[:, 0] *= 1 + 0.02 * _swing(wave, 5, since) * flat[:, 1] / height
    corners = (flat @ turn.T + middle).astype(np.float32)
    rows, columns = side.shape[:2]
    source = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, corners)
    small = cv2.GaussianBlur(side, (0, 0), 0.35 * columns / _CARD_WIDTH)
    laid = cv2.warpPerspective(small, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.ones(side.shape[:2], np.float32), matrix, (WIDTH, HEIGHT))[..., None]
    picture[:] = picture * (1 - mask) + laid.astype(np.float32) * mask


@cache
def _sprite(face: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    person = live(face)
    width = round(person.shape[1] * _PERSON_HEIGHT / person.shape[0])
    small = cv2.resize(person, (width, _PERSON_HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
    rows = np.minimum(1, np.minimum(np.arange(_PERSON_HEIGHT) + 1, _PERSON_HEIGHT - np.arange(_PERSON_HEIGHT)) / 40)
    columns = np.minimum(1, np.minimum(np.arange(width) + 1, width - np.arange(width)) / 40)
    return small, (rows[:, None] * columns[None, :]).astype(np.float32)[..., None]


def _blend(
    picture: NDArray[np.float32], sprite: NDArray[np.float32], alpha: NDArray[np.float32], left: int, top: int
) -> None:
    height, width = sprite.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(WIDTH, left + width), min(HEIGHT, top + height)
    if x0 >= x1 or y0 >= y1:
        return
    part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    picture[y0:y1, x0:x1] = picture[y0:y1, x0:x1] * (1 - alpha[part]) + sprite[part] * alpha[part]


def _wall(seed: int) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    stains = cv2.resize(
        random.normal(0, 9, (6, 8, 3)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
    )
    light = np.linspace(20, -20, HEIGHT, dtype=np.float32)[:, None, None]
    return np.asarray(stains + light + np.array([70, 80, 90], np.float32), np.float32)
