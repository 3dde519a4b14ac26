"""What was found in photos, in CompreFace's shapes."""

from __future__ import annotations

from portero_client import Box, FaceComparison
from portero_console.compreface.answers import box, largest
from portero_console.compreface.sizes import Size


def test_a_box_ends_at_the_edges_of_its_photo() -> None:
    """A face that is cut by the edge has no pixels beyond it."""
    found = box(Box(-0.1, 0.2501, 0.5, 0.9), Size(640, 480))
    assert found == {"x_min": 0, "y_min": 120, "x_max": 256, "y_max": 480}


def test_the_largest_faces_keep_their_order() -> None:
    """Which faces are meant follows from their size, how they are told from how alike they are."""
    small, middle, large = (
        FaceComparison(Box(0, 0, side, side), 1 - side, same_person=False) for side in (0.1, 0.2, 0.3)
    )
    assert largest((small, middle, large), 2) == [middle, large]
    assert largest((small, middle, large), 0) == [small, middle, large]
