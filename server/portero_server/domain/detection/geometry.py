"""Boxes in ratios of an image, Rekognition's convention."""

from __future__ import annotations

from dataclasses import dataclass

# How much of a face's width or height may be outside of the picture: boxes are no more exact than that.
_OUTSIDE = 0.1


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; all four numbers are ratios of the image's width or height, usually 0..1."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def from_pixels(cls, left: float, top: float, right: float, bottom: float, *, width: int, height: int) -> Box:
        """Makes a box from pixel edges in an image of `width` x `height` pixels."""
        return cls(left / width, top / height, (right - left) / width, (bottom - top) / height)

    @property
    def right(self) -> float:
        """The right edge, as a ratio of the width."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The bottom edge, as a ratio of the height."""
        return self.top + self.height

    @property
    def area(self) -> float:
        """The area, as a ratio of the image's area."""
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """The middle, (x, y) in ratios."""
        return self.left + self.width / 2, self.top + self.height / 2

    def to_pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Returns (left, top, right, bottom) in whole pixels, cut at the edges of the image."""
        return (
            max(0, min(width, round(self.left * width))),
            max(0, min(height, round(self.top * height))),
            max(0, min(width, round(self.right * width))),
            max(0, min(height, round(self.bottom * height))),
        )

    def clipped(self) -> Box:
        """Returns the part inside the image."""
        left, top = max(0.0, self.left), max(0.0, self.top)
        return Box(left, top, max(0.0, min(1.0, self.right) - left), max(0.0, min(1.0, self.bottom) - top))

    def padded(self, ratio: float) -> Box:
        """Returns the box grown on each side by `ratio` of its own size, cut at the edges of the image."""
        dx, dy = self.width * ratio, self.height * ratio
        return Box(self.left - dx, self.top - dy, self.width + 2 * dx, self.height + 2 * dy).clipped()

    def padded_by(self, ratio: float) -> Box:
        """Returns the box grown on each side by `ratio` of the image, cut at its edges."""
        return Box(self.left - ratio, self.top - ratio, self.width + 2 * ratio, self.height + 2 * ratio).clipped()

    def within(self, outer: Box) -> Box:
        """Returns this box, a box of the whole image, in ratios of `outer`, a region of the same image."""
        return Box(
            (self.left - outer.left) / outer.width,
            (self.top - outer.top) / outer.height,
            self.width / outer.width,
            self.height / outer.height,
        )

    def union(self, other: Box) -> Box:
        """Returns the smallest box that holds both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Box(left, top, max(self.right, other.right) - left, max(self.bottom, other.bottom) - top)

    def iou(self, other: Box) -> float:
        """Returns intersection over union with another box, 0..1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)


WHOLE = Box(0.0, 0.0, 1.0, 1.0)
"""The whole image."""


def cut_off(box: Box) -> bool:
    """Returns whether a face reaches over an edge of the picture, by more than boxes are inexact."""
    inside = box.clipped()
    return inside.width < (1 - _OUTSIDE) * box.width or inside.height < (1 - _OUTSIDE) * box.height
