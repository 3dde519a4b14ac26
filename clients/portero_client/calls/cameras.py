"""The calls of CameraService."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from google.protobuf.field_mask_pb2 import FieldMask
from portero.v1 import camera_service_pb2 as pb2

from portero_client import convert
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.cameras import Camera, CameraMode, CameraPurpose, CameraStatus, TimeSource
from portero_client.detections import Box
from portero_client.names import CAMERAS

_SERVICE = "/portero.v1.CameraService/"


def create(
    camera_id: str,
    *,
    display_name: str,
    site: str,
    mode: CameraMode,
    purpose: CameraPurpose,
    disabled: bool,
    visit_gap: timedelta | None,
    similarity_threshold: float | None,
    time_source: TimeSource,
    privacy_zones: Sequence[Box] = (),
) -> Call[Camera]:
    """Registers a new camera."""
    camera = convert.camera_to(
        display_name=display_name,
        site=site,
        mode=mode,
        purpose=purpose,
        disabled=disabled,
        visit_gap=visit_gap,
        similarity_threshold=similarity_threshold,
        time_source=time_source,
        privacy_zones=privacy_zones,
    )
    return unary(
        _SERVICE + "CreateCamera",
        pb2.CreateCameraRequest(camera=camera, camera_id=CAMERAS.identifier(camera_id)),
        pb2.CreateCameraResponse,
        lambda answer: convert.camera_from(answer.camera),
    )


def get(camera: str) -> Call[Camera]:
    """Returns a camera by name."""
    return unary(
        _SERVICE + "GetCamera",
        pb2.GetCameraRequest(name=CAMERAS.name(camera)),
        pb2.GetCameraResponse,
        lambda answer: convert.camera_from(answer.camera),
    )


def list_pages(site: str) -> PageCall[Camera]:
    """Lists cameras by name of the resource."""

    def page(page_size: int, page_token: str) -> Call[Page[Camera]]:
        return unary(
            _SERVICE + "ListCameras",
            pb2.ListCamerasRequest(page_size=page_size, page_token=page_token, site=site),
            pb2.ListCamerasResponse,
            lambda answer: Page(
                tuple(convert.camera_from(camera) for camera in answer.cameras), answer.next_page_token
            ),
        )

    return page


def update(camera: Camera, *fields: str) -> Call[Camera]:
    """Changes the named fields; if none is named, those that are set."""
    return unary(
        _SERVICE + "UpdateCamera",
        pb2.UpdateCameraRequest(
            camera=convert.camera_to(
                name=camera.name,
                display_name=camera.display_name,
                site=camera.site,
                mode=camera.mode,
                purpose=camera.purpose,
                disabled=camera.disabled,
                visit_gap=camera.visit_gap,
                similarity_threshold=camera.similarity_threshold,
                privacy_zones=camera.privacy_zones,
                time_source=camera.time_source,
            ),
            update_mask=FieldMask(paths=fields),
        ),
        pb2.UpdateCameraResponse,
        lambda answer: convert.camera_from(answer.camera),
    )


def delete(camera: str) -> Call[None]:
    """Removes a camera; its sightings are kept."""
    return unary(
        _SERVICE + "DeleteCamera",
        pb2.DeleteCameraRequest(name=CAMERAS.name(camera)),
        pb2.DeleteCameraResponse,
        lambda _: None,
    )


def status(camera: str) -> Call[CameraStatus]:
    """Returns the current status of a camera's stream."""
    return unary(
        _SERVICE + "GetCameraStatus",
        pb2.GetCameraStatusRequest(name=CAMERAS.name(camera)),
        pb2.GetCameraStatusResponse,
        lambda answer: convert.status_from(answer.status),
    )
