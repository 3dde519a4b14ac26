"""The access table: one row per RPC, with the roles allowed and the rule that finds the camera in a request."""

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
    """Checks a request against the cameras that the caller is authorized for."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Raises PermissionDenied if the camera is out of scope, InvalidInput if its name is malformed."""
        ...


@dataclass(frozen=True, slots=True)
class NotOfCameras:
    """The method concerns no camera: all sites share one gallery, which scopes do not divide."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Accepts every request."""


@dataclass(frozen=True, slots=True)
class Unscoped:
    """Only for callers without a camera scope, since the change takes effect everywhere."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Refuses callers that have a scope."""
        if not authorized.scope.everything:
            raise PermissionDenied("this is only for credentials whose scope is everything", reason="SCOPED")


@dataclass(frozen=True, slots=True)
class OfAttendance:
    """Only for callers without a camera scope, and for those who have groups or people.

    Groups meet at any site. To groups and people the servicer holds the caller (`rpc/attendance_scope.py`).
    """

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Refuses callers that have a scope of cameras alone."""
        scope = authorized.scope
        if not (scope.everything or scope.groups or scope.people):
            raise PermissionDenied("this is only for credentials whose scope is everything", reason="SCOPED")


@dataclass(frozen=True, slots=True)
class Named:
    """The request names the camera.

    Attributes:
        path: Path of the field that holds the resource name.
        optional: Whether it may be empty; the servicer then shows only cameras that the caller is authorized for.
    """

    path: str
    optional: bool = False

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Refuses cameras that the caller is not authorized for."""
        if authorized.scope.everything:
            return
        name: str = reduce(getattr, self.path.split("."), request)
        if name or not self.optional:
            await authorized.require(parse_camera(name, self.path))


@dataclass(frozen=True, slots=True)
class Registered:
    """CreateCamera: a new camera must belong to a site in the caller's scope, or be listed in the scope by name."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Refuses cameras out of scope."""
        if not authorized.scope.covers(request.camera_id, request.camera.site):
            raise out_of_scope(f"cameras/{request.camera_id}")


@dataclass(frozen=True, slots=True)
class Changed:
    """UpdateCamera: the camera must be in scope, and stay in scope if it moves to another site."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Refuses cameras out of scope, and moves out of the scope."""
        if authorized.scope.everything:
            return
        camera_id = parse_camera(request.camera.name, "camera.name")
        await authorized.require(camera_id)
        moves = request.camera.site or "site" in request.update_mask.paths
        if moves and not authorized.scope.covers(camera_id, request.camera.site):
            raise out_of_scope(f"site {request.camera.site or 'none'}")


@dataclass(frozen=True, slots=True)
class AskedWithin:
    """The camera is known only inside the method: the servicer checks `current_caller().authorized` itself."""

    async def check(self, request: Any, authorized: AuthorizedCameras) -> None:
        """Accepts every request."""


@dataclass(frozen=True, slots=True)
class Access:
    """A row of the table: who may call the method.

    Attributes:
        roles: Any one of these is enough.
        cameras: What of the request must be within the scope of these roles.
    """

    roles: frozenset[Role]
    cameras: CameraRule


OPEN = frozenset({"grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch"})
"""Methods that need no credential: those that load balancers and clients use to find a server."""

_ADMIN = frozenset({Role.ADMIN})
_KEEPS = _ADMIN | {Role.OPERATOR}
_READS = _KEEPS | {Role.READER}
_DESK = _KEEPS | {Role.CHECK_IN_DESK}
_SEES = _READS | {Role.CHECK_IN_DESK}
_LOOKS = _SEES | {Role.BRIDGE}
_STREAMS = _ADMIN | {Role.BRIDGE}
_TEACHES = _KEEPS | {Role.TEACHER}
_IN_CLASS = _READS | {Role.TEACHER}
_AT_HOME = _READS | {Role.GUARDIAN}
_ATTENDS = _IN_CLASS | _AT_HOME
_EVERYBODY = frozenset(Role)

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
    "portero.v1.GalleryService/MergePeople": Access(_KEEPS, Unscoped()),
    "portero.v1.GalleryService/EnrollFace": Access(_DESK, _GALLERY),
    # Whoever may enroll may try a photograph first.
    "portero.v1.GalleryService/CheckPhoto": Access(_DESK, _GALLERY),
    "portero.v1.GalleryService/ListFaces": Access(_READS, _GALLERY),
    "portero.v1.GalleryService/ListGalleryFindings": Access(_KEEPS, _GALLERY),
    "portero.v1.GalleryService/ListConfusablePairs": Access(_KEEPS, _GALLERY),
    "portero.v1.GalleryService/CheckFaces": Access(_KEEPS, _GALLERY),
    "portero.v1.GalleryService/ListUnrecognizedPeople": Access(_KEEPS, _GALLERY),
    "portero.v1.GalleryService/RepairFaces": Access(_KEEPS, Unscoped()),
    "portero.v1.GalleryService/RebuildFaces": Access(_KEEPS, Unscoped()),
    "portero.v1.GalleryService/PrepareCollection": Access(_ADMIN, Unscoped()),
    "portero.v1.GalleryService/GetCollections": Access(_KEEPS, _GALLERY),
    # Whom every camera of every site recognizes follows from these two.
    "portero.v1.GalleryService/SwitchCollection": Access(_ADMIN, Unscoped()),
    "portero.v1.GalleryService/DropCollection": Access(_ADMIN, Unscoped()),
    # Faces of everybody leave the server, or come in without anybody having looked at a photograph.
    "portero.v1.GalleryService/ExportPeople": Access(_ADMIN, Unscoped()),
    "portero.v1.GalleryService/ImportPeople": Access(_KEEPS, Unscoped()),
    "portero.v1.GalleryService/AdoptFaces": Access(_ADMIN, Unscoped()),
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
    # A desk looks up who was there; it does not take a year away. The servicer holds the site to the scope.
    "portero.v1.SightingService/ExportSightings": Access(_READS, Named("camera", optional=True)),
    "portero.v1.SnapshotService/GetSnapshot": Access(_KEEPS, AskedWithin()),
    "portero.v1.SnapshotService/CreateSnapshotLink": Access(_KEEPS, AskedWithin()),
    # It shows nobody, and is the same for every camera.
    "portero.v1.SnapshotService/CheckSnapshots": Access(_KEEPS, _GALLERY),
    # They say of strangers whom they are like.
    "portero.v1.DecisionService/ListDecisions": Access(_KEEPS, Named("camera", optional=True)),
    "portero.v1.DecisionService/WhatIfThresholds": Access(_KEEPS, Named("camera", optional=True)),
    "portero.v1.DecisionService/ListReviewQueue": Access(_KEEPS, Named("camera", optional=True)),
    "portero.v1.DecisionService/ListReviews": Access(_KEEPS, Named("camera", optional=True)),
    "portero.v1.DecisionService/GetReviewPicture": Access(_KEEPS, AskedWithin()),
    "portero.v1.DecisionService/ReviewSighting": Access(_KEEPS, AskedWithin()),
    "portero.v1.DecisionService/UndoReview": Access(_KEEPS, AskedWithin()),
    # Visitors are of a site and of all its cameras.
    "portero.v1.VisitorService/GetVisitor": Access(_KEEPS, Unscoped()),
    "portero.v1.VisitorService/ListVisitors": Access(_KEEPS, Unscoped()),
    "portero.v1.VisitorService/MergeVisitors": Access(_KEEPS, Unscoped()),
    "portero.v1.VisitorService/PromoteVisitor": Access(_KEEPS, Unscoped()),
    "portero.v1.VisitorService/ForgetVisitor": Access(_KEEPS, Unscoped()),
    "portero.v1.VisitorService/ForgetFace": Access(_KEEPS, Unscoped()),
    # Which cameras, and whose subscription, is known only inside the methods.
    "portero.v1.SubscriptionService/CreateSubscription": Access(_ADMIN, AskedWithin()),
    "portero.v1.SubscriptionService/GetSubscription": Access(_ADMIN, AskedWithin()),
    "portero.v1.SubscriptionService/ListSubscriptions": Access(_ADMIN, AskedWithin()),
    "portero.v1.SubscriptionService/UpdateSubscription": Access(_ADMIN, AskedWithin()),
    "portero.v1.SubscriptionService/PauseSubscription": Access(_ADMIN, AskedWithin()),
    "portero.v1.SubscriptionService/ResumeSubscription": Access(_ADMIN, AskedWithin()),
    "portero.v1.SubscriptionService/TestSubscription": Access(_ADMIN, AskedWithin()),
    "portero.v1.SubscriptionService/ReplaySubscription": Access(_ADMIN, AskedWithin()),
    "portero.v1.SubscriptionService/ListDeliveries": Access(_ADMIN, AskedWithin()),
    "portero.v1.SubscriptionService/RotateSubscriptionSecret": Access(_ADMIN, AskedWithin()),
    "portero.v1.SubscriptionService/DeleteSubscription": Access(_ADMIN, AskedWithin()),
    # Groups meet in rooms of any site, and a roster says who is expected there.
    "portero.v1.AttendanceGroupService/PutGroup": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceGroupService/GetGroup": Access(_ATTENDS, OfAttendance()),
    "portero.v1.AttendanceGroupService/ListGroups": Access(_ATTENDS, OfAttendance()),
    "portero.v1.AttendanceGroupService/DeleteGroup": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceGroupService/PutFreeDay": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceGroupService/RemoveFreeDay": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceGroupService/ImportRoster": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceGroupService/ListRoster": Access(_IN_CLASS, OfAttendance()),
    "portero.v1.AttendanceGroupService/PutSchedule": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceGroupService/ListSchedules": Access(_IN_CLASS, OfAttendance()),
    "portero.v1.AttendanceGroupService/PutScheduleException": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceGroupService/RemoveScheduleException": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceGroupService/PlaceCamera": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceGroupService/EndPlacement": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceGroupService/ListPlacements": Access(_READS, Unscoped()),
    "portero.v1.AttendanceGroupService/AcceptCameraView": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceService/ListAttendanceSessions": Access(_ATTENDS, OfAttendance()),
    "portero.v1.AttendanceService/ListAttendanceRecords": Access(_ATTENDS, OfAttendance()),
    "portero.v1.AttendanceService/ListAttendanceChanges": Access(_ATTENDS, OfAttendance()),
    "portero.v1.AttendanceService/WatchAttendance": Access(_ATTENDS, OfAttendance()),
    "portero.v1.AttendanceService/GetAttendanceReport": Access(_ATTENDS, OfAttendance()),
    "portero.v1.AttendanceService/CorrectAttendance": Access(_TEACHES, OfAttendance()),
    "portero.v1.AttendanceService/WithdrawAttendanceCorrection": Access(_TEACHES, OfAttendance()),
    "portero.v1.AttendanceService/ListAttendanceCorrections": Access(_IN_CLASS, OfAttendance()),
    "portero.v1.AttendanceService/ExcuseAttendance": Access(_KEEPS, Unscoped()),
    "portero.v1.AttendanceService/WithdrawAttendanceExcuse": Access(_KEEPS, Unscoped()),
    # An excuse tells a reason, perhaps of health, and holds in every group: not for a teacher of one.
    "portero.v1.AttendanceService/ListAttendanceExcuses": Access(_AT_HOME, OfAttendance()),
    "portero.v1.UsageService/GetUsage": Access(_KEEPS, Named("camera", optional=True)),
    "portero.v1.PrivacyService/GetPersonPrivacy": Access(_DESK, _GALLERY),
    "portero.v1.PrivacyService/RecordConsent": Access(_DESK, _GALLERY),
    "portero.v1.PrivacyService/WithdrawConsent": Access(_DESK, _GALLERY),
    "portero.v1.PrivacyService/BlockPerson": Access(_KEEPS, _GALLERY),
    "portero.v1.PrivacyService/UnblockPerson": Access(_KEEPS, _GALLERY),
    # These grant or revoke access to all cameras.
    "portero.v1.PrivacyService/ExportPerson": Access(_KEEPS, Unscoped()),
    "portero.v1.PrivacyService/ErasePerson": Access(_KEEPS, Unscoped()),
    "portero.v1.PrivacyService/GetErasure": Access(_KEEPS, Unscoped()),
    "portero.v1.PrivacyService/VerifyErasure": Access(_KEEPS, Unscoped()),
    "portero.v1.DocumentService/ReadDocument": Access(_DESK, _GALLERY),
    # With pictures a camera is not needed, but a caller with a scope must say where.
    "portero.v1.DocumentService/StartCheckIn": Access(_DESK, Named("camera")),
    "portero.v1.DocumentService/GetCheckIn": Access(_DESK, AskedWithin()),
    "portero.v1.DocumentService/ListCheckIns": Access(_DESK, Named("camera", optional=True)),
    "portero.v1.DocumentService/CancelCheckIn": Access(_DESK, AskedWithin()),
    "portero.v1.DocumentService/ReviewCheckIn": Access(_DESK, AskedWithin()),
    "portero.v1.DocumentService/WatchCheckIns": Access(_DESK, Named("camera", optional=True)),
    # Like erasing and exporting people: it takes effect at all cameras.
    "portero.v1.DocumentService/EraseCheckIn": Access(_KEEPS, Unscoped()),
    "portero.v1.DocumentService/ExportHolder": Access(_KEEPS, Unscoped()),
    "portero.v1.DocumentService/EraseHolder": Access(_KEEPS, Unscoped()),
    # All sites share one list of guests, as they share the gallery.
    "portero.v1.DocumentService/ImportGuests": Access(_DESK, _GALLERY),
    "portero.v1.DocumentService/ListGuests": Access(_DESK, _GALLERY),
    "portero.v1.DocumentService/DeleteGuest": Access(_DESK, _GALLERY),
    "portero.v1.AuditService/ListAuditEntries": Access(_ADMIN, Unscoped()),
    "portero.v1.AuditService/VerifyAudit": Access(_ADMIN, Unscoped()),
    "portero.v1.AccessService/GetCaller": Access(_EVERYBODY, _GALLERY),
    "portero.v1.AccessService/CreateKey": Access(_ADMIN, Unscoped()),
    "portero.v1.AccessService/ListKeys": Access(_ADMIN, Unscoped()),
    "portero.v1.AccessService/RevokeKey": Access(_ADMIN, Unscoped()),
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": Access(_READS, _GALLERY),
    # Not an RPC: the path of the admin port, whose callers are held to the same table.
    "/metrics": Access(_ADMIN | {Role.METRICS}, _GALLERY),
}
"""Every method, "package.Service/Method"."""
