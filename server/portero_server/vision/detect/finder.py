"""The seam between the face detector and the libraries that find faces: what a finder is, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from portero_server.vision.landmarks import nose_base
from portero_server.vision.quality import Landmarks

Image = NDArray[np.uint8]
"""Height x width (gray) or height x width x 3 (BGR), uint8."""

# The boxes of the rest of the program are those of dlib's detector: squares from the brows to the chin, and a little
# wider than the face. A network's box is the face itself, from hairline to chin.
_SIDE = 1.1
_CENTER_HEIGHT = 0.56


@dataclass(frozen=True, slots=True)
class FinderTraits:
    """What a finder is and what it costs.

    Attributes:
        name: As in the setting PORTERO_DETECTOR.
        model: Library or file, and version; for people.
        color: Whether it sees more in color than in gray.
        least_face: Narrowest face that it finds reliably at an image's own scale, pixels.
        most_face: Widest face that it finds as one; None: any. Wider ones are searched in a smaller picture.
        quick_face: Narrowest face that a quick look finds unless the policy says otherwise, pixels of the frame.
        most_pixels: Most pixels of one search unless the policy says otherwise.
        min_confidence: What counts as a face unless the policy says otherwise, 0..1.
        coarse_landmarks: Whether its landmarks move by more than a hundredth of a face that does not, so that they
            say how a face is turned, but faces cannot be compared by them.
    """

    name: str
    model: str
    color: bool
    least_face: int
    most_face: int | None
    quick_face: int
    most_pixels: int
    min_confidence: float
    coarse_landmarks: bool


@dataclass(frozen=True, slots=True)
class RawFace:
    """A face in the searched image, in its pixels.

    Attributes:
        left: Left edge of the box; boxes are squares as dlib's detector draws them, and may reach over the image.
        top: Top edge.
        side: Width and height.
        confidence: 0..1.
        landmarks: See `quality.Landmarks`.
    """

    left: float
    top: float
    side: float
    confidence: float
    landmarks: Landmarks


class FaceFinder(Protocol):
    """Finds faces in an image at its own scale. Thread-safe; releases the GIL while it searches."""

    @property
    def traits(self) -> FinderTraits:
        """What it is and what it costs."""
        ...

    def search(self, image: Image, min_confidence: float) -> list[RawFace]:
        """Returns the faces of at least that confidence, in any order.

        Args:
            image: Contiguous; BGR if its traits say color, else gray.
            min_confidence: 0..1.
        """
        ...


def face_of_network(box: NDArray[np.float64], points: NDArray[np.float64], confidence: float) -> RawFace:
    """Returns the face that a network of the YuNet family found.

    Args:
        box: Left, top, width, height of the face itself.
        points: 5 x 2: the eye on the image's left, the one on its right, the tip of the nose, both mouth corners.
        confidence: 0..1.
    """
    left, top, width, height = box.tolist()
    side = _SIDE * width
    return RawFace(
        left + width / 2 - side / 2,
        top + _CENTER_HEIGHT * height - side / 2,
        side,
        confidence,
        # Quality was set for the base of the nose, which turns less than its tip.
        np.array([points[0], points[1], nose_base(points[2], points[3:5])]),
    )
