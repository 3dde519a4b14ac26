"""What a server tells of a camera's earlier pictures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import camera_service_pb2 as pb2

from portero_bridge.earlier import earlier_spans
from portero_client.settings import ConnectionSettings
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal

BEGAN = datetime.fromtimestamp(1_750_000_000, UTC)
HOUR = timedelta(hours=1)


def after(seconds: float) -> datetime:
    """Returns a time of the fake."""
    return BEGAN + timedelta(seconds=seconds)


async def test_sightings_of_the_time_and_the_last_picture_are_told() -> None:
    """Other cameras do not count; what may not be asked is left out, as is a server that is not there."""
    async with FakeServer() as server:
        name = "cameras/door"
        server.cameras.cameras[name] = pb2.Camera(name=name)
        server.cameras.statuses[name] = pb2.CameraStatus(last_frame_time=Timestamp(seconds=1_750_000_070))
        server.sightings.store("a", "door", seconds=60, lasting=5)
        server.sightings.store("b", "gate", seconds=60, lasting=5)
        connection = ConnectionSettings(server.address)
        seen = (after(60), after(65))
        assert await earlier_spans(connection, "door", BEGAN, HOUR) == [(after(70), after(70)), seen]
        server.refuse("GetCameraStatus", Refusal(grpc.StatusCode.PERMISSION_DENIED, "not yours"))
        assert await earlier_spans(connection, "door", BEGAN, HOUR) == [seen]
    assert await earlier_spans(connection, "door", BEGAN, HOUR) == []
