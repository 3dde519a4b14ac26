"""Who may call what: one row an RPC, and rules that find the camera a request names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

from portero_server.access.authorized_cameras import AuthorizedCameras, out_of_scope
from portero_server.domain.access.identities import Role
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


@dataclass(frozen=True, slots=True)
class Access:
    """A row: who may call the method.

    Attributes:
        roles: Any one of these is enough.
        cameras: What of the request must be within the scope of these roles.
    """

    roles: frozenset[Role]
    cameras: CameraRule


OPEN = frozenset({"grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch"})
"""Methods for which nobody has to say who they are: those by which load balancers and clients find a server."""

_ADMIN = frozenset({Role.ADMIN})
_KEEPS = _ADMIN | {Role.OPERATOR}
_READS = _KEEPS | {Role.READER}
_DESK = _KEEPS | {Role.CHECK_IN_DESK}
_SEES = _READS | {Role.CHECK_IN_DESK}
_LOOKS = _SEES | {Role.BRIDGE}
_STREAMS = _ADMIN | {Role.BRIDGE}

_GALLERY = NotOfCameras()

ACCESS: Mapping[str, Access] = {
    "portero.v1.RecognitionService/StreamFrames": Access(_STREAMS, AskedWithin()),
    "portero.v1.RecognitionService/RecognizeImage": Access(_DESK, _GALLERY),
    "portero.v1.RecognitionService/ReadText": Access(_DESK, _GALLERY),
    "portero.v1.GalleryService/CreatePerson": Access(_DESK, _GALLERY),
    "portero.v1.GalleryService/GetPerson": Access(_SEES, _GALLERY),
    "portero.v1.GalleryService/ListPeople": Access(_READS, _GALLERY),
    "portero.v1.GalleryService/UpdatePerson": Access(_KEEPS, _GALLERY),
    "portero.v1.GalleryService/DeletePerson": Access(_KEEPS, _GALLERY),
    "portero.v1.GalleryService/EnrollFace": Access(_DESK, _GALLERY),
    "portero.v1.GalleryService/ListFaces": Access(_READS, _GALLERY),
    "portero.v1.GalleryService/DeleteFace": Access(_KEEPS, _GALLERY),
    "portero.v1.GalleryService/SearchByImage": Access(_DESK, _GALLERY),
    "portero.v1.GalleryService/CompareImages": Access(_DESK, _GALLERY),
    "portero.v1.CameraService/CreateCamera": Access(_KEEPS, Registered()),
    "portero.v1.CameraService/GetCamera": Access(_LOOKS, Named("name")),
    "portero.v1.CameraService/ListCameras": Access(_SEES, AskedWithin()),
    "portero.v1.CameraService/UpdateCamera": Access(_KEEPS, Changed()),
    "portero.v1.CameraService/DeleteCamera": Access(_KEEPS, Named("name")),
    "portero.v1.CameraService/GetCameraStatus": Access(_LOOKS, Named("name")),
    "portero.v1.SightingService/GetSighting": Access(_SEES, AskedWithin()),
    "portero.v1.SightingService/ListSightings": Access(_SEES, Named("camera", optional=True)),
    "portero.v1.SightingService/WatchSightings": Access(_SEES, Named("camera", optional=True)),
    "portero.v1.UsageService/GetUsage": Access(_KEEPS, Named("camera", optional=True)),
    "portero.v1.PrivacyService/GetPersonPrivacy": Access(_DESK, _GALLERY),
    "portero.v1.PrivacyService/RecordConsent": Access(_DESK, _GALLERY),
    "portero.v1.PrivacyService/WithdrawConsent": Access(_DESK, _GALLERY),
    "portero.v1.PrivacyService/BlockPerson": Access(_KEEPS, _GALLERY),
    "portero.v1.PrivacyService/UnblockPerson": Access(_KEEPS, _GALLERY),
    # What these give or take away is of all cameras.
    "portero.v1.PrivacyService/ExportPerson": Access(_KEEPS, Unscoped()),
    "portero.v1.PrivacyService/ErasePerson": Access(_KEEPS, Unscoped()),
    "portero.v1.PrivacyService/GetErasure": Access(_KEEPS, Unscoped()),
    "portero.v1.PrivacyService/VerifyErasure": Access(_KEEPS, Unscoped()),
    "portero.v1.AuditService/ListAuditEntries": Access(_ADMIN, Unscoped()),
    "portero.v1.AuditService/VerifyAudit": Access(_ADMIN, Unscoped()),
    "portero.v1.AccessService/CreateKey": Access(_ADMIN, Unscoped()),
    "portero.v1.AccessService/ListKeys": Access(_ADMIN, Unscoped()),
    "portero.v1.AccessService/RevokeKey": Access(_ADMIN, Unscoped()),
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": Access(_READS, _GALLERY),
    # Not an RPC: the path of the admin port, whose callers are held to the same table.
    "/metrics": Access(_ADMIN | {Role.METRICS}, _GALLERY),
}
"""Every method, "package.Service/Method"."""
