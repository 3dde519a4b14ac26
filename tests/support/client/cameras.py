"""An in-memory CameraService."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import camera_service_pb2 as pb2

from tests.support.client.wire import UnaryMethod, already_exists, invalid, not_found, page_of

_MOMENT = Timestamp(seconds=1_750_000_000)
_CHANGEABLE = (
    "display_name",
    "site",
    "mode",
    "purpose",
    "disabled",
    "visit_gap",
    "similarity_threshold",
    "privacy_zones",
    "time_source",
)


class FakeCameras:
    """Cameras by name; tests put statuses beside them."""

    def __init__(self) -> None:
        self.cameras: dict[str, pb2.Camera] = {}
        self.statuses: dict[str, pb2.CameraStatus] = {}

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the table of the service."""
        return {
            "CreateCamera": (pb2.CreateCameraRequest, self.create),
            "GetCamera": (pb2.GetCameraRequest, self.get),
            "ListCameras": (pb2.ListCamerasRequest, self.list_cameras),
            "UpdateCamera": (pb2.UpdateCameraRequest, self.update),
            "DeleteCamera": (pb2.DeleteCameraRequest, self.delete),
            "GetCameraStatus": (pb2.GetCameraStatusRequest, self.status),
        }

    async def create(self, request: pb2.CreateCameraRequest) -> pb2.CreateCameraResponse:
        """Adds a camera."""
        name = f"cameras/{request.camera_id}"
        if name in self.cameras:
            raise already_exists(name)
        camera = pb2.Camera()
        camera.CopyFrom(request.camera)
        camera.name = name
        camera.create_time.CopyFrom(_MOMENT)
        camera.update_time.CopyFrom(_MOMENT)
        self.cameras[name] = camera
        return pb2.CreateCameraResponse(camera=camera)

    async def get(self, request: pb2.GetCameraRequest) -> pb2.GetCameraResponse:
        """Returns a camera."""
        return pb2.GetCameraResponse(camera=self._of(request.name))

    async def list_cameras(self, request: pb2.ListCamerasRequest) -> pb2.ListCamerasResponse:
        """Lists cameras by name."""
        cameras = [self.cameras[name] for name in sorted(self.cameras)]
        matching = [camera for camera in cameras if request.site in ("", camera.site)]
        page, token = page_of(matching, request.page_size, request.page_token)
        return pb2.ListCamerasResponse(cameras=page, next_page_token=token)

    async def update(self, request: pb2.UpdateCameraRequest) -> pb2.UpdateCameraResponse:
        """Changes the fields of the mask; a masked field that is unset is cleared."""
        camera = self._of(request.camera.name)
        stored: dict[str, Any] = {field.name: value for field, value in camera.ListFields()}
        given = {field.name: value for field, value in request.camera.ListFields()}
        for path in request.update_mask.paths or [name for name in given if name != "name"]:
            if path not in _CHANGEABLE:
                raise invalid("update_mask", f"{path} cannot be changed")
            stored.pop(path, None)
            if path in given:
                stored[path] = given[path]
        self.cameras[camera.name] = pb2.Camera(**stored)
        return pb2.UpdateCameraResponse(camera=self.cameras[camera.name])

    async def delete(self, request: pb2.DeleteCameraRequest) -> pb2.DeleteCameraResponse:
        """Removes a camera."""
        self._of(request.name)
        del self.cameras[request.name]
        return pb2.DeleteCameraResponse()

    async def status(self, request: pb2.GetCameraStatusRequest) -> pb2.GetCameraStatusResponse:
        """Returns how a camera is."""
        self._of(request.name)
        return pb2.GetCameraStatusResponse(status=self.statuses.get(request.name))

    def _of(self, name: str) -> pb2.Camera:
        if name not in self.cameras:
            raise not_found(name)
        return self.cameras[name]
