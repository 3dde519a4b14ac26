"""The whole matrix through real TLS connections: role x RPC x own or foreign camera, by key, token and certificate.

What is expected stands here a second time and is not read from the table that the server uses.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from portero.v1 import (
    camera_service_pb2,
    camera_service_pb2_grpc,
    decision_service_pb2,
    document_service_pb2,
    sighting_service_pb2,
    sighting_service_pb2_grpc,
    stream_pb2,
    subscription_service_pb2,
    subscription_service_pb2_grpc,
)

from portero_server.access.key_service import KeyRequest
from portero_server.domain.access.identities import Role
from portero_server.rpc.server import service_names
from tests.support.server.oidc_issuer import CLIENT, rsa_key
from tests.support.server.rpc_edge import refusal_of
from tests.support.server.secured_server import FOREIGN, OWN, Caller, Metadata, SecuredServer, secured_server, shows
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import Authority

__all__ = ["secured_server"]

_LAST = ("DeleteCamera", "DeleteSubscription")
_OF_ATTENDANCE = ("teacher", "guardian")
_ALL = "admin operator reader check-in-desk bridge metrics teacher guardian"

# Who may, and what a scope does: "own": only its cameras, "none": nothing, "whole": a scope may not at all.
_EXPECTED = """
RecognitionService/StreamFrames      own    admin bridge
RecognitionService/RecognizeImage    none   admin operator check-in-desk
RecognitionService/ReadText          none   admin operator check-in-desk
GalleryService/CreatePerson          none   admin operator check-in-desk
GalleryService/GetPerson             none   admin operator check-in-desk reader
GalleryService/ListPeople            none   admin operator reader
GalleryService/UpdatePerson          none   admin operator
GalleryService/DeletePerson          none   admin operator
GalleryService/MergePeople           whole  admin operator
GalleryService/EnrollFace            none   admin operator check-in-desk
GalleryService/CheckPhoto            none   admin operator check-in-desk
GalleryService/ListFaces             none   admin operator reader
GalleryService/ListGalleryFindings   none   admin operator
GalleryService/ListConfusablePairs   none   admin operator
GalleryService/CheckFaces            none   admin operator
GalleryService/ListUnrecognizedPeople none   admin operator
GalleryService/RepairFaces           whole  admin operator
GalleryService/RebuildFaces          whole  admin operator
GalleryService/PrepareCollection     whole  admin
GalleryService/GetCollections        none   admin operator
GalleryService/SwitchCollection      whole  admin
GalleryService/DropCollection        whole  admin
GalleryService/ExportPeople          whole  admin
GalleryService/ImportPeople          whole  admin operator
GalleryService/AdoptFaces            whole  admin
GalleryService/DeleteFace            none   admin operator
GalleryService/SearchByImage         none   admin operator check-in-desk
GalleryService/CompareImages         none   admin operator check-in-desk
CameraService/CreateCamera           own    admin operator
CameraService/GetCamera              own    admin operator check-in-desk reader bridge
CameraService/ListCameras            none   admin operator check-in-desk reader
CameraService/UpdateCamera           own    admin operator
CameraService/DeleteCamera           own    admin operator
CameraService/GetCameraStatus        own    admin operator check-in-desk reader bridge
SightingService/GetSighting          own    admin operator check-in-desk reader
SightingService/ListSightings        own    admin operator check-in-desk reader
SightingService/WatchSightings       own    admin operator check-in-desk reader
SightingService/ExportSightings      own    admin operator reader
SnapshotService/GetSnapshot          own    admin operator
SnapshotService/CreateSnapshotLink   own    admin operator
SnapshotService/CheckSnapshots       none   admin operator
DecisionService/ListDecisions        own    admin operator
DecisionService/WhatIfThresholds     own    admin operator
DecisionService/ListReviewQueue      own    admin operator
DecisionService/ListReviews          own    admin operator
DecisionService/GetReviewPicture     own    admin operator
DecisionService/ReviewSighting       own    admin operator
DecisionService/UndoReview           own    admin operator
VisitorService/GetVisitor            whole  admin operator
VisitorService/ListVisitors          whole  admin operator
VisitorService/MergeVisitors         whole  admin operator
VisitorService/PromoteVisitor        whole  admin operator
VisitorService/ForgetVisitor         whole  admin operator
VisitorService/ForgetFace            whole  admin operator
SubscriptionService/CreateSubscription own  admin
SubscriptionService/GetSubscription  own    admin
SubscriptionService/ListSubscriptions none  admin
SubscriptionService/UpdateSubscription own  admin
SubscriptionService/PauseSubscription own   admin
SubscriptionService/ResumeSubscription own  admin
SubscriptionService/TestSubscription own    admin
SubscriptionService/ReplaySubscription own  admin
SubscriptionService/ListDeliveries   own    admin
SubscriptionService/RotateSubscriptionSecret own admin
SubscriptionService/DeleteSubscription own  admin
AttendanceGroupService/PutGroup      whole  admin operator
AttendanceGroupService/GetGroup      whole  admin operator reader teacher guardian
AttendanceGroupService/ListGroups    whole  admin operator reader teacher guardian
AttendanceGroupService/DeleteGroup   whole  admin operator
AttendanceGroupService/PutFreeDay    whole  admin operator
AttendanceGroupService/RemoveFreeDay whole  admin operator
AttendanceGroupService/ImportRoster  whole  admin operator
AttendanceGroupService/ListRoster    whole  admin operator reader teacher
AttendanceGroupService/PutSchedule   whole  admin operator
AttendanceGroupService/ListSchedules whole  admin operator reader teacher
AttendanceGroupService/PutScheduleException whole  admin operator
AttendanceGroupService/RemoveScheduleException whole  admin operator
AttendanceGroupService/PlaceCamera   whole  admin operator
AttendanceGroupService/EndPlacement  whole  admin operator
AttendanceGroupService/ListPlacements whole  admin operator reader
AttendanceGroupService/AcceptCameraView whole  admin operator
AttendanceService/ListAttendanceSessions whole  admin operator reader teacher guardian
AttendanceService/ListAttendanceRecords whole  admin operator reader teacher guardian
AttendanceService/ListAttendanceChanges whole  admin operator reader teacher guardian
AttendanceService/WatchAttendance whole  admin operator reader teacher guardian
AttendanceService/GetAttendanceReport whole  admin operator reader teacher guardian
AttendanceService/CorrectAttendance  whole  admin operator teacher
AttendanceService/WithdrawAttendanceCorrection whole  admin operator teacher
AttendanceService/ListAttendanceCorrections whole  admin operator reader teacher
AttendanceService/ExcuseAttendance   whole  admin operator
AttendanceService/WithdrawAttendanceExcuse whole  admin operator
AttendanceService/ListAttendanceExcuses whole  admin operator reader guardian
UsageService/GetUsage                own    admin operator
PrivacyService/GetPersonPrivacy      none   admin operator check-in-desk
PrivacyService/RecordConsent         none   admin operator check-in-desk
PrivacyService/WithdrawConsent       none   admin operator check-in-desk
PrivacyService/BlockPerson           none   admin operator
PrivacyService/UnblockPerson         none   admin operator
PrivacyService/ExportPerson          whole  admin operator
PrivacyService/ErasePerson           whole  admin operator
PrivacyService/GetErasure            whole  admin operator
PrivacyService/VerifyErasure         whole  admin operator
DocumentService/ReadDocument         none   admin operator check-in-desk
DocumentService/StartCheckIn         own    admin operator check-in-desk
DocumentService/GetCheckIn           own    admin operator check-in-desk
DocumentService/ListCheckIns         own    admin operator check-in-desk
DocumentService/CancelCheckIn        own    admin operator check-in-desk
DocumentService/ReviewCheckIn        own    admin operator check-in-desk
DocumentService/WatchCheckIns        own    admin operator check-in-desk
DocumentService/EraseCheckIn         whole  admin operator
DocumentService/ExportHolder         whole  admin operator
DocumentService/EraseHolder          whole  admin operator
DocumentService/ImportGuests         none   admin operator check-in-desk
DocumentService/ListGuests           none   admin operator check-in-desk
DocumentService/DeleteGuest          none   admin operator check-in-desk
AuditService/ListAuditEntries        whole  admin
AuditService/VerifyAudit             whole  admin
AccessService/GetCaller              none   admin operator reader check-in-desk bridge metrics teacher guardian
AccessService/CreateKey              whole  admin
AccessService/ListKeys               whole  admin
AccessService/RevokeKey              whole  admin
"""


def _rows() -> dict[str, tuple[str, frozenset[str]]]:
    rows = (line.split() for line in _EXPECTED.strip().splitlines())
    return {name: (scope, frozenset(roles)) for name, scope, *roles in rows}


def _request(secured_server: SecuredServer, name: str, camera_id: str) -> Message:
    """Makes the request of a method about a camera, or about nothing."""
    service, _, method = name.partition("/")
    found = descriptor_pool.Default().FindServiceByName(f"portero.v1.{service}").FindMethodByName(method)
    request: Any = message_factory.GetMessageClass(found.input_type)()
    resource = f"cameras/{camera_id}"
    match method:
        case "StreamFrames":
            request.open.CopyFrom(stream_pb2.OpenStream(camera=resource, epoch="e", mode=stream_pb2.DELIVERY_MODE_LIVE))
        case "CreateCamera":
            request.camera_id = camera_id
        case "UpdateCamera":
            request.camera.name = resource
        case "GetCamera" | "GetCameraStatus" | "DeleteCamera":
            request.name = resource
        case "GetReviewPicture" | "GetSnapshot" | "CreateSnapshotLink":
            request.name = f"sightings/{secured_server.sightings[camera_id]}"
        case "ReviewSighting":
            request.name = f"sightings/{secured_server.sightings[camera_id]}"
            request.action = decision_service_pb2.REVIEW_ACTION_IGNORE
        case "CreateSubscription":
            request.subscription.display_name = "hook"
            request.subscription.webhook.url = "https://hooks.example/"
            request.subscription.filter.cameras.append(resource)
        case "UpdateSubscription":
            request.subscription.name = f"subscriptions/{secured_server.subscriptions[camera_id]}"
        case "ListDeliveries":
            request.parent = f"subscriptions/{secured_server.subscriptions[camera_id]}"
        case _ if service == "SubscriptionService" and method != "ListSubscriptions":
            request.name = f"subscriptions/{secured_server.subscriptions[camera_id]}"
            if method == "ReplaySubscription":
                request.start_time.GetCurrentTime()
        case "UndoReview":
            request.name = f"reviews/{secured_server.reviews[camera_id]}"
        case "GetSighting":
            request.name = f"sightings/{secured_server.sightings[camera_id]}"
        case "GetCheckIn" | "CancelCheckIn" | "ReviewCheckIn":
            request.name = f"checkIns/{secured_server.check_ins[camera_id]}"
            if method == "ReviewCheckIn":
                request.review.decision, request.review.reason = document_service_pb2.REVIEW_DECISION_ACCEPTED, "seen"
        case (
            "ListSightings"
            | "WatchSightings"
            | "ExportSightings"
            | "ListDecisions"
            | "WhatIfThresholds"
            | "ListReviewQueue"
            | "ListReviews"
            | "GetUsage"
            | "StartCheckIn"
            | "ListCheckIns"
            | "WatchCheckIns"
        ):
            request.camera = resource
    return cast("Message", request)


async def _outcome(channel: grpc.aio.Channel, name: str, request: Message, metadata: Metadata) -> str:
    """Calls, and gives "in" or why not."""
    # One message each way is the same on the wire for every kind of method. Sent with the call itself: a message
    # written after it may meet an answer that is there already, which the client library reports as its own fault.
    method: Any = channel.unary_stream(f"/portero.v1.{name}")
    call = method(request.SerializeToString(), metadata=metadata, timeout=PATIENCE)
    try:
        await call.read()
        call.cancel()
    except grpc.aio.AioRpcError as error:
        refusal = refusal_of(error)
        if error.code() in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
            return f"{error.code().name} {refusal.reason}"
        if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL):
            return error.code().name
    return "in"


def _due(name: str, caller: Caller, camera_id: str) -> str:
    scope, roles = _rows()[name]
    if caller.role not in roles:
        return "PERMISSION_DENIED ROLE_MISSING"
    if caller.scoped and scope == "whole" and caller.role not in _OF_ATTENDANCE:
        return "PERMISSION_DENIED SCOPED"
    if caller.scoped and scope == "own" and camera_id == FOREIGN:
        return "PERMISSION_DENIED OUT_OF_SCOPE"
    return "in"


def test_the_matrix_names_every_rpc_and_every_role() -> None:
    """A new RPC or a new role must be put into what is expected here."""
    pool = descriptor_pool.Default()
    methods = {
        f"{service.rpartition('.')[2]}/{method.name}"
        for service in service_names()
        for method in pool.FindServiceByName(service).methods
    }
    assert set(_rows()) == methods
    assert set(_ALL.split()) == {role.value for role in Role}


async def test_every_role_gets_what_is_its_own_and_nothing_else(secured_server: SecuredServer) -> None:
    """Each role by each kind of credential, with and without a scope, is let in or refused as expected at each RPC."""
    wrong, tried = [], 0
    # Deleted last, so that what the others ask for is still there.
    for name in sorted(_rows(), key=lambda each: (each.endswith(_LAST), each)):
        for camera_id in (OWN, FOREIGN) if _rows()[name][0] == "own" else (OWN,):
            request = _request(secured_server, name, camera_id)
            for caller in secured_server.callers:
                tried += 1
                got = await _outcome(caller.channel, name, request, caller.metadata)
                if got != _due(name, caller, camera_id):
                    wrong.append((name, caller.role, caller.by, caller.scoped, camera_id, got))
    assert wrong == []
    assert tried == len(secured_server.callers) * (len(_rows()) + sum(scope == "own" for scope, _ in _rows().values()))


async def test_lists_and_watches_show_own_cameras_alone(secured_server: SecuredServer) -> None:
    """Whoever has a scope and names no camera sees what is of its own, and who has none sees all."""
    cameras = camera_service_pb2_grpc.CameraServiceStub(secured_server.channel)
    sightings = sighting_service_pb2_grpc.SightingServiceStub(secured_server.channel)
    for caller in secured_server.callers:
        if caller.role not in ("admin", "operator", "reader", "check-in-desk"):
            continue
        visible = {f"cameras/{OWN}"} if caller.scoped else {f"cameras/{OWN}", f"cameras/{FOREIGN}"}
        shown: dict[str, Any] = {"metadata": caller.metadata}
        listed = await cameras.ListCameras(camera_service_pb2.ListCamerasRequest(), **shown)
        assert {camera.name for camera in listed.cameras} == visible
        found = await sightings.ListSightings(sighting_service_pb2.ListSightingsRequest(), **shown)
        assert {sighting.camera for sighting in found.sightings} == visible
        watch = sighting_service_pb2.WatchSightingsRequest(after_position=0)
        call: Any = sightings.WatchSightings(watch, **shown)
        seen = set()
        # WatchUpdate come before the first heartbeat, which has no sighting.
        while (news := await call.read()).HasField("sighting"):
            seen.add(news.sighting.camera)
        call.cancel()
        assert seen == visible


async def test_an_admin_of_one_camera_subscribes_to_its_events_alone(secured_server: SecuredServer) -> None:
    """A filter without cameras means those of the scope; foreign cameras, sites and attendance are out of reach."""
    stub = subscription_service_pb2_grpc.SubscriptionServiceStub(secured_server.channel)
    of = {camera_id: f"subscriptions/{name}" for camera_id, name in secured_server.subscriptions.items()}
    for caller in secured_server.callers:
        if caller.role != "admin":
            continue
        shown: dict[str, Any] = {"metadata": caller.metadata}
        listed = await stub.ListSubscriptions(subscription_service_pb2.ListSubscriptionsRequest(), **shown)
        names = {each.name for each in listed.subscriptions}
        assert (of[OWN] in names, of[FOREIGN] in names) == (True, not caller.scoped)
        wanted = subscription_service_pb2.Subscription(display_name="hook")
        wanted.webhook.url = "https://hooks.example/"
        made = await stub.CreateSubscription(
            subscription_service_pb2.CreateSubscriptionRequest(subscription=wanted), **shown
        )
        assert list(made.subscription.scope_cameras) == ([f"cameras/{OWN}"] if caller.scoped else [])
        widened = subscription_service_pb2.UpdateSubscriptionRequest(subscription=made.subscription)
        for places in (
            subscription_service_pb2.SubscriptionFilter(cameras=[f"cameras/{FOREIGN}"]),
            subscription_service_pb2.SubscriptionFilter(sites=["elsewhere"]),
            # Groups are of no site.
            subscription_service_pb2.SubscriptionFilter(
                attendance=[subscription_service_pb2.ATTENDANCE_NOTICE_KIND_ABSENT]
            ),
        ):
            widened.subscription.filter.CopyFrom(places)
            widened.update_mask.paths[:] = ["filter"]
            method = "SubscriptionService/UpdateSubscription"
            expected = "PERMISSION_DENIED OUT_OF_SCOPE" if caller.scoped else "in"
            assert await _outcome(caller.channel, method, widened, caller.metadata) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nothing", "UNAUTHENTICATED CREDENTIALS_MISSING"),
        ("expired key", "UNAUTHENTICATED KEY_EXPIRED"),
        ("revoked key", "UNAUTHENTICATED KEY_REVOKED"),
        ("unknown key", "UNAUTHENTICATED KEY_UNKNOWN"),
        ("expired token", "UNAUTHENTICATED TOKEN_EXPIRED"),
        ("wrong issuer", "UNAUTHENTICATED TOKEN_WRONG_ISSUER"),
        ("wrong audience", "UNAUTHENTICATED TOKEN_WRONG_AUDIENCE"),
        ("wrong algorithm", "UNAUTHENTICATED TOKEN_WRONG_ALGORITHM"),
        ("no algorithm", "UNAUTHENTICATED TOKEN_WRONG_ALGORITHM"),
        ("unknown key id", "UNAUTHENTICATED TOKEN_UNKNOWN_KEY"),
        ("wrong signature", "UNAUTHENTICATED TOKEN_INVALID"),
    ],
)
async def test_a_void_credential_is_refused_everywhere(secured_server: SecuredServer, name: str, expected: str) -> None:
    """Expired, revoked, foreign and forged credentials are each refused at every RPC, with the reason."""
    metadata = await _void(secured_server, name)
    for method in _rows():
        assert (
            await _outcome(secured_server.channel, method, _request(secured_server, method, OWN), metadata) == expected
        ), method


async def _void(secured_server: SecuredServer, name: str) -> Metadata:
    issuer, admin = secured_server.issuer, {"client_id": CLIENT, "cognito:groups": ["admin"]}
    match name:
        case "nothing":
            return ()
        case "expired key" | "revoked key":
            end = secured_server.clock.now() + timedelta(seconds=5) if name == "expired key" else None
            key, text = await secured_server.office.create(KeyRequest("x", [Role.ADMIN], expires_at=end), "local")
            secured_server.clock.advance(5)
            if end is None:
                await secured_server.office.revoke(key.key_id)
            return shows(text)
        case "unknown key":
            return shows("ptk_0000000000000000_" + "0" * 48)
        case "no algorithm":
            head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "first"}).encode()).decode().rstrip("=")
            return shows(f"{head}.{issuer.access_token('admin').split('.')[1]}.")
    tokens = {
        "expired token": lambda: issuer.access_token("admin", exp=secured_server.clock.now() - timedelta(seconds=31)),
        "wrong issuer": lambda: issuer.access_token("admin", iss="https://elsewhere.example"),
        "wrong audience": lambda: issuer.access_token("admin", client_id="another-app"),
        "wrong algorithm": lambda: issuer.token(admin, algorithm="RS384"),
        "unknown key id": lambda: issuer.token(admin, kid="nobody's", key=rsa_key(2)),
        "wrong signature": lambda: issuer.token(admin, key=rsa_key(2)),
    }
    return shows(tokens[name]())


async def test_certificates_that_are_not_a_known_bridge_of_ours_are_refused(
    secured_server: SecuredServer, tmp_path: Path
) -> None:
    """A foreign authority, an expired certificate and none end the handshake; one of no known bridge the call."""
    method = "RecognitionService/StreamFrames"
    request = _request(secured_server, method, OWN)
    foreign = Authority(tmp_path / "foreign").bridge("lobby")
    for client, expected in (
        (foreign, "UNAVAILABLE"),
        (secured_server.authority.bridge("lobby", expired=True), "UNAVAILABLE"),
        (None, "UNAVAILABLE"),
        (secured_server.authority.bridge("hall"), "UNAUTHENTICATED BRIDGE_UNKNOWN"),
        (secured_server.authority.bridge("lobby"), "in"),
    ):
        async with secured_server.authority.channel(secured_server.bridges, client) as channel:
            assert await _outcome(channel, method, request, ()) == expected
