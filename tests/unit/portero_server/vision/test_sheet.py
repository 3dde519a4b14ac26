"""Contact sheets: geometry by property tests, painting by pixels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.geometry import Box
from portero_server.vision.sheet import Sheet, SheetLayout, Tile, plan_sheets

_LAYOUT = SheetLayout(width=400, height=300, gutter=20)
_SIZES = st.lists(st.tuples(st.integers(1, 420), st.integers(1, 320)), max_size=30)


@given(_SIZES)
def test_every_image_that_fits_is_on_one_sheet_once(sizes: list[tuple[int, int]]) -> None:
    """Images within the gutters are placed once and unscaled; larger ones are on no sheet; no sheet is empty."""
    sheets = plan_sheets(sizes, _LAYOUT)
    placed = [tile.index for sheet in sheets for tile in sheet.tiles]

    assert sorted(placed) == [i for i, (width, height) in enumerate(sizes) if width <= 360 and height <= 260]
    assert all(sheet.tiles for sheet in sheets)
    assert all((tile.width, tile.height) == sizes[tile.index] for sheet in sheets for tile in sheet.tiles)


@given(_SIZES)
def test_a_gutter_is_left_around_every_image(sizes: list[tuple[int, int]]) -> None:
    """Images keep a gutter to each other and to the edges of the canvas."""
    for sheet in plan_sheets(sizes, _LAYOUT):
        for tile in sheet.tiles:
            assert 20 <= tile.left <= 380 - tile.width
            assert 20 <= tile.top <= 280 - tile.height
        for one, other in itertools.combinations(sheet.tiles, 2):
            apart = (
                one.left + one.width + 20 <= other.left
                or other.left + other.width + 20 <= one.left
                or one.top + one.height + 20 <= other.top
                or other.top + other.height + 20 <= one.top
            )
            assert apart


_CARDS = st.lists(st.tuples(st.integers(10, 150), st.integers(10, 100)), min_size=1, max_size=8)


@given(_CARDS, st.data())
def test_boxes_map_back_to_where_they_were(sizes: list[tuple[int, int]], data: st.DataObject) -> None:
    """A box inside an image, moved to the canvas, comes back to the same image and place."""
    sheet = plan_sheets(sizes, _LAYOUT)[0]
    tile = data.draw(st.sampled_from(sheet.tiles))
    left, top = data.draw(st.floats(0, 0.8)), data.draw(st.floats(0, 0.8))
    inside = Box(left, top, data.draw(st.floats(0.1, 1 - left)), data.draw(st.floats(0.1, 1 - top)))

    shares = sheet.share([_on_canvas(tile, inside)])

    [found] = shares.found[tile.index]
    assert found.position == 0
    assert (found.box.left, found.box.top) == pytest.approx((inside.left, inside.top), abs=1e-6)
    assert (found.box.width, found.box.height) == pytest.approx((inside.width, inside.height), abs=1e-6)
    assert shares.spoiled == frozenset()


@given(_CARDS, st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1), st.floats(0.01, 1))
def test_box_is_either_somebodys_or_refused(
    sizes: list[tuple[int, int]], left: float, top: float, width: float, height: float
) -> None:
    """Any box belongs to one image, or to none, in which case every image it touches is spoiled."""
    sheet = plan_sheets(sizes, _LAYOUT)[0]
    box = Box(left, top, width, height)

    shares = sheet.share([box])

    owners = [index for index, found in shares.found.items() if found]
    assert len(owners) <= 1
    assert not (owners and shares.spoiled)
    if not owners:
        assert shares.spoiled == {tile.index for tile in sheet.tiles if _touches(tile, box)}
    for found in itertools.chain.from_iterable(shares.found.values()):
        assert found.box.left >= 0
        assert found.box.top >= 0
        assert found.box.right <= 1 + 1e-9
        assert found.box.bottom <= 1 + 1e-9


def test_box_across_a_gutter_spoils_both_images() -> None:
    """A line read across two images is neither's, and both must be asked for alone."""
    sheet = Sheet(_LAYOUT, (Tile(0, 20, 20, 100, 50), Tile(1, 140, 20, 100, 50), Tile(2, 260, 20, 100, 50)))

    shares = sheet.share([Box(30 / 400, 30 / 300, 150 / 400, 20 / 300), Box(270 / 400, 30 / 300, 50 / 400, 20 / 300)])

    assert shares.spoiled == {0, 1}
    assert [len(shares.found[index]) for index in range(3)] == [0, 0, 1]


def test_box_that_sticks_out_a_little_is_cut() -> None:
    """A detector's box that reaches a few pixels into the gutter is still its image's."""
    sheet = Sheet(_LAYOUT, (Tile(0, 20, 20, 100, 50),))

    shares = sheet.share([Box(16 / 400, 20 / 300, 50 / 400, 54 / 300)])

    box = shares.found[0][0].box
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0, 0, 0.46, 1.0))


def test_canvas_shows_each_image_at_its_place() -> None:
    """The painted canvas has every image where its tile says, and gray between."""
    images = [
        np.full((height, width, 3), number * 50, np.uint8)
        for number, (width, height) in enumerate([(90, 40), (60, 80)])
    ]
    [sheet] = plan_sheets([(90, 40), (60, 80)], _LAYOUT)

    canvas = sheet.compose(images)

    assert canvas.shape == (300, 400, 3)
    for tile in sheet.tiles:
        region = canvas[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
        assert (region == images[tile.index]).all()
        canvas[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] = 127
    assert (canvas == 127).all()


def test_eight_cards_share_one_full_hd_sheet() -> None:
    """With the default layout, eight crops of 400 x 260 pixels fit on one sheet."""
    assert len(plan_sheets([(400, 260)] * 8)) == 1


def _on_canvas(tile: Tile, box: Box) -> Box:
    return Box(
        (tile.left + box.left * tile.width) / _LAYOUT.width,
        (tile.top + box.top * tile.height) / _LAYOUT.height,
        box.width * tile.width / _LAYOUT.width,
        box.height * tile.height / _LAYOUT.height,
    )


def _touches(tile: Tile, box: Box) -> bool:
    left, right = tile.left / _LAYOUT.width, (tile.left + tile.width) / _LAYOUT.width
    top, bottom = tile.top / _LAYOUT.height, (tile.top + tile.height) / _LAYOUT.height
    return min(right, box.right) > max(left, box.left) and min(bottom, box.bottom) > max(top, box.top)
