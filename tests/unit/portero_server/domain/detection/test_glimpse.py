"""What a look at the whole picture says: clear, dark or covered."""

from __future__ import annotations

import pytest

from portero_server.domain.detection.glimpse import Glimpse, Visibility

CLEAR, DARK, COVERED = Visibility.CLEAR, Visibility.DARK, Visibility.COVERED


@pytest.mark.parametrize(
    ("says", "mean", "bright", "contrast", "expected"),
    [
        ("a lit room", 120.0, 200.0, 20.0, CLEAR),
        ("a dim one", 20.0, 40.0, 4.0, CLEAR),
        ("a dark one with a lit door", 9.0, 60.0, 6.0, CLEAR),
        ("just enough light", 8.0, 15.0, 2.0, CLEAR),
        ("too little light", 8.0, 14.9, 2.0, DARK),
        ("no light and no contrast", 1.0, 2.0, 0.2, DARK),
        ("a hand in the light", 90.0, 130.0, 1.4, COVERED),
        ("tape in dim light, with noise", 18.0, 24.0, 1.4, COVERED),
        ("a bright cloth before the lens", 150.0, 190.0, 4.4, COVERED),
        ("a plain wall with a door frame", 150.0, 190.0, 4.6, CLEAR),
        ("the sun in the lens", 254.0, 255.0, 0.5, COVERED),
    ],
)
def test_light_and_contrast_decide(
    says: str, mean: float, bright: float, contrast: float, expected: Visibility
) -> None:
    """Without light it is dark, and without contrast covered, measured by how bright it is."""
    assert Glimpse(mean, bright, contrast).visibility is expected, says
