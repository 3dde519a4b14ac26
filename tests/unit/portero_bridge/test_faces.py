"""What a server tells of the faces of a picture."""

from __future__ import annotations

import grpc
import pytest

from portero_bridge.faces import count_faces, tell_faces
from portero_client.detections import Box, Face, FaceQuality
from portero_client.settings import ConnectionSettings
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal


def face(size: float) -> Face:
    """Returns a face of a size relative to what the engine needs."""
    return Face(Box(0, 0, 0.1, 0.1), 0.9, FaceQuality(size, 1, 1, 1, size), None, ())


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ((), "the last picture shows no faces"),
        ((0.5,), "the last picture shows 1 face"),
        ((1.0, 0.6), "the last picture shows 2 faces"),
        ((0.49,), "the last picture shows 1 face; it is too small to be recognized well: "),
        ((1.0, 0.0, 0.8), "the last picture shows 3 faces; 1 of them (33%) is too small"),
        ((0.1, 0.2, 0.8, 0.3), "the last picture shows 4 faces; 3 of them (75%) are too small"),
    ],
)
def test_faces_are_told_with_those_too_small(sizes: tuple[float, ...], says: str) -> None:
    """Their number, and their share where it helps."""
    assert tell_faces([face(size) for size in sizes]).startswith(says)


async def test_a_server_counts_the_faces_or_is_told_why_not() -> None:
    """It is asked once; a refusal says which roles may, and a server that is away is no fault of the camera."""
    async with FakeServer() as server:
        connection = ConnectionSettings(server.address)
        assert await count_faces(connection, photo("ana", "ben")) == "the last picture shows 2 faces"
        assert server.calls["RecognizeImage"] == 1
        server.refuse("RecognizeImage", Refusal(grpc.StatusCode.PERMISSION_DENIED, "not with this key"))
        said = await count_faces(connection, photo("ana"))
        assert said == "faces not counted: not with this key; a key with the role check-in-desk or operator may ask"
    assert (await count_faces(connection, photo("ana"))).startswith("faces not counted: ")
