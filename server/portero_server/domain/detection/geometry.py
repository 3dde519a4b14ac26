"""Boxes as ratios of an image's sides, as Amazon Rekognition reports them."""

from __future__ import annotations

from dataclasses import dataclass

# Share of a face's width or height that may lie outside the image while it counts as whole: detectors place the edges
# of a box no more exactly.
_TOLERATED_OUTSIDE = 0.1


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in ratios of the image: `left` and `width` of its width, `top` and `height` of its height.

    Edges may lie outside 0..1, since detectors also report faces that the edge of the image cuts.
    """

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def from_pixels(cls, left: float, top: float, right: float, bottom: float, *, width: int, height: int) -> Box:
        """Returns the box with these edges, in pixels of an image of `width` x `height` pixels (both above 0)."""
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
        """The center (x, y), as ratios of the width and the height."""
        return self.left + self.width / 2, self.top + self.height / 2

    def to_pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Returns (left, top, right, bottom) in whole pixels of an image of this size, clipped to the image."""
        return (
            max(0, min(width, round(self.left * width))),
            max(0, min(height, round(self.top * height))),
            max(0, min(width, round(self.right * width))),
            max(0, min(height, round(self.bottom * height))),
        )

    def clipped(self) -> Box:
        """Returns the part inside the image; its width or height is 0 if the box lies outside."""
        left, top = max(0.0, self.left), max(0.0, self.top)
        return Box(left, top, max(0.0, min(1.0, self.right) - left), max(0.0, min(1.0, self.bottom) - top))

    def padded(self, ratio: float) -> Box:
        """Returns the box grown on each side by `ratio` of its own width or height, clipped to the image."""
        dx, dy = self.width * ratio, self.height * ratio
        return Box(self.left - dx, self.top - dy, self.width + 2 * dx, self.height + 2 * dy).clipped()

    def with_margin(self, margin: float) -> Box:
        """Returns the box grown on each side by `margin`, a ratio of the image's sides, clipped to the image."""
        return Box(self.left - margin, self.top - margin, self.width + 2 * margin, self.height + 2 * margin).clipped()

    def relative_to(self, region: Box) -> Box:
        """Returns this box in ratios of `region`, a box of the same image whose width and height are above 0."""
        return Box(
            (self.left - region.left) / region.width,
            (self.top - region.top) / region.height,
            self.width / region.width,
            self.height / region.height,
        )

    def union(self, other: Box) -> Box:
        """Returns the smallest box that contains this box and another."""
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


def is_cut_off(face: Box) -> bool:
    """Returns whether more than a tenth of a face's width or height lies outside the image."""
    inside = face.clipped()
    least = 1 - _TOLERATED_OUTSIDE
    return inside.width < least * face.width or inside.height < least * face.height


def at_edge(face: Box) -> bool:
    """Returns whether a face reaches the edge of the image, so that a part of it may lie outside."""
    return face.left <= 0.0 or face.top <= 0.0 or face.right >= 1.0 or face.bottom >= 1.0
