"""Who may call what: every RPC, the roles that may call it, and how its request names its cameras.

A method without a row is closed to everybody, and a test fails. SECURITY.md and `tests/server/rpc/test_matrix.py`
say and show the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portero_server.domain.access.identities import Role
from portero_server.rpc.auth.rules import (
    AskedWithin,
    CameraRule,
    Changed,
    Named,
    NotOfCameras,
    Registered,
    Unscoped,
)


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
