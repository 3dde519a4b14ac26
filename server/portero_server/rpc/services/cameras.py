"""Implements CameraService: registered cameras and the status of their streams."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from datetime import timedelta

from portero.v1 import camera_service_pb2 as pb
from portero.v1 import camera_service_pb2_grpc

from portero_server.domain.detection.geometry import Box
from portero_server.domain.people.people import checked_display_name, checked_identifier
from portero_server.errors import InvalidInput
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import (
    camera_to_proto,
    duration_from_proto,
    mode_from_proto,
    purpose_from_proto,
    status_to_proto,
    time_source_from_proto,
)
from portero_server.rpc.paging import Listing, checked_page_size, cut
from portero_server.rpc.requests import Context, masked_fields
from portero_server.rpc.resource_names import parse_camera
from portero_server.store.cameras import CameraChanges, CameraStore
from portero_server.streaming.status import LiveStreams

_CHANGEABLE = frozenset(CameraChanges.__annotations__)
_LONGEST_GAP = timedelta(days=1)
_MOST_ZONES = 32
# Sums of decimal fractions miss 1 by a little.
_EDGE = 1 + 1e-9


class CameraServicer(camera_service_pb2_grpc.CameraServiceServicer):
    """Manages registered cameras and reports the status of their streams."""

    def __init__(self, cameras: CameraStore, live: LiveStreams) -> None:
        self._cameras = cameras
        self._live = live

    async def CreateCamera(self, request: pb.CreateCameraRequest, context: Context) -> pb.CreateCameraResponse:
        """Registers a new camera with the given settings."""
        camera_id = checked_identifier(request.camera_id, "camera_id")
        camera = await self._cameras.create(
            camera_id,
            display_name=_display_name(request.camera, camera_id),
            site=_site(request.camera),
            mode=mode_from_proto(request.camera.mode, "camera.mode"),
            purpose=purpose_from_proto(request.camera.purpose, "camera.purpose"),
            disabled=request.camera.disabled,
            visit_gap=_visit_gap(request.camera),
            similarity_threshold=_similarity_threshold(request.camera),
            privacy_zones=_privacy_zones(request.camera),
            time_source=time_source_from_proto(request.camera.time_source, "camera.time_source"),
        )
        return pb.CreateCameraResponse(camera=camera_to_proto(camera))

    async def GetCamera(self, request: pb.GetCameraRequest, context: Context) -> pb.GetCameraResponse:
        """Returns a registered camera by its name."""
        camera = await self._cameras.get(parse_camera(request.name, "name"))
        return pb.GetCameraResponse(camera=camera_to_proto(camera))

    async def ListCameras(self, request: pb.ListCamerasRequest, context: Context) -> pb.ListCamerasResponse:
        """Lists cameras in order of their resource names."""
        size = checked_page_size(request.page_size)
        site = checked_identifier(request.site, "site") if request.site else None
        listing = Listing("cameras", (request.site,))
        within = current_caller().authorized.cameras
        cursor = listing.cursor(request.page_token, parts=1)
        rows = await self._cameras.list(size + 1, after_id=cursor[0] if cursor else None, site=site, within=within)
        page, last = cut(rows, size)
        return pb.ListCamerasResponse(
            cameras=[camera_to_proto(camera) for camera in page],
            next_page_token=listing.token([last.camera_id]) if last else "",
        )

    async def UpdateCamera(self, request: pb.UpdateCameraRequest, context: Context) -> pb.UpdateCameraResponse:
        """Changes the fields listed in the mask."""
        camera_id = parse_camera(request.camera.name, "camera.name")
        fields = masked_fields(request.update_mask, request.camera, _CHANGEABLE)
        changes = _changes(request.camera, camera_id, fields)
        camera = await (self._cameras.update(camera_id, **changes) if changes else self._cameras.get(camera_id))
        return pb.UpdateCameraResponse(camera=camera_to_proto(camera))

    async def DeleteCamera(self, request: pb.DeleteCameraRequest, context: Context) -> pb.DeleteCameraResponse:
        """Removes a camera; its sightings are kept."""
        await self._cameras.delete(parse_camera(request.name, "name"))
        return pb.DeleteCameraResponse()

    async def GetCameraStatus(self, request: pb.GetCameraStatusRequest, context: Context) -> pb.GetCameraStatusResponse:
        """Returns the current status of a camera's stream."""
        camera = await self._cameras.get(parse_camera(request.name, "name"))
        live, last_picture = self._live.status(camera.camera_id), self._live.last_picture(camera.camera_id)
        return pb.GetCameraStatusResponse(status=status_to_proto(live, last_picture))


def _changes(camera: pb.Camera, camera_id: str, fields: frozenset[str]) -> CameraChanges:
    changes: CameraChanges = {}
    if "display_name" in fields:
        changes["display_name"] = _display_name(camera, camera_id)
    if "site" in fields:
        changes["site"] = _site(camera)
    if "mode" in fields:
        changes["mode"] = mode_from_proto(camera.mode, "camera.mode")
    if "purpose" in fields:
        changes["purpose"] = purpose_from_proto(camera.purpose, "camera.purpose")
    if "disabled" in fields:
        changes["disabled"] = camera.disabled
    if "visit_gap" in fields:
        changes["visit_gap"] = _visit_gap(camera)
    if "similarity_threshold" in fields:
        changes["similarity_threshold"] = _similarity_threshold(camera)
    if "privacy_zones" in fields:
        changes["privacy_zones"] = _privacy_zones(camera)
    if "time_source" in fields:
        changes["time_source"] = time_source_from_proto(camera.time_source, "camera.time_source")
    return changes


def _display_name(camera: pb.Camera, camera_id: str) -> str:
    # A camera without a display name shows its id, so that lists have no blank entries.
    return checked_display_name(camera.display_name, "camera.display_name") if camera.display_name else camera_id


def _site(camera: pb.Camera) -> str:
    return checked_identifier(camera.site, "camera.site") if camera.site else ""


def _visit_gap(camera: pb.Camera) -> timedelta | None:
    if not camera.HasField("visit_gap"):
        return None
    gap = duration_from_proto(camera.visit_gap, "camera.visit_gap")
    if not timedelta() < gap <= _LONGEST_GAP:
        raise InvalidInput("camera.visit_gap", "camera.visit_gap must be more than 0 and at most 86400 seconds")
    return gap


def _similarity_threshold(camera: pb.Camera) -> float | None:
    if not camera.HasField("similarity_threshold"):
        return None
    # Written this way around, the comparison refuses NaN as well.
    if not 0 <= camera.similarity_threshold <= 1:
        raise InvalidInput("camera.similarity_threshold", "camera.similarity_threshold must be 0 to 1")
    return camera.similarity_threshold


def _privacy_zones(camera: pb.Camera) -> tuple[Box, ...]:
    if len(camera.privacy_zones) > _MOST_ZONES:
        raise InvalidInput("camera.privacy_zones", f"camera.privacy_zones must be at most {_MOST_ZONES} boxes")
    zones = tuple(Box(zone.left, zone.top, zone.width, zone.height) for zone in camera.privacy_zones)
    for zone in zones:
        # A box partly outside the frame would hide less than its author expects; NaN fails every comparison.
        if not (0 <= zone.left < zone.right <= _EDGE and 0 <= zone.top < zone.bottom <= _EDGE):
            raise InvalidInput("camera.privacy_zones", "each of camera.privacy_zones must be a box within 0 to 1")
    return zones
