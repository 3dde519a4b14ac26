from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from portero_server.vision.cards.spoof import framed, picture_likeness, same_picture
from portero_server.vision.crops import crop_face
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.cards.layouts import printed as printed_side
from tests.support.cards.shooting import LIGHT, shot
from tests.support.cards.specimen import Series, specimen
from tests.support.images.portraits import COLLINS_FACE, HOPPER_FACE, collins, hopper
from tests.support.images.scenes import room


def printed(crop: Pixels, width: int, blur: float, contrast: float, turn: float = 0.0) -> Pixels:
    """Returns a crop as print, lens and sensor leave it."""
    small = cv2.resize(crop, (width, round(crop.shape[0] * width / crop.shape[1])), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), blur).astype(np.float32)
    noise = np.random.default_rng(1).normal(0, 5, soft.shape)
    flat = np.clip(soft * contrast + 128 * (1 - contrast) + noise, 0, 255).astype(np.uint8)
    height, width = flat.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
    return np.asarray(cv2.warpAffine(flat, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


_COLLINS = crop_face(collins(), COLLINS_FACE).pixels
_HOPPER = crop_face(hopper(), HOPPER_FACE).pixels


@pytest.mark.parametrize("turn", [-6.0, 0.0, 5.0])
@pytest.mark.parametrize("crop", [_COLLINS, _HOPPER], ids=["collins", "hopper"])
def test_the_portrait_printed_large_is_recognized_as_the_same_picture(crop: Pixels, turn: float) -> None:
    """A copy of the card's photograph, blurred, faded and turned a little, is the same picture."""
    assert same_picture(printed(crop, 120, 0.8, 0.7), printed(crop, 260, 1.0, 0.8, turn))


def test_other_faces_and_other_views_are_not_the_same_picture() -> None:
    """Neither somebody else nor a mirrored view of the person is the card's photograph."""
    for portrait in (_COLLINS, _HOPPER):
        live = [_HOPPER if portrait is _COLLINS else _COLLINS, np.ascontiguousarray(portrait[:, ::-1])]
        assert all(picture_likeness(portrait, each) < 0.8 for each in live)


def test_a_picture_without_extent_is_nothing() -> None:
    """Crops of a few pixels are like nothing."""
    assert picture_likeness(np.zeros((4, 4, 3), np.uint8), _COLLINS) == 0.0


def scene(frame: tuple[int, int, int] | None, *, side: int = 40) -> tuple[Pixels, NDArray[np.float64]]:
    """Returns a room with a card before it, in an even frame of that color or none, and the card's corners."""
    pixels = room(1280, 720).astype(np.uint8)
    left, top, right, bottom = 400, 200, 800, 452
    if frame is not None:
        cv2.rectangle(pixels, (left - side, top - side), (right + side, bottom + side), frame, -1)
    random = np.random.default_rng(2)
    card = random.integers(120, 220, (8, 12, 3)).astype(np.uint8)
    pixels[top:bottom, left:right] = cv2.resize(card, (right - left, bottom - top))
    noisy = np.clip(pixels.astype(np.float32) + random.normal(0, 3, pixels.shape), 0, 255).astype(np.uint8)
    return noisy, np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)


@pytest.mark.parametrize("color", [(8, 8, 8), (250, 250, 250)], ids=["screen", "sheet"])
def test_a_card_on_a_screen_or_a_sheet_is_framed(color: tuple[int, int, int]) -> None:
    """A card within an even black or white rectangle is in a frame, also when all is turned."""
    pixels, corners = scene(color)
    assert framed(pixels, corners)
    matrix = cv2.getRotationMatrix2D((600, 326), 20, 1.0)
    turned = np.asarray(cv2.warpAffine(pixels, matrix, (1280, 720)), np.uint8)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    assert framed(turned, moved)


@pytest.mark.parametrize("covered", [False, True], ids=["whole", "held at one side"])
def test_a_screen_that_was_found_in_place_of_its_card_is_framed(covered: bool) -> None:
    """Where the outline is the device's, its rim within is the frame, also with a hand over one side."""
    pixels, corners = scene((8, 8, 8))
    rim = corners + np.array([[-40, -40], [40, -40], [40, 40], [-40, 40]])
    assert framed(pixels, rim)
    if covered:
        cv2.circle(pixels, (360, 326), 60, (120, 150, 190), -1)
        assert framed(pixels, rim)
    # A pattern along two sides is the ground of a card.
    random = np.random.default_rng(3)
    for top in (160, 462):
        pixels[top : top + 30, 360:840] = random.integers(0, 255, (30, 480, 1))
    assert not framed(pixels, rim)


@pytest.mark.parametrize("series", [Series.CARD_2013, Series.CARD_2024, Series.PASSPORT])
def test_a_card_has_no_rim(series: Series) -> None:
    """The margins of a document, whose print and portrait begin behind them, are not those of a screen."""
    for number in range(2):
        for side in series.sides:
            flat = printed_side(specimen(number, series), side)
            taken = shot(flat, LIGHT, (1280, 720), number)
            picture = np.asarray(cv2.imdecode(np.frombuffer(taken.jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
            assert not framed(picture, taken.corners.astype(np.float64))


def test_a_card_in_a_room_is_not_framed() -> None:
    """A card before furniture is in no frame."""
    assert not framed(*scene(None))


def test_a_card_on_a_dark_table_is_not_framed() -> None:
    """An even ground that goes on to the edge of the picture is not a frame."""
    pixels, corners = scene((20, 20, 20), side=1000)
    assert not framed(pixels, corners)


def test_the_rim_of_a_card_is_not_a_frame() -> None:
    """A narrow border, as a shadow or the rim of a card makes it, is not a frame."""
    pixels, corners = scene((10, 10, 10), side=4)
    assert not framed(pixels, corners)
