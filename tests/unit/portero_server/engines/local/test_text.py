"""The size at which text is read; reading itself is tested with the engine."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.engines.local.text import fitted


@pytest.mark.parametrize(
    ("width", "height", "fitted_width", "fitted_height"),
    [
        (320, 200, 640, 400),
        (639, 100, 1278, 200),
        (1280, 800, 1280, 800),
        (4000, 2000, 2000, 1000),
        (80, 4096, 39, 2000),
    ],
    ids=["small", "just small", "as it is", "large", "strip"],
)
def test_images_are_read_at_a_bounded_size(width: int, height: int, fitted_width: int, fitted_height: int) -> None:
    """Small images are doubled so that small letters are read, large ones are reduced so that the cost is bounded."""
    image = np.zeros((height, width, 3), np.uint8)
    assert fitted(image).shape == (fitted_height, fitted_width, 3)
