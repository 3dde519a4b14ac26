"""Contact sheets: several small images on one canvas, so that they share one paid call; boxes are mapped back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.geometry import Box

_GROUND = 127
"""Gray level of the gutters, chosen so that no edge against it looks like ink."""


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """Size of a canvas and of the gutters around each image, pixels.

    1920 x 1080 is the size up to which Rekognition finds faces of 40 pixels. Gutters are wide, so that
    lines of neighbors are not read as one.
    """

    width: int = 1920
    height: int = 1080
    gutter: int = 48


@dataclass(frozen=True, slots=True)
class Tile:
    """Where an image lies on the canvas, pixels; `index` is its place in the list of images."""

    index: int
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Found:
    """A box found on a sheet: its index in the list of boxes, and the box in ratios of its image."""

    position: int
    box: Box


@dataclass(frozen=True, slots=True)
class Shares:
    """What was found on a sheet, by image.

    Attributes:
        found: What was found in each image, in the order of the boxes.
        spoiled: Images touched by a box that crosses a gutter; what was found in them is not complete.
    """

    found: Mapping[int, Sequence[Found]]
    spoiled: frozenset[int]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A canvas with the planned places of its images."""

    layout: SheetLayout
    tiles: tuple[Tile, ...]

    def compose(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Draws the images at their places on a new canvas.

        Args:
            images: All images that were planned, height x width x 3, BGR; those of other sheets are passed over.
        """
        canvas = np.full((self.layout.height, self.layout.width, 3), _GROUND, np.uint8)
        for tile in self.tiles:
            canvas[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] = images[tile.index]
        return canvas

    def share(self, boxes: Sequence[Box]) -> Shares:
        """Assigns each box, in ratios of the canvas, to the image that contains it."""
        found: dict[int, list[Found]] = {tile.index: [] for tile in self.tiles}
        spoiled: set[int] = set()
        for position, box in enumerate(boxes):
            owner = self._owner(box)
            if owner is None:
                spoiled |= {tile.index for tile in self.tiles if _overlap(self._region(tile), box) > 0}
            else:
                found[owner.index].append(Found(position, box.relative_to(self._region(owner)).clipped()))
        return Shares(found, frozenset(spoiled))

    def _owner(self, box: Box) -> Tile | None:
        # A detector's box may stick out of its image a little, but not so far that it could meet a neighbor's.
        slack_x = self.layout.gutter / 4 / self.layout.width
        slack_y = self.layout.gutter / 4 / self.layout.height
        for tile in self.tiles:
            region = self._region(tile)
            inside = (
                box.left >= region.left - slack_x
                and box.top >= region.top - slack_y
                and box.right <= region.right + slack_x
                and box.bottom <= region.bottom + slack_y
            )
            if inside and _overlap(region, box) > 0:
                return tile
        return None

    def _region(self, tile: Tile) -> Box:
        right, bottom = tile.left + tile.width, tile.top + tile.height
        return Box.from_pixels(tile.left, tile.top, right, bottom, width=self.layout.width, height=self.layout.height)


def plan_sheets(sizes: Sequence[tuple[int, int]], layout: SheetLayout = SheetLayout()) -> tuple[Sheet, ...]:
    """Lays images out on as few sheets as shelves allow; never scales, since that would cost legibility.

    Args:
        sizes: (width, height) of each image, pixels.
        layout: The canvas.

    Returns:
        Sheets, each with at least one image. An image too large for a canvas is on none of them.
    """
    sheets: list[_OpenSheet] = []
    # Tall ones first: every shelf is then as high as its first image, and little is lost above the others.
    for index in sorted(range(len(sizes)), key=lambda i: (-sizes[i][1], -sizes[i][0], i)):
        width, height = sizes[index]
        if any(sheet.place(index, width, height) for sheet in sheets):
            continue
        sheet = _OpenSheet(layout)
        if sheet.place(index, width, height):
            sheets.append(sheet)
    return tuple(Sheet(layout, tuple(sheet.tiles)) for sheet in sheets)


@dataclass(slots=True)
class _Shelf:
    top: int
    height: int
    used: int


class _OpenSheet:
    """A canvas being filled, shelf by shelf."""

    def __init__(self, layout: SheetLayout) -> None:
        self._layout = layout
        self._shelves: list[_Shelf] = []
        self._bottom = layout.gutter
        self.tiles: list[Tile] = []

    def place(self, index: int, width: int, height: int) -> bool:
        """Places an image on the first shelf with room, or on a new one. Returns False if it does not fit."""
        shelf = next((s for s in self._shelves if self._fits(s, width, height)), None) or self._new_shelf(width, height)
        if shelf is None:
            return False
        self.tiles.append(Tile(index, shelf.used, shelf.top, width, height))
        shelf.used += width + self._layout.gutter
        return True

    def _fits(self, shelf: _Shelf, width: int, height: int) -> bool:
        return height <= shelf.height and shelf.used + width + self._layout.gutter <= self._layout.width

    def _new_shelf(self, width: int, height: int) -> _Shelf | None:
        gutter = self._layout.gutter
        shelf = _Shelf(self._bottom, height, gutter)
        if self._bottom + height + gutter > self._layout.height or not self._fits(shelf, width, height):
            return None
        self._shelves.append(shelf)
        self._bottom += height + gutter
        return shelf


def _overlap(first: Box, second: Box) -> float:
    width = min(first.right, second.right) - max(first.left, second.left)
    height = min(first.bottom, second.bottom) - max(first.top, second.top)
    return max(0.0, width) * max(0.0, height)
