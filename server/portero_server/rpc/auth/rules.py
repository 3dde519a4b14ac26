"""How a method's request says which cameras it is about, and what is checked of that before the method begins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

from portero_server.access.authorized_cameras import AuthorizedCameras, out_of_scope
from portero_server.errors import PermissionDenied
from portero_server.rpc.resource_names import parse_camera


class CameraRule(Protocol):
    """Checks a request against the caller's reach."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Passes, or raises PermissionDenied; InvalidInput when the camera's name is none."""
        ...


@dataclass(frozen=True, slots=True)
class NotOfCameras:
    """The method is about no camera: the gallery is one for all sites, and a scope does not divide it."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Passes."""


@dataclass(frozen=True, slots=True)
class Unscoped:
    """Only for those without a scope of cameras: what it changes holds everywhere."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Refuses everybody with a scope."""
        if not authorized.scope.everything:
            raise PermissionDenied("this is only for credentials whose scope is everything", reason="SCOPED")


@dataclass(frozen=True, slots=True)
class Named:
    """The request names the camera.

    Attributes:
        path: Of the field that holds the resource name.
        optional: Whether it may be empty; the servicer then shows no other cameras than those within reach.
    """

    path: str
    optional: bool = False

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Refuses a camera out of reach."""
        if authorized.scope.everything:
            return
        name: str = reduce(getattr, self.path.split("."), request)
        if name or not self.optional:
            await authorized.require(parse_camera(name, self.path))


@dataclass(frozen=True, slots=True)
class Registered:
    """CreateCamera: a new camera must belong to a site within the scope, or be named in it beforehand."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Refuses a camera out of scope."""
        if not authorized.scope.covers(request.camera_id, request.camera.site):
            raise out_of_scope(f"cameras/{request.camera_id}")


@dataclass(frozen=True, slots=True)
class Changed:
    """UpdateCamera: the camera must be within reach, and stay within when it moves to another site."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Refuses a camera out of reach, and a move out of the scope."""
        if authorized.scope.everything:
            return
        camera_id = parse_camera(request.camera.name, "camera.name")
        await authorized.require(camera_id)
        moves = request.camera.site or "site" in request.update_mask.paths
        if moves and not authorized.scope.covers(camera_id, request.camera.site):
            raise out_of_scope(f"site {request.camera.site or 'none'}")


@dataclass(frozen=True, slots=True)
class AskedWithin:
    """Which camera it is about is known only within: the servicer asks `current_caller().reach` itself."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Passes."""
