"""Every screen fits the terminal: rendered at 60, 80 and 200 columns, no line is longer, and what matters is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import camera_service_pb2 as camera_pb2
from portero.v1 import sighting_service_pb2 as sighting_pb2

from tests.support.client.command_line import Cli
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer

NAME = "María de los Ángeles Fuenzalida Echeverría"


@pytest.fixture(autouse=True)
async def house(server: FakeServer, cli: Cli, tmp_path: Path) -> None:
    """A house with long names, a camera that streams and one whose pictures have stopped."""
    image = tmp_path / "a.jpg"
    image.write_bytes(photo("ana"))
    await cli("people", "add", NAME, image, "--id", "maria")
    await cli("people", "label", "maria", "room=1204", "class=third-year-evening")
    for camera in ("front-door-of-the-annex", "reception-desk"):
        await cli("cameras", "add", camera, "--site", "hotel-del-parque", "--name", f"The {camera}")
    began = Timestamp(seconds=1_750_000_000)
    server.cameras.statuses["cameras/reception-desk"] = camera_pb2.CameraStatus(
        streaming=True, frame_rate=4.8, open_time=began, last_frame_time=began, agent="portero-bridge/0.1.0 (linux)"
    )
    server.cameras.statuses["cameras/front-door-of-the-annex"] = camera_pb2.CameraStatus(
        streaming=True, open_time=began, last_frame_time=began, clock_state=camera_pb2.CLOCK_STATE_SKEWED
    )
    for number in range(3):
        server.sightings.store(f"0198a5c2-7e1f-7d3a-9b44-{number:012}", "front-door-of-the-annex", "maria")
        await server.sightings.tell(sighting_pb2.SIGHTING_EVENT_KIND_STARTED, f"0198a5c2-7e1f-7d3a-9b44-{number:012}")


SCREENS = [
    (("top",), ("reception-desk", "4.8 frames/s", "no picture since")),
    (("cameras",), ("reception-desk", "4.8 frames/s", "no picture since")),
    (("cameras", "show", "front-door-of-the-annex"), ("no picture since", "hotel-del-parque", "skewed")),
    (("people", "list"), ("maria", "Fuenzalida")),
    (("people", "show", "maria"), ("Fuenzalida", "room=1204", "90%")),
    (("sightings",), ("Maria", "first seen")),
    (("watch", "--after", "0", "--count", "3"), ("started", "Maria (90%)")),
    (("doctor",), ("python", "serving")),
    (("keys", "list"), ("no key",)),
]


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize(("arguments", "words"), SCREENS)
async def test_a_screen_fits(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, width: int, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """No line is wider than the terminal, and each word that matters is readable."""
    monkeypatch.setenv("COLUMNS", str(width))
    out = (await cli(*arguments)).out
    assert max(map(len, out.splitlines())) <= width
    for word in words:
        assert word in " ".join(out.split())


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("arguments", [("cameras",), ("top",), ("sightings",)])
async def test_ids_are_whole(cli: Cli, monkeypatch: pytest.MonkeyPatch, width: int, arguments: tuple[str, ...]) -> None:
    """The id of a camera is never broken over two lines, so that it can be copied."""
    monkeypatch.setenv("COLUMNS", str(width))
    assert "front-door-of-the-annex" in (await cli(*arguments)).out
