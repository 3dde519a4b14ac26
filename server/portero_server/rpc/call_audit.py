"""The audit trail of calls: one row per RPC, and the entries written around it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Protocol

from portero_server.domain.audit.chain import Actor, AuditOutcome, Deed
from portero_server.errors import PorteroError
from portero_server.rpc.auth.caller import Caller, current_caller

_NAME = re.compile(r"[a-z][A-Za-z]*/[A-Za-z0-9._~:@+-]{1,128}(/[a-z]+/[A-Za-z0-9._~:@+-]{1,128})?")

Naming = Callable[[Any], str]
"""Extracts a resource name from a request or a response; returns an empty text if there is none."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row: the call is recorded before it is executed.

    Attributes:
        resource: Extracts the name of the resource from the request; None: the call is about no single resource.
        details: Words of the request that say what is changed, such as the fields of a mask.
        made: What was made, by the response, where the request cannot know; recorded when it is done.
    """

    resource: Naming | None = None
    details: Naming | None = None
    made: Naming | None = None


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """A row: the call is not recorded, for the reason given."""

    because: str


def resource_of(naming: Naming | None, message: Any) -> str:
    """Returns the resource name in a message, or an empty text if the field does not hold a valid name.

    A caller may put anything where a name belongs, for example a person's real name.
    """
    name = "" if naming is None else naming(message)
    return name if _NAME.fullmatch(name) else ""


def words_of(naming: Naming | None, message: Any) -> str:
    """Returns the words in a message that look like field names, separated by commas."""
    words = "" if naming is None else naming(message)
    return ",".join(word for word in words.split(",") if re.fullmatch(r"[a-z_.]{1,63}", word))


def _under(collection: str, field: str) -> Naming:
    of = attrgetter(field)
    return lambda message: f"{collection}/{of(message)}" if of(message) else ""


def _mask(message: Any) -> str:
    return ",".join(message.update_mask.paths)


def _liveness(message: Any) -> str:
    # A video of somebody's face goes to the vendor.
    return "liveness" if message.liveness else ""


def _decision(message: Any) -> str:
    # The decision, and never its reason, which is a person's words.
    decision: int = message.review.decision
    return {1: "accepted", 2: "rejected"}.get(decision, "")


def _said(message: Any) -> str:
    # What was said, and never the note, which is a person's words.
    return {1: "this_is", 2: "not", 3: "ignore"}.get(message.action, "")


def _dry_run(message: Any) -> str:
    return "dry_run" if message.dry_run else ""


def _forces(message: Any) -> str:
    return "force" if message.force else ""


def _repairs(message: Any) -> str:
    return "remove_foreign" if message.remove_foreign else ""


def _rebuilds(message: Any) -> str:
    return ",".join(name for name in ("dry_run", "standby") if getattr(message, name))


def _adopts(message: Any) -> str:
    return ",".join(name for name in ("dry_run", "unnamed") if getattr(message, name))


def _switches(message: Any) -> str:
    return "allow_missing" if message.allow_missing else ""


def _in_use(message: Any) -> str:
    return f"collections/{message.collections.in_use.collection}"


def _exported(message: Any) -> str:
    # The period, and the narrowest of what it was limited to: "sightings/2026-05-01T00:00:00Z~.../sites/lobby".
    if not (message.HasField("start_time") and message.HasField("end_time")):
        return ""
    try:
        period = f"{message.start_time.ToJsonString()}~{message.end_time.ToJsonString()}"
    except ValueError:
        # A number that is no time, which the servicer refuses.
        return ""
    narrowed = f"sites/{message.site}" if message.site else ""
    return "/".join(filter(None, (f"sightings/{period}", message.person or message.camera or narrowed)))


_READS = NotRecorded("it reads, and changes nothing")
_STREAM = NotRecorded("each stream has a row of its own in `streams`, with its camera and its frames by outcome")

AUDITED: Mapping[str, Recorded | NotRecorded] = {
    "portero.v1.RecognitionService/StreamFrames": _STREAM,
    "portero.v1.RecognitionService/RecognizeImage": Recorded(),
    "portero.v1.RecognitionService/ReadText": NotRecorded("it looks for text, and for nobody"),
    "portero.v1.GalleryService/CreatePerson": Recorded(
        resource=_under("people", "person_id"), made=attrgetter("person.name")
    ),
    "portero.v1.GalleryService/GetPerson": _READS,
    "portero.v1.GalleryService/ListPeople": _READS,
    "portero.v1.GalleryService/UpdatePerson": Recorded(attrgetter("person.name"), _mask),
    "portero.v1.GalleryService/DeletePerson": Recorded(attrgetter("name")),
    # Who goes, and, once it is done, who stays.
    "portero.v1.GalleryService/MergePeople": Recorded(attrgetter("other"), _forces, made=attrgetter("person.name")),
    "portero.v1.GalleryService/EnrollFace": Recorded(attrgetter("parent"), made=attrgetter("face.name")),
    "portero.v1.GalleryService/CheckPhoto": NotRecorded("it looks at a photograph, looks nobody up and stores nothing"),
    "portero.v1.GalleryService/ListFaces": _READS,
    "portero.v1.GalleryService/ListGalleryFindings": _READS,
    "portero.v1.GalleryService/ListConfusablePairs": _READS,
    "portero.v1.GalleryService/CheckFaces": _READS,
    "portero.v1.GalleryService/ListUnrecognizedPeople": _READS,
    "portero.v1.GalleryService/RepairFaces": Recorded(details=_repairs),
    # One entry per page, as of ExportPerson.
    "portero.v1.GalleryService/RebuildFaces": Recorded(details=_rebuilds),
    "portero.v1.GalleryService/PrepareCollection": Recorded(_under("collections", "collection")),
    "portero.v1.GalleryService/GetCollections": _READS,
    "portero.v1.GalleryService/SwitchCollection": Recorded(details=_switches, made=_in_use),
    "portero.v1.GalleryService/DropCollection": Recorded(_under("collections", "collection")),
    "portero.v1.GalleryService/ExportPeople": Recorded(),
    "portero.v1.GalleryService/ImportPeople": Recorded(),
    "portero.v1.GalleryService/AdoptFaces": Recorded(details=_adopts),
    "portero.v1.GalleryService/DeleteFace": Recorded(attrgetter("name")),
    "portero.v1.GalleryService/SearchByImage": Recorded(),
    "portero.v1.GalleryService/CompareImages": NotRecorded("it compares two images given, and looks nobody up"),
    "portero.v1.CameraService/CreateCamera": Recorded(_under("cameras", "camera_id")),
    "portero.v1.CameraService/GetCamera": _READS,
    "portero.v1.CameraService/ListCameras": _READS,
    "portero.v1.CameraService/UpdateCamera": Recorded(attrgetter("camera.name"), _mask),
    "portero.v1.CameraService/DeleteCamera": Recorded(attrgetter("name")),
    "portero.v1.CameraService/GetCameraStatus": _READS,
    "portero.v1.SightingService/GetSighting": _READS,
    "portero.v1.SightingService/ListSightings": _READS,
    "portero.v1.SightingService/WatchSightings": _READS,
    "portero.v1.SightingService/ExportSightings": Recorded(_exported),
    # Who looked at whose picture, or let others look.
    "portero.v1.SnapshotService/GetSnapshot": Recorded(attrgetter("name")),
    "portero.v1.SnapshotService/CreateSnapshotLink": Recorded(attrgetter("name")),
    "portero.v1.SnapshotService/CheckSnapshots": NotRecorded("it tries a file of its own, and shows nobody"),
    "portero.v1.DecisionService/ListDecisions": _READS,
    "portero.v1.DecisionService/WhatIfThresholds": _READS,
    "portero.v1.DecisionService/ListReviewQueue": _READS,
    "portero.v1.DecisionService/ListReviews": _READS,
    # Who looked at whose picture.
    "portero.v1.DecisionService/GetReviewPicture": Recorded(attrgetter("name")),
    "portero.v1.DecisionService/ReviewSighting": Recorded(attrgetter("name"), _said, made=attrgetter("review.name")),
    "portero.v1.DecisionService/UndoReview": Recorded(attrgetter("name")),
    "portero.v1.VisitorService/GetVisitor": _READS,
    "portero.v1.VisitorService/ListVisitors": _READS,
    "portero.v1.VisitorService/MergeVisitors": Recorded(attrgetter("name")),
    # Each sighting's review says whom it shows since.
    "portero.v1.VisitorService/PromoteVisitor": Recorded(attrgetter("name")),
    "portero.v1.VisitorService/ForgetVisitor": Recorded(attrgetter("name")),
    # Whom it erases is in the receipt alone: the call is about a photo, which has no name.
    "portero.v1.VisitorService/ForgetFace": Recorded(details=_dry_run),
    # Never the URL, which may hold a secret.
    "portero.v1.SubscriptionService/CreateSubscription": Recorded(made=attrgetter("subscription.name")),
    "portero.v1.SubscriptionService/GetSubscription": _READS,
    "portero.v1.SubscriptionService/ListSubscriptions": _READS,
    "portero.v1.SubscriptionService/UpdateSubscription": Recorded(attrgetter("subscription.name"), _mask),
    "portero.v1.SubscriptionService/PauseSubscription": Recorded(attrgetter("name")),
    "portero.v1.SubscriptionService/ResumeSubscription": Recorded(attrgetter("name")),
    "portero.v1.SubscriptionService/TestSubscription": Recorded(attrgetter("name")),
    "portero.v1.SubscriptionService/ReplaySubscription": Recorded(attrgetter("name")),
    "portero.v1.SubscriptionService/ListDeliveries": _READS,
    "portero.v1.SubscriptionService/RotateSubscriptionSecret": Recorded(attrgetter("name")),
    "portero.v1.SubscriptionService/DeleteSubscription": Recorded(attrgetter("name")),
    "portero.v1.AttendanceGroupService/PutGroup": Recorded(attrgetter("group.name")),
    "portero.v1.AttendanceGroupService/GetGroup": _READS,
    "portero.v1.AttendanceGroupService/ListGroups": _READS,
    "portero.v1.AttendanceGroupService/DeleteGroup": Recorded(attrgetter("name")),
    "portero.v1.AttendanceGroupService/PutFreeDay": Recorded(attrgetter("parent"), _dry_run),
    "portero.v1.AttendanceGroupService/RemoveFreeDay": Recorded(attrgetter("parent")),
    "portero.v1.AttendanceGroupService/ImportRoster": Recorded(attrgetter("parent"), _dry_run),
    "portero.v1.AttendanceGroupService/ListRoster": _READS,
    "portero.v1.AttendanceGroupService/PutSchedule": Recorded(attrgetter("schedule.name"), _dry_run),
    "portero.v1.AttendanceGroupService/ListSchedules": _READS,
    "portero.v1.AttendanceGroupService/PutScheduleException": Recorded(attrgetter("parent")),
    "portero.v1.AttendanceGroupService/RemoveScheduleException": Recorded(attrgetter("parent")),
    "portero.v1.AttendanceGroupService/PlaceCamera": Recorded(
        attrgetter("placement.camera"), made=attrgetter("placement.name")
    ),
    "portero.v1.AttendanceGroupService/EndPlacement": Recorded(attrgetter("name")),
    "portero.v1.AttendanceGroupService/ListPlacements": _READS,
    "portero.v1.AttendanceGroupService/AcceptCameraView": Recorded(attrgetter("camera")),
    "portero.v1.AttendanceService/ListAttendanceSessions": _READS,
    "portero.v1.AttendanceService/ListAttendanceRecords": _READS,
    "portero.v1.AttendanceService/ListAttendanceChanges": _READS,
    "portero.v1.AttendanceService/WatchAttendance": _READS,
    "portero.v1.AttendanceService/GetAttendanceReport": _READS,
    "portero.v1.AttendanceService/CorrectAttendance": Recorded(
        attrgetter("session"), made=attrgetter("correction.name")
    ),
    "portero.v1.AttendanceService/WithdrawAttendanceCorrection": Recorded(attrgetter("name")),
    "portero.v1.AttendanceService/ListAttendanceCorrections": _READS,
    "portero.v1.AttendanceService/ExcuseAttendance": Recorded(attrgetter("person"), made=attrgetter("excuse.name")),
    "portero.v1.AttendanceService/WithdrawAttendanceExcuse": Recorded(attrgetter("name")),
    "portero.v1.AttendanceService/ListAttendanceExcuses": _READS,
    "portero.v1.UsageService/GetUsage": _READS,
    "portero.v1.PrivacyService/GetPersonPrivacy": _READS,
    "portero.v1.PrivacyService/RecordConsent": Recorded(attrgetter("parent"), made=attrgetter("consent.name")),
    "portero.v1.PrivacyService/WithdrawConsent": Recorded(attrgetter("name")),
    "portero.v1.PrivacyService/BlockPerson": Recorded(attrgetter("name")),
    "portero.v1.PrivacyService/UnblockPerson": Recorded(attrgetter("name")),
    # One entry per page: reading all data of a person leaves as many entries as pages.
    "portero.v1.PrivacyService/ExportPerson": Recorded(attrgetter("name")),
    "portero.v1.PrivacyService/ErasePerson": Recorded(attrgetter("name"), made=attrgetter("erasure.name")),
    "portero.v1.PrivacyService/GetErasure": _READS,
    "portero.v1.PrivacyService/VerifyErasure": _READS,
    "portero.v1.AccessService/GetCaller": _READS,
    "portero.v1.AccessService/CreateKey": Recorded(made=attrgetter("key.name")),
    "portero.v1.AccessService/ListKeys": _READS,
    "portero.v1.AccessService/RevokeKey": Recorded(attrgetter("name")),
    "portero.v1.DocumentService/ReadDocument": Recorded(),
    "portero.v1.DocumentService/StartCheckIn": Recorded(
        attrgetter("camera"), details=_liveness, made=attrgetter("check_in.name")
    ),
    "portero.v1.DocumentService/GetCheckIn": _READS,
    "portero.v1.DocumentService/ListCheckIns": _READS,
    "portero.v1.DocumentService/CancelCheckIn": Recorded(attrgetter("name")),
    "portero.v1.DocumentService/ReviewCheckIn": Recorded(attrgetter("name"), _decision),
    "portero.v1.DocumentService/WatchCheckIns": _READS,
    "portero.v1.DocumentService/EraseCheckIn": Recorded(attrgetter("name"), made=attrgetter("erasure.name")),
    # Nothing of the holder: an entry outlives what is erased.
    "portero.v1.DocumentService/ExportHolder": Recorded(),
    "portero.v1.DocumentService/EraseHolder": Recorded(made=attrgetter("erasure.name")),
    "portero.v1.DocumentService/ImportGuests": Recorded(),
    "portero.v1.DocumentService/ListGuests": _READS,
    "portero.v1.DocumentService/DeleteGuest": Recorded(attrgetter("name")),
    "portero.v1.AuditService/ListAuditEntries": NotRecorded("the list would grow by being read"),
    "portero.v1.AuditService/VerifyAudit": _READS,
}
"""Every method, "package.Service/Method"."""


_UNKNOWN = Recorded()


class Trail(Protocol):
    """Writes the audit trail (`audit/trail.py`)."""

    async def record(self, *deeds: Deed) -> None:
        """Writes entries and returns once they are committed. Raises if they cannot be written."""
        ...

    def note(self, deed: Deed) -> None:
        """Queues an entry to be written soon; never waits and never fails."""
        ...


class CallAudit:
    """Writes the audit entries of calls. Implements `rpc.auth.caller.AccessObserver` for refused callers."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    async def recorded(self, method: str, request: Any, serve: Callable[[], Awaitable[Any]]) -> Any:
        """Serves a unary call after its audit entry is written.

        Args:
            method: "package.Service/Method".
            request: The request message.
            serve: Executes the call and returns the response.

        Raises:
            Unavailable: The entry cannot be written; nothing was done.
        """
        row = AUDITED.get(method, _UNKNOWN)
        if isinstance(row, NotRecorded):
            return await serve()
        asked = _asked(method, row, request)
        await self._trail.record(asked)
        try:
            response = await serve()
        except BaseException as error:
            # Queued: a call that failed must not wait for the trail as well.
            self._trail.note(replace(asked, outcome=AuditOutcome.FAILED, reason=_reason(error)))
            raise
        if row.made is not None:
            self._trail.note(replace(asked, outcome=AuditOutcome.DONE, resource=resource_of(row.made, response)))
        return response

    @asynccontextmanager
    async def streaming(self, method: str, request: Any) -> AsyncIterator[None]:
        """Surrounds the answers to one request: its audit entry is written before the first of them.

        Args:
            method: "package.Service/Method".
            request: The request message.

        Raises:
            Unavailable: The entry cannot be written; nothing was sent.
        """
        row = AUDITED.get(method, _UNKNOWN)
        if isinstance(row, NotRecorded):
            yield
            return
        asked = _asked(method, row, request)
        await self._trail.record(asked)
        try:
            yield
        except BaseException as error:
            self._trail.note(replace(asked, outcome=AuditOutcome.FAILED, reason=_reason(error)))
            raise

    def denied(self, caller: Caller, method: str, reason: str, resource: str) -> None:
        """Queues an entry for an authenticated caller that was refused."""
        self._trail.note(Deed(_actor(caller), _action(method), resource, AuditOutcome.DENIED, reason))

    def failed_login(self, peer: str, method: str, reason: str, credential_id: str) -> None:
        """Queues an entry for a caller without a valid credential."""
        actor = Actor("", peer, credential=credential_id)
        self._trail.note(Deed(actor, _action(method), outcome=AuditOutcome.NO_LOGIN, reason=reason))


def _asked(method: str, row: Recorded, request: Any) -> Deed:
    return Deed(
        _actor(current_caller()),
        _action(method),
        resource_of(row.resource, request),
        AuditOutcome.ASKED,
        words_of(row.details, request),
    )


def _actor(caller: Caller) -> Actor:
    identity = caller.identity
    return Actor(identity.subject, caller.peer, identity.method.value, identity.credential_id)


def _action(method: str) -> str:
    return method.removeprefix("portero.v1.")


def _reason(error: BaseException) -> str:
    if isinstance(error, PorteroError):
        return error.reason
    # It may have been done all the same: the caller hung up, or a part of the server gave up on the way.
    return "CANCELLED" if isinstance(error, asyncio.CancelledError) else "INTERNAL"
