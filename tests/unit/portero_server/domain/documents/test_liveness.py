from __future__ import annotations

from random import Random

import pytest

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.capture import Corners
from portero_server.domain.documents.liveness import (
    MOVES_AS_ONE,
    NEVER_MOVES,
    UNDECIDED,
    CardAndFace,
    judge_motion,
)

CARD = (500 + 500j, 900 + 500j, 900 + 752j, 500 + 752j)
FACE = 640 + 200j
FACE_WIDTH = 160.0


def look(time: float, card: tuple[complex, ...], face: complex, width: float = FACE_WIDTH) -> CardAndFace:
    """Returns a look at a card and a face around a point."""
    corners = tuple((point.real, point.imag) for point in card)
    box = Box(face.real - width / 2, face.imag - width * 0.6, width, width * 1.2)
    first, second, third, fourth = corners
    return CardAndFace(time, (first, second, third, fourth), box)


def wandering(random: Random, steps: int, reach: float) -> list[complex]:
    """Returns a random walk."""
    place, path = 0j, []
    for _ in range(steps):
        place += complex(random.uniform(-reach, reach), random.uniform(-reach, reach))
        path.append(place)
    return path


@pytest.mark.parametrize("seed", range(30))
def test_a_hand_and_a_head_raise_no_suspicion(seed: int) -> None:
    """A card in a hand and a head that each go their way are not suspected."""
    random = Random(seed)
    hand, head = wandering(random, 20, 25.0), wandering(random, 20, 10.0)
    looks = [
        look(number * 0.15, tuple(point + hand[number] for point in CARD), FACE + head[number]) for number in range(20)
    ]
    verdict = judge_motion(looks)
    assert verdict.cue is None
    assert verdict.suspicion == 0.0


@pytest.mark.parametrize("seed", range(30))
def test_a_picture_of_both_moves_as_one(seed: int) -> None:
    """A picture that is shifted, turned and brought closer carries card and face alike, and is suspected."""
    random = Random(seed)
    shifts, turns = wandering(random, 20, 20.0), wandering(random, 20, 0.02)
    looks = []
    for number, (shift, turn) in enumerate(zip(shifts, turns, strict=True)):
        factor = (1 + turn.real) * complex(1, turn.imag)
        noise = complex(random.gauss(0, 0.8), random.gauss(0, 0.8))
        moved = tuple(shift + factor * (point - 640) + 640 for point in CARD)
        looks.append(look(number * 0.15, moved, shift + factor * (FACE - 640) + 640 + noise, FACE_WIDTH * abs(factor)))
    verdict = judge_motion(looks)
    assert verdict.cue == MOVES_AS_ONE
    assert verdict.suspicion is not None
    assert verdict.suspicion >= 0.5


def test_a_picture_on_a_stand_never_moves() -> None:
    """What does not move at all for seconds is suspected, since nobody holds that still."""
    looks = [look(number * 0.2, CARD, FACE) for number in range(20)]
    assert judge_motion(looks).cue == NEVER_MOVES


def test_a_card_on_the_desk_before_a_living_face_is_not_suspected() -> None:
    """A card that lies still while the face moves raises no suspicion."""
    random = Random(1)
    head = wandering(random, 20, 8.0)
    looks = [look(number * 0.2, CARD, FACE + head[number]) for number in range(20)]
    assert judge_motion(looks).suspicion == 0.0


def test_a_moving_card_before_a_still_face_is_not_suspected() -> None:
    """A face that hardly moves while the card does is not carried by it."""
    random = Random(2)
    hand = wandering(random, 20, 20.0)
    looks = [look(n * 0.2, tuple(point + hand[n] for point in CARD), FACE + 0.2 * (n % 2)) for n in range(20)]
    assert judge_motion(looks).suspicion == 0.0


@pytest.mark.parametrize("looks", [0, 1, 5])
def test_a_few_looks_say_nothing(looks: int) -> None:
    """Too few looks say nothing at all, neither good nor bad."""
    assert judge_motion([look(number * 0.2, CARD, FACE) for number in range(looks)]) == UNDECIDED


def test_a_moment_says_nothing() -> None:
    """Many looks within a moment say nothing."""
    assert judge_motion([look(number * 0.02, CARD, FACE) for number in range(30)]) == UNDECIDED


def test_corners_that_fall_together_do_no_harm() -> None:
    """Corners without extent are no motion to explain anything by."""
    point = (5.0, 5.0)
    corners: Corners = (point, point, point, point)
    looks = [CardAndFace(number * 0.2, corners, Box(10.0 * number, 0.0, 50.0, 60.0)) for number in range(10)]
    assert judge_motion(looks).suspicion == 0.0
