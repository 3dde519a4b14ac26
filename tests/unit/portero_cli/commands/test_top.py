"""`portero top` shows all cameras at a glance."""

from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import camera_service_pb2 as camera_pb2
from portero.v1 import usage_service_pb2 as usage_pb2

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


@pytest.fixture(autouse=True)
async def house(server: FakeServer, cli: Cli) -> None:
    """A door that streams and saw somebody, a desk that does not, and a garage that is switched off."""
    for camera in ("desk", "door", "garage"):
        await cli("cameras", "add", camera)
    server.cameras.cameras["cameras/garage"].disabled = True
    server.cameras.statuses["cameras/door"] = camera_pb2.CameraStatus(
        streaming=True, frame_rate=4.8, watermark_lag=3, open_tracks=1, last_frame_time=Timestamp(seconds=1_750_000_000)
    )
    server.sightings.store("s1", "door", "ana", seconds=0)
    server.sightings.store("s2", "door", "bo", seconds=100)
    server.usage.answer = usage_pb2.GetUsageResponse(
        calls=[usage_pb2.UsageLine(camera="cameras/door", engine="rekognition", operation="x", calls=7, dollars=0.007)],
        dollars=0.009,
        projected_month_dollars=12.5,
        budgets=[usage_pb2.BudgetState(scope="total", daily_dollars=9, spent_dollars=0.009, step="normal")],
    )


async def test_people_read_one_table(cli: Cli) -> None:
    """Cameras without a picture stand first; the money and the budgets are above; disabled cameras are left out."""
    result = await cli("top")
    lines = result.out.splitlines()
    assert result.code == 0
    assert "1 of 2 cameras stream, 4.8 frames/s, $0.009 today, $12.50 projected for the month" in lines[0]
    assert lines[1] == "budget total: $0.009 of $9.00, normal"
    desk, door = lines[-2:]
    assert desk.split()[:3] == ["desk", "no", "stream"]
    assert door.split()[:4] == ["door", "4.8", "frames/s", "Bo"]
    assert door.split()[-2:] == ["7", "0.007"]
    assert "garage" not in result.out


async def test_machines_read_one_document(cli: Cli) -> None:
    """With --json it looks once and gives a row a camera."""
    document = (await cli("top", "--json")).document
    assert [row["camera"] for row in document["cameras"]] == ["desk", "door"]
    assert document["cameras"][1]["last_seen"] == "Bo"
    assert document["usage"]["dollars"] == 0.009


async def test_an_absent_server_is_one_line(cli: Cli, server: FakeServer) -> None:
    """Nobody waits for a server that is not there."""
    await server.stop()
    result = await cli("top")
    assert (result.code, result.err.count("\n")) == (5, 1)
