"""CameraService, over a real connection and a real database."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from portero.v1 import camera_service_pb2 as pb
from portero.v1.detections_pb2 import Box

from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.domain.detection.glimpse import ViewState
from portero_server.domain.steering.policy import Asked, SteeringCause
from portero_server.streaming.status import LiveStatus
from tests.support.server.rpc_edge import refused
from tests.support.server.serving import House

_CODE = grpc.StatusCode
_FULL = pb.Camera(
    display_name="Front door",
    site="hotel-1",
    mode=pb.CAMERA_MODE_TEXT,
    purpose=pb.CAMERA_PURPOSE_CHECK_IN,
    disabled=True,
    visit_gap=Duration(seconds=90, nanos=500_000_000),
    similarity_threshold=0.75,
    privacy_zones=[Box(left=0.25, top=0, width=0.75, height=0.5)],
    time_source=pb.CAMERA_TIME_SOURCE_ARRIVAL,
)


async def _create(house: House, camera_id: str = "door", **fields: Any) -> pb.Camera:
    request = pb.CreateCameraRequest(camera_id=camera_id, camera=pb.Camera(**fields))
    return (await house.cameras.CreateCamera(request)).camera


async def test_camera_comes_back_as_it_was_created(house: House) -> None:
    """Every field of a camera survives, and the times are the server's."""
    created = (await house.cameras.CreateCamera(pb.CreateCameraRequest(camera_id="door", camera=_FULL))).camera
    expected = pb.Camera(name="cameras/door")
    expected.MergeFrom(_FULL)
    expected.create_time.FromDatetime(house.clock.now())
    expected.update_time.FromDatetime(house.clock.now())
    assert created == expected
    assert (await house.cameras.GetCamera(pb.GetCameraRequest(name="cameras/door"))).camera == created


async def test_bare_camera_takes_the_defaults(house: House) -> None:
    """A camera of which nothing is said looks for faces of visitors and is called by its id."""
    camera = await _create(house)
    assert (camera.display_name, camera.site) == ("door", "")
    assert (camera.mode, camera.purpose) == (pb.CAMERA_MODE_FACES, pb.CAMERA_PURPOSE_VISITOR)
    assert not camera.HasField("visit_gap")
    assert not camera.HasField("similarity_threshold")


async def test_taken_id_isrefused(house: House) -> None:
    """A camera_id in use gives ALREADY_EXISTS with the resource."""
    await _create(house)
    refusal = await refused(_create(house))
    assert (refusal.code, refusal.resource) == (_CODE.ALREADY_EXISTS, ("portero.v1.Camera", "cameras/door"))


@pytest.mark.parametrize(
    ("camera_id", "fields", "field"),
    [
        ("", {}, "camera_id"),
        ("Door", {}, "camera_id"),
        ("x" * 64, {}, "camera_id"),
        ("door", {"display_name": "x" * 201}, "camera.display_name"),
        ("door", {"site": "Hotel 1"}, "camera.site"),
        ("door", {"mode": 9}, "camera.mode"),
        ("door", {"purpose": 9}, "camera.purpose"),
        ("door", {"visit_gap": Duration()}, "camera.visit_gap"),
        ("door", {"visit_gap": Duration(seconds=-5)}, "camera.visit_gap"),
        ("door", {"visit_gap": Duration(seconds=86_401)}, "camera.visit_gap"),
        ("door", {"visit_gap": Duration(seconds=2**62)}, "camera.visit_gap"),
        ("door", {"similarity_threshold": 1.01}, "camera.similarity_threshold"),
        ("door", {"similarity_threshold": float("nan")}, "camera.similarity_threshold"),
    ],
)
async def test_malformed_camera_names_the_field(
    house: House, camera_id: str, fields: dict[str, Any], field: str
) -> None:
    """Each bad field gives INVALID_ARGUMENT naming it."""
    refusal = await refused(_create(house, camera_id, **fields))
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, (field,))


async def test_mask_says_what_changes(house: House) -> None:
    """Only masked fields change; masked fields without a value go back to the server's setting."""
    created = (await house.cameras.CreateCamera(pb.CreateCameraRequest(camera_id="door", camera=_FULL))).camera
    house.clock.advance(60)
    change = pb.Camera(name="cameras/door", display_name="Ignored", mode=pb.CAMERA_MODE_FACES)
    paths = ["mode", "disabled", "visit_gap", "similarity_threshold", "site", "purpose", "time_source"]
    request = pb.UpdateCameraRequest(camera=change, update_mask=FieldMask(paths=paths))
    updated = (await house.cameras.UpdateCamera(request)).camera
    assert (updated.display_name, updated.site, updated.disabled) == ("Front door", "", False)
    assert (updated.mode, updated.purpose) == (pb.CAMERA_MODE_FACES, pb.CAMERA_PURPOSE_VISITOR)
    assert updated.time_source == pb.CAMERA_TIME_SOURCE_CAPTURE
    assert not updated.HasField("visit_gap")
    assert not updated.HasField("similarity_threshold")
    assert updated.create_time == created.create_time
    assert updated.update_time.seconds == created.update_time.seconds + 60


async def test_empty_mask_changes_what_is_set(house: House) -> None:
    """Without a mask set fields change and others stay; with nothing set, nothing changes."""
    await house.cameras.CreateCamera(pb.CreateCameraRequest(camera_id="door", camera=_FULL))
    update = house.cameras.UpdateCamera
    before = (await update(pb.UpdateCameraRequest(camera=pb.Camera(name="cameras/door")))).camera
    change = pb.Camera(name="cameras/door", display_name="Back door", similarity_threshold=0)
    after = (await update(pb.UpdateCameraRequest(camera=change))).camera
    assert (before.display_name, before.similarity_threshold) == ("Front door", 0.75)
    assert (after.display_name, after.similarity_threshold) == ("Back door", 0)
    assert (after.site, after.disabled, after.visit_gap) == ("hotel-1", True, before.visit_gap)


async def test_mask_of_other_paths_isrefused(house: House) -> None:
    """A path that cannot be changed is refused, and the message says which can."""
    await _create(house)
    request = pb.UpdateCameraRequest(
        camera=pb.Camera(name="cameras/door"), update_mask=FieldMask(paths=["create_time"])
    )
    refusal = await refused(house.cameras.UpdateCamera(request))
    assert (refusal.fields, refusal.reason) == (("update_mask",), "BAD_FIELD_MASK")
    assert "display_name" in refusal.message


async def test_unknown_camera_is_not_found(house: House) -> None:
    """Every method that takes a camera's name says NOT_FOUND with the resource."""
    cameras, name = house.cameras, "cameras/none"
    for call in (
        cameras.GetCamera(pb.GetCameraRequest(name=name)),
        cameras.UpdateCamera(pb.UpdateCameraRequest(camera=pb.Camera(name=name, site="s"))),
        cameras.DeleteCamera(pb.DeleteCameraRequest(name=name)),
        cameras.GetCameraStatus(pb.GetCameraStatusRequest(name=name)),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.resource) == (_CODE.NOT_FOUND, ("portero.v1.Camera", name))


async def test_deleted_camera_is_gone(house: House) -> None:
    """A deleted camera is not found, and its id is free again."""
    await _create(house)
    await house.cameras.DeleteCamera(pb.DeleteCameraRequest(name="cameras/door"))
    refusal = await refused(house.cameras.GetCamera(pb.GetCameraRequest(name="cameras/door")))
    assert refusal.code is _CODE.NOT_FOUND
    assert (await _create(house)).name == "cameras/door"


async def test_pages_of_one_site_show_each_camera_once(house: House) -> None:
    """A walk through a site's cameras is complete and in order though one comes in between."""
    for camera_id, site in (("a", "x"), ("b", "y"), ("c", "x"), ("e", "x")):
        await _create(house, camera_id, site=site)
    request = pb.ListCamerasRequest(site="x", page_size=2)
    first = await house.cameras.ListCameras(request)
    await _create(house, "d", site="x")
    request.page_token = first.next_page_token
    second = await house.cameras.ListCameras(request)
    assert [camera.name for camera in (*first.cameras, *second.cameras)] == [f"cameras/{x}" for x in "acde"]
    assert not second.next_page_token
    request.site = "y"
    assert (await refused(house.cameras.ListCameras(request))).reason == "PAGE_TOKEN_MISMATCH"


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListCamerasRequest(page_size=1001), "page_size"),
        (pb.ListCamerasRequest(page_token="!"), "page_token"),
        (pb.ListCamerasRequest(site="Not A Site"), "site"),
    ],
)
async def test_bad_page_request_names_the_field(house: House, request_: pb.ListCamerasRequest, field: str) -> None:
    """An oversized page, a malformed token and an impossible site are refused."""
    refusal = await refused(house.cameras.ListCameras(request_))
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, (field,))


async def test_status_of_a_camera_without_stream(house: House) -> None:
    """A camera whose stream is not open is not streaming."""
    await _create(house)
    response = await house.cameras.GetCameraStatus(pb.GetCameraStatusRequest(name="cameras/door"))
    assert response.status == pb.CameraStatus()


async def test_status_tells_the_last_picture_of_an_earlier_stream(house: House) -> None:
    """A camera that went away, or came back without a picture, has the time of the last one there was."""
    await _create(house)
    house.live.pictures["door"] = house.clock.now()
    request = pb.GetCameraStatusRequest(name="cameras/door")
    gone = (await house.cameras.GetCameraStatus(request)).status
    assert (gone.streaming, gone.last_frame_time.ToDatetime(tzinfo=UTC)) == (False, house.clock.now())
    house.live.open["door"] = LiveStatus("s-1", house.clock.now(), None, 0.0, 0, 0, 0, 0, 0)
    back = (await house.cameras.GetCameraStatus(request)).status
    assert (back.streaming, back.last_frame_time) == (True, gone.last_frame_time)


async def test_status_of_an_open_stream(house: House) -> None:
    """Every figure of an open stream is told."""
    await _create(house)
    now = house.clock.now()
    house.live.open["door"] = LiveStatus(
        "s-1",
        now,
        now + timedelta(seconds=3),
        4.5,
        14,
        2,
        3,
        1,
        5,
        ClockState.SET_BACK,
        -12.5,
        "portero-bridge/9",
        0.25,
        Asked(2.0, 640, 60.0, (SteeringCause.IDLE, SteeringCause.CLOSED)),
        0.25,
        1.5,
        ViewState.COVERED,
    )
    response = await house.cameras.GetCameraStatus(pb.GetCameraStatusRequest(name="cameras/door"))
    expected = pb.CameraStatus(
        streaming=True,
        session="s-1",
        frame_rate=4.5,
        frames_received=14,
        frames_rejected=2,
        frames_missing=3,
        open_tracks=1,
        watermark_lag=5,
        clock_state=pb.CLOCK_STATE_SET_BACK,
        clock_skew=Duration(seconds=-12, nanos=-500_000_000),
        agent="portero-bridge/9",
        network_delay=Duration(nanos=250_000_000),
        asked_max_rate=2.0,
        asked_max_side=640,
        asked_pause=Duration(seconds=60),
        steering_causes=[pb.STEERING_CAUSE_IDLE, pb.STEERING_CAUSE_CLOSED],
        time_to_name_p50=Duration(nanos=250_000_000),
        time_to_name_p95=Duration(seconds=1, nanos=500_000_000),
        view_state=pb.VIEW_STATE_COVERED,
    )
    expected.open_time.FromDatetime(now)
    expected.last_frame_time.FromDatetime(now + timedelta(seconds=3))
    assert response.status == expected


async def test_status_before_the_first_frame(house: House) -> None:
    """A stream that has sent nothing yet has no time of a last frame."""
    await _create(house)
    house.live.open["door"] = LiveStatus("s-1", house.clock.now(), None, 0.0, 0, 0, 0, 0, 0)
    response = await house.cameras.GetCameraStatus(pb.GetCameraStatusRequest(name="cameras/door"))
    assert response.status.streaming
    assert not response.status.HasField("last_frame_time")


@pytest.mark.parametrize(
    "zones",
    [
        [Box(left=0.5, top=0, width=0.6, height=1)],
        [Box(left=-0.1, top=0, width=0.5, height=1)],
        [Box(left=0, top=0, width=0, height=1)],
        [Box(left=float("nan"), top=0, width=1, height=1)],
        [Box(left=0, top=0, width=1, height=1)] * 33,
    ],
)
async def test_zone_that_hides_less_than_meant_is_refused(house: House, zones: list[Box]) -> None:
    """A box that is not whole within the frame, or one too many, is refused with the field."""
    refusal = await refused(_create(house, privacy_zones=zones))
    assert refusal.code is _CODE.INVALID_ARGUMENT
    assert refusal.fields == ("camera.privacy_zones",)


async def test_zones_are_changed_and_cleared_by_the_mask(house: House) -> None:
    """New zones take the place of all old ones, and naming the field without any clears them."""
    await _create(house, privacy_zones=[Box(left=0, top=0, width=0.5, height=1)])
    for zones in ([Box(left=0.5, top=0.5, width=0.5, height=0.5)] * 2, []):
        camera = pb.Camera(name="cameras/door", privacy_zones=zones)
        request = pb.UpdateCameraRequest(camera=camera, update_mask=FieldMask(paths=["privacy_zones"]))
        assert list((await house.cameras.UpdateCamera(request)).camera.privacy_zones) == zones
