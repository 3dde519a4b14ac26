"""Letting YuNet's network take any size."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.vision.detect.yunet_answers import OUTPUTS
from portero_server.vision.detect.yunet_graph import any_size
from portero_server.vision.runtime import UnusableModel, open_network
from tests.support.server.yunet_stand_in import network


@pytest.mark.parametrize(("height", "width"), [(32, 32), (640, 640), (352, 64)])
def test_any_size_is_taken(height: int, width: int) -> None:
    """The file fixes 640 x 640; the network answers for each cell of a picture of another size."""
    session = open_network(any_size(network()), "a test", any_size=True)
    answers = session.run(OUTPUTS, {"input": np.zeros((1, 3, height, width), np.float32)})
    cells = [height * width // stride**2 for stride in (8, 16, 32)]
    assert [answer.shape for answer in answers] == [(1, count, length) for length in (1, 1, 4, 10) for count in cells]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no network", "not an ONNX model"),
        (network(inputs=2), "2 inputs, not one"),
        (network(shape=(1, 3)), "2 dimensions, not 4"),
    ],
    ids=["no model", "two inputs", "no picture"],
)
def test_what_takes_no_picture_is_refused(content: bytes, reason: str) -> None:
    """The reason is told."""
    with pytest.raises(UnusableModel, match=reason):
        any_size(content)
