from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from portero.v1 import camera_service_pb2

from portero_bridge import camera as bridge_camera
from portero_bridge.errors import SourceFault
from portero_bridge.events import BridgeEvent, ImageSkipped, RecordingDated
from portero_bridge.settings import CameraSettings, Pacing
from portero_client import Box, Match, PermissionDenied
from portero_client.streaming.events import StreamAccount, TrackState, TrackUpdated
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer

BEGAN = datetime(2026, 5, 1, 10, tzinfo=UTC)
ACCOUNT = StreamAccount(
    replayed=0, rejected=0, missing=0, duplicate=1, unchanged=5, skipped=0, empty=1, with_faces=3, recognitions=2
)


def visit(sighting: str, match: Match | None = None) -> TrackUpdated:
    """Returns the news that a face was decided."""
    box = Box(0.1, 0.1, 0.2, 0.2)
    return TrackUpdated(
        "stage", sighting, TrackState.CONFIRMED, 1, box, match, f"sightings/{sighting}", BEGAN, BEGAN, 0.3
    )


class FakeBridge:
    """Stands in for the bridge's run_camera: gives events, then what it is told to."""

    def __init__(self) -> None:
        self.events: list[BridgeEvent] = []
        self.account: StreamAccount | None = ACCOUNT
        self.fault: Exception | None = None
        self.until_stopped = False
        self.settings: CameraSettings | None = None
        self.given: dict[str, Any] = {}

    async def __call__(
        self,
        settings: CameraSettings,
        *,
        on_event: Callable[[BridgeEvent], None],
        stop: asyncio.Event,
        **given: Any,
    ) -> StreamAccount | None:
        """Streams what was prepared."""
        self.settings, self.given = settings, given
        for event in self.events:
            on_event(event)
        if self.fault is not None:
            raise self.fault
        if self.until_stopped:
            os.kill(os.getpid(), signal.SIGINT)
            await stop.wait()
        return self.account


@pytest.fixture
def bridge(monkeypatch: pytest.MonkeyPatch) -> FakeBridge:
    """The bridge that `portero stream` finds."""
    fake = FakeBridge()
    monkeypatch.setattr(bridge_camera, "run_camera", fake)
    return fake


@pytest.fixture
def clip(tmp_path: Path) -> str:
    """A file that may be a video."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"video")
    return str(path)


async def test_a_recording_ends_with_the_sightings_of_its_run(
    cli: Cli, server: FakeServer, bridge: FakeBridge, clip: str
) -> None:
    """Only sightings of this run are listed, as they are stored now, each once, with what became of the frames."""
    server.sightings.store("old", "stage", "bea", seconds=0)
    server.sightings.store("s1", "stage", "ana", seconds=10)
    server.sightings.store("s2", "stage", seconds=5)
    bridge.events = [visit("s1", Match("people/ana", "Ana", 0.9, 0.4)), visit("s2"), visit("s1"), visit("dissolved")]
    result = await cli("stream", clip, "--camera", "stage", "--once", "--json")
    assert result.code == 0
    assert result.document["camera"] == "cameras/stage"
    assert [sighting["name"] for sighting in result.document["sightings"]] == ["sightings/s2", "sightings/s1"]
    assert result.document["sightings"][1]["display_name"] == "Ana"
    assert result.document["account"]["with_faces"] == 3


async def test_people_read_lines_and_a_table(cli: Cli, server: FakeServer, bridge: FakeBridge, clip: str) -> None:
    """Without a terminal, comings are lines on stderr and the summary is a table on stdout."""
    server.sightings.store("s1", "stage", "ana")
    bridge.events = [visit("s1", Match("people/ana", "Ana", 0.9, 0.4))]
    result = await cli("stream", clip, "--camera", "stage", "--once")
    assert result.err.endswith("seen       Ana (90%)\n")
    assert "sightings/s1" in result.out
    assert "with faces" in result.out


async def test_the_options_become_the_bridges_settings(
    cli: Cli, server: FakeServer, bridge: FakeBridge, clip: str
) -> None:
    """Rate, once and pace are passed on, as is the server; a recording is less patient than a camera."""
    times = ["--start", "2026-05-01T10:30:00Z", "--recorded-rate", "2"]
    await cli("stream", clip, "--camera", "stage", "--once", *times)
    start = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)
    assert bridge.settings == CameraSettings(name="stage", source=clip, once=True, start=start, recorded_rate=2)
    await cli("stream", clip, "--camera", "cameras/stage", "--once", "--rate", "10", "--realtime")
    assert bridge.settings == CameraSettings(name="stage", source=clip, rate=10, once=True, pacing=Pacing.REALTIME)
    assert bridge.given["server"] == server.address
    patience = bridge.given["patience"]
    await cli("stream", clip, "--camera", "stage")
    assert bridge.settings == CameraSettings(name="stage", source=clip)
    assert bridge.given["patience"] > patience


async def test_ctrl_c_ends_a_stream_in_good_order(cli: Cli, bridge: FakeBridge, clip: str) -> None:
    """Ctrl-C lets the bridge finish, and the summary follows with code 0."""
    bridge.until_stopped = True
    result = await cli("stream", clip, "--camera", "stage")
    assert result.code == 0
    assert "nobody was seen" in result.out


async def test_frames_that_were_not_confirmed_are_told(cli: Cli, bridge: FakeBridge, clip: str) -> None:
    """When the server did not confirm the end, the code says so."""
    bridge.account = None
    result = await cli("stream", clip, "--camera", "stage", "--json")
    assert (result.code, result.document["account"]) == (5, None)
    assert result.notes == ["the server did not confirm the last frames in time"]


async def test_a_source_that_is_none_is_refused_before_anything_else(cli: Cli, server: FakeServer) -> None:
    """A path that does not exist is one line that shows what a source may be."""
    result = await cli("stream", "/no/such/clip.mp4", "--camera", "stage", "--once")
    assert result.code == 4
    assert result.err.startswith("error: source '/no/such/clip.mp4' is not an http(s), rtsp(s) or mqtt(s) URL")
    assert not server.calls


async def test_a_source_that_fails_is_invalid_input(cli: Cli, bridge: FakeBridge, clip: str) -> None:
    """A file that is not a video ends with code 4, what the server says keeps its own code."""
    bridge.fault = SourceFault("clip.mp4 is not a video that can be decoded here")
    result = await cli("stream", clip, "--camera", "stage", "--once")
    assert (result.code, result.err) == (4, "error: clip.mp4 is not a video that can be decoded here\n")
    bridge.fault = PermissionDenied("this bridge has other cameras")
    assert (await cli("stream", clip, "--camera", "stage", "--once")).code == 6


async def test_skipped_images_are_named_and_end_with_a_code(cli: Cli, bridge: FakeBridge, clip: str) -> None:
    """Each file that could not be used is told once, beside the summary; only a run with an end has a code for it."""
    bridge.events = [ImageSkipped("stage", "b.png is not an image"), ImageSkipped("stage", "b.png is not an image")]
    result = await cli("stream", clip, "--camera", "stage", "--once", "--json")
    assert (result.code, result.document["skipped"]) == (4, ["b.png is not an image"])
    assert result.notes[-1] == "skipped: b.png is not an image"
    assert (await cli("stream", clip, "--camera", "stage")).code == 0


async def test_a_recording_tells_when_it_began(cli: Cli, bridge: FakeBridge, clip: str) -> None:
    """The time that was taken, and what said so, are beside the summary."""
    bridge.events = [RecordingDated("stage", BEGAN, "its name")]
    result = await cli("stream", clip, "--camera", "stage", "--once", "--json")
    assert (result.document["start"], result.document["dated_by"]) == ("2026-05-01T10:00:00Z", "its name")
    assert f"the recording began at {BEGAN.astimezone():%Y-%m-%d %H:%M:%S} by its name" in result.notes


async def test_a_recording_does_not_break_into_a_live_stream(
    cli: Cli, server: FakeServer, bridge: FakeBridge, clip: str
) -> None:
    """A camera that is streaming is left alone; in real time the file is a camera like any, and takes over."""
    server.cameras.cameras["cameras/stage"] = camera_service_pb2.Camera(name="cameras/stage")
    server.cameras.statuses["cameras/stage"] = camera_service_pb2.CameraStatus(streaming=True)
    result = await cli("stream", clip, "--camera", "stage", "--once")
    assert (result.code, bridge.settings) == (7, None)
    assert result.err.startswith("error: cameras/stage is streaming; end that first, or send the recording to a camera")
    assert (await cli("stream", clip, "--camera", "stage", "--once", "--realtime")).code == 0


async def test_only_a_recording_has_a_start(cli: Cli, bridge: FakeBridge) -> None:
    """A start for a camera is a mistake that is told."""
    result = await cli("stream", "0", "--camera", "stage", "--start", "2h")
    assert (result.code, "start is for video files and folders of images" in result.err) == (4, True)


async def test_an_absent_server_is_told_at_once(cli: Cli, server: FakeServer, bridge: FakeBridge, clip: str) -> None:
    """The bridge's patience is for interruptions, not for a server that was never there."""
    await server.stop()
    assert (await cli("stream", clip, "--camera", "stage")).code == 5
    assert bridge.settings is None
