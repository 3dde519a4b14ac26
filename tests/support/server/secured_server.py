"""A server with TLS and every service behind an entrance that asks for credentials, and callers of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from portero.v1 import (
    access_service_pb2_grpc,
    attendance_group_service_pb2_grpc,
    attendance_service_pb2_grpc,
    audit_service_pb2_grpc,
    gallery_service_pb2_grpc,
    privacy_service_pb2_grpc,
    recognition_service_pb2_grpc,
    usage_service_pb2_grpc,
    visitor_service_pb2_grpc,
)

from portero_server.access.authenticator import Authenticator
from portero_server.access.authorized_cameras import Sites
from portero_server.access.issuer_http import IssuerHttp
from portero_server.access.issuer_keys import IssuerKeys
from portero_server.access.key_service import ApiKeyService, KeyRequest
from portero_server.access.keys import KeyPolicy, KeyRing
from portero_server.access.limits import LimitPolicy, Limits
from portero_server.access.token_checks import TokenChecks
from portero_server.access.tokens import TokenPolicy, TokenVerifier
from portero_server.domain.access.identities import OF_ATTENDANCE, Grant, Role, Scope
from portero_server.domain.access.logins import LoginPolicy
from portero_server.domain.access.turns import TurnPolicy
from portero_server.domain.recording.reviews import ReviewAction
from portero_server.errors import FailedPrecondition
from portero_server.gallery.reviews import Reviews
from portero_server.gallery.what_if import Replays
from portero_server.rpc.auth.interceptor import AuthInterceptor
from portero_server.rpc.services.cameras import CameraServicer
from portero_server.rpc.services.decisions import DecisionServicer
from portero_server.rpc.services.sightings import SightingServicer
from portero_server.rpc.services.snapshots import SnapshotServicer
from portero_server.rpc.stream import FrameStream
from portero_server.rpc.stream_convert import StreamTerms
from portero_server.rpc.tls import Certificates
from portero_server.store.attendance.groups import AttendanceGroupStore
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionStore
from portero_server.store.keys import KeyStore
from portero_server.store.people import PeopleStore
from portero_server.store.sighting_reviews import NewReview, SightingReviewStore
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from portero_server.streaming.registry import Streams
from portero_server.streaming.stream_clock import Opening
from portero_server.telemetry.metrics import Metrics
from portero_server.watching.watch import Watch, WatchPolicy
from tests.support.attendance.classroom import GROUP
from tests.support.server.check_in_parts import CheckInHouse
from tests.support.server.oidc_issuer import CLIENT, OidcIssuer, oidc_issuer
from tests.support.server.open_access import Refusals
from tests.support.server.picture_house import PictureHouse
from tests.support.server.rpc_edge import servicer
from tests.support.server.serving import OpenStreams, Serve
from tests.support.server.sighting_exports import export_of
from tests.support.server.snapshot_house import SnapshotHouse
from tests.support.server.subscription_house import SubscriptionHouse
from tests.support.store.commits import commit_of, decided
from tests.support.time.virtual_time import ManualClock
from tests.support.tls.certificates import Authority, RecordingTlsObserver

OWN, FOREIGN = "door", "vault"

_SERVICERS = {
    "AccessService": access_service_pb2_grpc.AccessServiceServicer,
    "AuditService": audit_service_pb2_grpc.AuditServiceServicer,
    "GalleryService": gallery_service_pb2_grpc.GalleryServiceServicer,
    "PrivacyService": privacy_service_pb2_grpc.PrivacyServiceServicer,
    "UsageService": usage_service_pb2_grpc.UsageServiceServicer,
    "AttendanceGroupService": attendance_group_service_pb2_grpc.AttendanceGroupServiceServicer,
    "AttendanceService": attendance_service_pb2_grpc.AttendanceServiceServicer,
    "VisitorService": visitor_service_pb2_grpc.VisitorServiceServicer,
}

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls: with a role, by a credential, with or without a scope of one camera."""

    role: str
    by: str
    scoped: bool
    channel: grpc.aio.Channel
    metadata: Metadata = ()


class LetIn:
    """Stands for the streams: whoever comes this far was let in."""

    async def open(self, camera_id: str, epoch: str, opening: Opening) -> Any:
        """Ends the call in its own way."""
        raise FailedPrecondition("let in", reason="LET_IN")


@dataclass
class SecuredServer:
    """A server with TLS, with all services behind an entrance that asks for credentials."""

    callers: list[Caller]
    channel: grpc.aio.Channel
    bridges: int
    authority: Authority
    issuer: OidcIssuer
    office: ApiKeyService
    clock: ManualClock
    sightings: dict[str, str]
    check_ins: dict[str, str]
    reviews: dict[str, str]
    subscriptions: dict[str, str]


def _stub(service: str) -> object:
    def method(descriptor: Any) -> Any:
        async def answered(request: Any, context: Any) -> Message:
            return message_factory.GetMessageClass(descriptor.output_type)()

        return answered

    methods = descriptor_pool.Default().FindServiceByName(f"portero.v1.{service}").methods
    return servicer(_SERVICERS[service], **{each.name: method(each) for each in methods})


def _recognition(stream: FrameStream) -> object:
    base = recognition_service_pb2_grpc.RecognitionServiceServicer
    output = {
        each.name: message_factory.GetMessageClass(each.output_type)
        for each in descriptor_pool.Default().FindServiceByName("portero.v1.RecognitionService").methods
    }

    async def image(request: Any, context: Any) -> Any:
        return output["RecognizeImage"]()

    async def text(request: Any, context: Any) -> Any:
        return output["ReadText"]()

    def frames(requests: Any, context: Any) -> Any:
        return stream(requests, context)

    return servicer(base, RecognizeImage=image, ReadText=text, StreamFrames=frames)


@pytest.fixture
async def secured_server(database: Database, serve: Serve, tmp_path: Path) -> AsyncIterator[SecuredServer]:
    """The server, two cameras with a sighting each, and a caller of every kind."""
    clock, cameras, sightings = ManualClock(), CameraStore(database, ManualClock()), SightingStore(database)
    streams, recording = StreamStore(database, clock), Recording(database, clock)
    for camera_id in (OWN, FOREIGN):
        await cameras.create(camera_id, display_name=camera_id)
        owned = await streams.open(camera_id, "e1", camera_id)
        await recording.commit([commit_of(owned, decided(f"t-{camera_id}", None, 0))])
    stored = {each.camera_id: each.sighting_id for each in await sightings.list(SightingFilter(), 9)}
    reviews, decisions = SightingReviewStore(database, clock), DecisionStore(database)
    ignored = NewReview(ReviewAction.IGNORE, None, "", "keys/me")
    # Undone, so that they may be reviewed again by every caller who may.
    made = {camera_id: (await reviews.add(stored[camera_id], ignored)).review.review_id for camera_id in stored}
    for review_id in made.values():
        await reviews.undo(review_id, "keys/me")
    metrics = Metrics(version="0", engine="scripted").decisions
    judging = Reviews(
        sightings,
        decisions,
        reviews,
        lambda position: None,
        metrics,
        clock,
        engine="scripted",
        demanded_for=timedelta(),
    )
    replays = Replays(decisions, reviews, "scripted", metrics)
    shown = PictureHouse(database, clock)
    taken = SnapshotHouse(database, clock, tmp_path / "snapshots")
    desk = CheckInHouse(database, clock)
    begun = {camera_id: (await desk.service.start(camera_id)).check_in_id for camera_id in (OWN, FOREIGN)}
    subscribed = SubscriptionHouse(database, tmp_path, clock)
    subscriptions = {camera_id: await subscribed.subscribe(camera_id) for camera_id in (OWN, FOREIGN)}
    office, scope = ApiKeyService(KeyStore(database), clock), Scope(frozenset({OWN}))
    limits = Limits(LimitPolicy(requests=1e6, connections=1e6, logins=LoginPolicy(free=10**6)), Refusals(), clock)
    authority = Authority(tmp_path / "ours")
    async with AsyncExitStack() as stack:
        issuer = await stack.enter_async_context(oidc_issuer(clock))
        grants = {role.value: [Grant(role)] for role in Role}
        grants |= {f"{role.value}@{OWN}": [Grant(role, scope)] for role in Role}
        tokens = TokenVerifier(
            TokenPolicy(issuer.url, frozenset({CLIENT}), grants),
            IssuerKeys(IssuerHttp(issuer.url), clock),
            TokenChecks(TurnPolicy(per_second=1e6), Refusals(), clock),
            clock,
        )
        auth = AuthInterceptor(
            Authenticator(KeyRing(KeyStore(database), clock, KeyPolicy(remembered=0)), tokens, {"lobby": scope}, clock),
            Sites(cameras, clock),
            limits,
            Refusals(),
        )
        terms = cast("StreamTerms", None)
        edge = await serve(
            [
                *(_stub(service) for service in _SERVICERS),
                _recognition(FrameStream(cast("Streams", LetIn()), terms, limits, clock.now)),
                CameraServicer(cameras, OpenStreams()),
                SightingServicer(
                    sightings,
                    Watch(sightings.events_after, sightings.last_position, WatchPolicy(heartbeat=0.01)),
                    export_of(database),
                ),
                DecisionServicer(
                    decisions, replays, judging, reviews, sightings, cameras, shown.reader, shown.store, clock
                ),
                SnapshotServicer(sightings, taken.reader, 3600),
                desk.servicer(),
                subscribed.servicer,
            ],
            auth=auth,
            certificates=Certificates(authority.server_files(client_ca=authority.file), RecordingTlsObserver()),
            bridge_listen="127.0.0.1:0",
        )
        channel = await stack.enter_async_context(authority.channel(edge.port))
        bridges = edge.server.bridge_port
        assert bridges is not None
        bridge = await stack.enter_async_context(authority.channel(bridges, authority.bridge("lobby")))
        callers = [Caller("bridge", "certificate", True, bridge)]
        await AttendanceGroupStore(database, clock).put_group(GROUP)
        await PeopleStore(database, clock).create("ana", "Ana", {})
        for role, groups, people in ((Role.TEACHER, [GROUP.group_id], []), (Role.GUARDIAN, [], ["ana"])):
            _, text = await office.create(KeyRequest("x", [role], groups=groups, people=people), "local")
            callers.append(Caller(role.value, "key", True, channel, shows(text)))
        for role in (each for each in Role if each not in OF_ATTENDANCE):
            for scoped in (True, False):
                word = f"{role.value}@{OWN}" if scoped else role.value
                callers.append(Caller(role.value, "token", scoped, channel, shows(issuer.access_token(word))))
                if scoped or role is not Role.BRIDGE:
                    _, text = await office.create(KeyRequest("x", [role], [OWN] if scoped else []), "local")
                    callers.append(Caller(role.value, "key", scoped, channel, shows(text)))
        yield SecuredServer(
            callers, channel, bridges, authority, issuer, office, clock, stored, begun, made, subscriptions
        )


def shows(text: str) -> Metadata:
    """Returns the metadata that shows a key or a token."""
    return (("authorization", f"Bearer {text}"),)
