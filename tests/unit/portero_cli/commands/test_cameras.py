from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import camera_service_pb2

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


async def test_cameras_without_a_command_lists_them(cli: Cli) -> None:
    """`portero cameras` and `portero cameras list` give the same."""
    await cli("cameras", "add", "door", "--name", "Front door", "--site", "hotel")
    bare, listed = await cli("cameras", "--json"), await cli("cameras", "list", "--json")
    assert bare.document == listed.document
    [camera] = bare.document["cameras"]
    assert (camera["name"], camera["display_name"], camera["site"]) == ("cameras/door", "Front door", "hotel")
    assert "Front door" in (await cli("cameras")).out


async def test_a_camera_is_added_with_its_settings(cli: Cli) -> None:
    """What is typed is what is stored; what is not typed is the server's."""
    options = ("--mode", "text", "--purpose", "check_in", "--visit-gap", "2m", "--threshold", "0.7")
    camera = (await cli("cameras", "add", "desk", *options, "--json")).document["camera"]
    assert camera["display_name"] == "desk"
    assert (camera["mode"], camera["purpose"]) == ("text", "check_in")
    assert (camera["visit_gap"], camera["similarity_threshold"]) == ("120s", 0.7)
    plain = (await cli("cameras", "add", "door", "--json")).document["camera"]
    assert (plain["visit_gap"], plain["similarity_threshold"]) == (None, None)


async def test_a_camera_is_shown_with_its_stream(cli: Cli, server: FakeServer) -> None:
    """Showing gives the camera and how its stream is doing."""
    await cli("cameras", "add", "door")
    server.cameras.statuses["cameras/door"] = camera_service_pb2.CameraStatus(
        streaming=True, session="s", frame_rate=4.96, frames_received=100, watermark_lag=3
    )
    document = (await cli("cameras", "show", "door", "--json")).document
    assert document["camera"]["name"] == "cameras/door"
    assert document["status"]["frames_received"] == 100
    assert document["status"]["last_frame_time"] is None
    out = (await cli("cameras", "show", "door")).out
    assert "5.0" in out
    assert "open" in out


async def test_whose_clock_dates_a_camera_is_set(cli: Cli) -> None:
    """A camera is added with a time source, or given another one later; everything else of it stays."""
    added = (await cli("cameras", "add", "door", "--time", "arrival", "--name", "Front", "--json")).document["camera"]
    assert added["time_source"] == "arrival"
    changed = (await cli("cameras", "set", "door", "--time", "capture", "--json")).document["camera"]
    assert (changed["time_source"], changed["display_name"]) == ("capture", "Front")
    assert (await cli("cameras", "set", "door", "--time", "sundial")).code == 2


async def test_a_wrong_clock_is_shown(cli: Cli, server: FakeServer) -> None:
    """Showing a camera, and `top`, say what is wrong with its clock and by how much; a sound one is not mentioned."""
    await cli("cameras", "add", "door")
    status = camera_service_pb2.CameraStatus(streaming=True, clock_state=camera_service_pb2.CLOCK_STATE_SET_BACK)
    status.clock_skew.FromMilliseconds(-12_000)
    server.cameras.statuses["cameras/door"] = status
    document = (await cli("cameras", "show", "door", "--json")).document
    assert (document["status"]["clock_state"], document["status"]["clock_skew"]) == ("set_back", "-12s")
    [row] = (await cli("top", "--once", "--json")).document["cameras"]
    assert row["clock"] == "set back, -12.0 s"
    status.clock_state = camera_service_pb2.CLOCK_STATE_STEADY
    [row] = (await cli("top", "--once", "--json")).document["cameras"]
    assert row["clock"] == ""


async def test_a_view_that_shows_nothing_is_shown(cli: Cli, server: FakeServer) -> None:
    """Showing a camera says why it sees nothing of what it should; one that sees it is not mentioned."""
    await cli("cameras", "add", "door")
    status = camera_service_pb2.CameraStatus(streaming=True, view_state=camera_service_pb2.VIEW_STATE_MOVED)
    server.cameras.statuses["cameras/door"] = status
    assert (await cli("cameras", "show", "door", "--json")).document["status"]["view_state"] == "moved"
    assert "moved" in (await cli("cameras", "show", "door")).out
    status.view_state = camera_service_pb2.VIEW_STATE_CLEAR
    assert "clear" not in (await cli("cameras", "show", "door")).out


async def test_how_soon_people_are_named_is_shown(cli: Cli, server: FakeServer) -> None:
    """Showing a camera, and `top`, say within what time half of its last names came, and nearly all."""
    await cli("cameras", "add", "door")
    status = camera_service_pb2.CameraStatus(streaming=True)
    server.cameras.statuses["cameras/door"] = status
    [row] = (await cli("top", "--once", "--json")).document["cameras"]
    assert row["named_in"] is None
    status.time_to_name_p50.FromMilliseconds(300)
    status.time_to_name_p95.FromMilliseconds(1200)
    [row] = (await cli("top", "--once", "--json")).document["cameras"]
    assert row["named_in"] == [0.3, 1.2]
    assert "95 %" in (await cli("cameras", "show", "door")).out


async def test_what_a_bridge_is_asked_for_is_shown(cli: Cli, server: FakeServer) -> None:
    """Showing a camera, and `top`, say what its bridge is asked for and why, how far it is, and its version."""
    await cli("cameras", "add", "door")
    status = camera_service_pb2.CameraStatus(streaming=True, agent="portero-bridge/9", asked_max_rate=2.0)
    status.steering_causes.append(camera_service_pb2.STEERING_CAUSE_IDLE)
    status.network_delay.FromMilliseconds(40)
    server.cameras.statuses["cameras/door"] = status
    document = (await cli("cameras", "show", "door", "--json")).document["status"]
    assert (document["agent"], document["asked_max_rate"], document["steering_causes"]) == (
        "portero-bridge/9",
        2.0,
        ["idle"],
    )
    [row] = (await cli("top", "--once", "--json")).document["cameras"]
    assert (row["asked"], row["network_delay"], row["agent"]) == ("2.0 frames/s (idle)", 0.04, "portero-bridge/9")
    status.asked_pause.FromSeconds(600)
    status.asked_max_side = 640
    status.steering_causes.append(camera_service_pb2.STEERING_CAUSE_BUDGET_SPENT)
    [row] = (await cli("top", "--once", "--json")).document["cameras"]
    assert row["asked"] == "pause of 600 s, 2.0 frames/s, 640 pixels (idle, budget spent)"


async def test_a_dead_camera_is_told(cli: Cli, server: FakeServer) -> None:
    """`cameras` and `top` say since when no picture came, with a stream or without; a live one has its rate."""
    for camera in ("dead", "gone", "live", "new", "off", "paused"):
        await cli("cameras", "add", camera)
    server.cameras.cameras["cameras/off"].disabled = True
    last = Timestamp(seconds=1_750_000_000)
    statuses = server.cameras.statuses
    statuses["cameras/dead"] = camera_service_pb2.CameraStatus(streaming=True, last_frame_time=last)
    statuses["cameras/gone"] = camera_service_pb2.CameraStatus(last_frame_time=last)
    statuses["cameras/live"] = camera_service_pb2.CameraStatus(streaming=True, frame_rate=5, last_frame_time=last)
    statuses["cameras/new"] = camera_service_pb2.CameraStatus(streaming=True)
    statuses["cameras/paused"] = camera_service_pb2.CameraStatus(streaming=True, last_frame_time=last)
    statuses["cameras/paused"].asked_pause.FromSeconds(60)
    rows = {row["camera"]: row["state"] for row in (await cli("top", "--json")).document["cameras"]}
    since = "no picture since 2025-06-15"
    assert rows.pop("dead").startswith(since)
    assert rows.pop("gone").startswith(since)
    assert rows == {"live": "5.0 frames/s", "new": "no picture yet", "paused": "paused"}
    listed = (await cli("cameras")).out
    assert listed.count(since) == 2
    assert "disabled" in listed


async def test_cameras_are_removed(cli: Cli) -> None:
    """Removing tells each, and the list is empty then."""
    await cli("cameras", "add", "a")
    await cli("cameras", "add", "b")
    assert (await cli("cameras", "remove", "a", "cameras/b", "--yes", "--json")).document == {
        "removed": ["cameras/a", "cameras/b"],
        "failed": [],
    }
    assert (await cli("cameras")).out == "no camera\n"


async def test_a_taken_id_is_a_conflict(cli: Cli) -> None:
    """Adding a camera twice ends with code 7 and the server's sentence."""
    await cli("cameras", "add", "door")
    result = await cli("cameras", "add", "door")
    assert (result.code, result.err) == (7, "error: cameras/door exists already\n")


async def test_a_malformed_duration_is_a_wrong_command_line(cli: Cli) -> None:
    """A duration that is none ends with code 2 and shows how durations are written."""
    result = await cli("cameras", "add", "door", "--visit-gap", "soon")
    assert result.code == 2
    assert "write 90s, 15m, 2h, 3d or 1w" in result.err
