"""Who may come in, over real connections: credentials, roles, cameras, limits, and the watch over streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
import pytest
from portero.v1 import camera_service_pb2 as camera_pb
from portero.v1 import camera_service_pb2_grpc as camera_grpc
from portero.v1 import gallery_service_pb2 as gallery_pb
from portero.v1 import gallery_service_pb2_grpc as gallery_grpc
from portero.v1 import recognition_service_pb2_grpc as recognition_grpc
from portero.v1 import sighting_service_pb2 as sighting_pb
from portero.v1 import sighting_service_pb2_grpc as sighting_grpc
from portero.v1 import stream_pb2

from portero_server.access.authenticator import Authenticator
from portero_server.access.authorized_cameras import Sites
from portero_server.access.key_service import ApiKeyService, KeyRequest
from portero_server.access.keys import KeyPolicy, KeyRing
from portero_server.access.limits import LimitPolicy, Limits
from portero_server.domain.access.identities import Role
from portero_server.domain.access.rates import Limit
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.auth.interceptor import AuthInterceptor
from portero_server.store.cameras import CameraStore
from portero_server.store.database import Database
from portero_server.store.keys import KeyStore
from tests.support.server.open_access import Refusals
from tests.support.server.rpc_edge import refusal_of, refused, servicer
from tests.support.server.serving import Edge, Serve
from tests.support.time.virtual_time import ManualClock

_CODE = grpc.StatusCode
_RECHECK = 0.05


@dataclass
class Gate:
    """A server behind an entrance, and what makes keys for it."""

    edge: Edge
    office: ApiKeyService
    cameras: CameraStore
    clock: ManualClock
    refusals: Refusals
    ring: KeyRing

    async def key(self, *roles: Role, lasts: float | None = None, **wanted: Any) -> tuple[tuple[str, str], ...]:
        """Makes a key and gives the metadata that shows it."""
        end = None if lasts is None else self.clock.now() + timedelta(seconds=lasts)
        _, text = await self.office.create(KeyRequest("a key", roles, expires_at=end, **wanted), "local")
        return _shows(text)


def _shows(text: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {text}"),)


async def _person(request: Any, context: Any) -> gallery_pb.GetPersonResponse:
    return gallery_pb.GetPersonResponse(person=gallery_pb.Person(name=current_caller().identity.subject))


async def _camera(request: Any, context: Any) -> camera_pb.GetCameraResponse:
    return camera_pb.GetCameraResponse(camera=camera_pb.Camera(name=request.name))


async def _watch(request: Any, context: Any) -> AsyncIterator[sighting_pb.WatchSightingsResponse]:
    yield sighting_pb.WatchSightingsResponse(position=1)
    await asyncio.Event().wait()


async def _stream(requests: Any, context: Any) -> None:
    async for request in requests:
        ack = stream_pb2.Ack(durable_sequence=request.frame.sequence)
        await context.write(stream_pb2.StreamFramesResponse(ack=ack))


@pytest.fixture
def policy() -> LimitPolicy:
    """The limits of the server."""
    return LimitPolicy()


@pytest.fixture
async def gate(database: Database, serve: Serve, policy: LimitPolicy) -> Gate:
    """A server whose callers must show something."""
    clock, refusals, store = ManualClock(), Refusals(), KeyStore(database)
    cameras = CameraStore(database, clock)
    ring = KeyRing(store, clock, KeyPolicy(remembered=0))
    auth = AuthInterceptor(
        Authenticator(ring, None, {}, clock),
        Sites(cameras, clock),
        Limits(policy, refusals, clock),
        refusals,
        recheck=_RECHECK,
    )
    edge = await serve(
        [
            servicer(gallery_grpc.GalleryServiceServicer, GetPerson=_person),
            servicer(camera_grpc.CameraServiceServicer, GetCamera=_camera),
            servicer(sighting_grpc.SightingServiceServicer, WatchSightings=_watch),
            servicer(recognition_grpc.RecognitionServiceServicer, StreamFrames=_stream),
        ],
        auth=auth,
    )
    return Gate(edge, ApiKeyService(store, clock), cameras, clock, refusals, ring)


def _get_person(gate: Gate, metadata: Any = ()) -> Any:
    stub = gallery_grpc.GalleryServiceStub(gate.edge.channel)
    return stub.GetPerson(gallery_pb.GetPersonRequest(name="people/ana"), metadata=metadata)


def _get_camera(gate: Gate, camera_id: str, metadata: Any) -> Any:
    stub = camera_grpc.CameraServiceStub(gate.edge.channel)
    return stub.GetCamera(camera_pb.GetCameraRequest(name=f"cameras/{camera_id}"), metadata=metadata)


def _own_channel(gate: Gate) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{gate.edge.port}", [("grpc.use_local_subchannel_pool", 1)])


async def _read_out(call: Any) -> None:
    while await call.read() != grpc.aio.EOF:
        pass


async def test_a_key_makes_its_holder_the_caller(gate: Gate) -> None:
    """A servicer knows by which key it was called."""
    shown = await gate.key(Role.READER)
    key_id = shown[0][1].split("_")[1]
    answer = await _get_person(gate, shown)
    assert answer.person.name == f"keys/{key_id}"


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ((), "CREDENTIALS_MISSING"),
        ((("authorization", "Basic YTpi"),), "BEARER_UNKNOWN"),
        ((("authorization", "Bearer "),), "BEARER_UNKNOWN"),
        ((("authorization", "Bearer eyJ.e30.x"),), "BEARER_UNKNOWN"),
        (_shows("ptk_0000000000000000_" + "0" * 48), "KEY_UNKNOWN"),
        (_shows("ptk_" + "x" * 5000), "KEY_UNKNOWN"),
    ],
)
async def test_who_shows_nothing_sound_is_unauthenticated(gate: Gate, metadata: Any, reason: str) -> None:
    """A call without a sound credential is refused with the reason, and told to the observer without the text."""
    refusal = await refused(_get_person(gate, metadata))
    assert (refusal.code, refusal.reason) == (_CODE.UNAUTHENTICATED, reason)
    assert [(peer, why) for peer, _, why, _ in gate.refusals.failed] == [("127.0.0.1", reason)]
    assert not any("_" in public for *_, public in gate.refusals.failed)


async def test_a_role_may_call_its_methods_alone(gate: Gate) -> None:
    """A known caller without the role is refused, and told to the observer by its subject."""
    metrics = await gate.key(Role.METRICS)
    refusal = await refused(_get_person(gate, metrics))
    assert (refusal.code, refusal.reason) == (_CODE.PERMISSION_DENIED, "ROLE_MISSING")
    (denial,) = gate.refusals.denials
    assert denial[1:] == ("portero.v1.GalleryService/GetPerson", "ROLE_MISSING", "")


async def test_a_scope_holds_for_named_cameras_and_for_sites(gate: Gate) -> None:
    """A key of a camera and a site reaches both, one that joins the site too, and no other, existing or not."""
    for camera_id, site in (("door", ""), ("desk", "lobby"), ("vault", "")):
        await gate.cameras.create(camera_id, display_name=camera_id, site=site)
    shown = await gate.key(Role.READER, cameras=["door"], sites=["lobby"])
    for camera_id in ("door", "desk"):
        assert (await _get_camera(gate, camera_id, shown)).camera.name == f"cameras/{camera_id}"
    for camera_id in ("vault", "nowhere"):
        refusal = await refused(_get_camera(gate, camera_id, shown))
        assert (refusal.code, refusal.reason) == (_CODE.PERMISSION_DENIED, "OUT_OF_SCOPE")
    assert [denial[3] for denial in gate.refusals.denials] == ["cameras/vault", "cameras/nowhere"]
    gate.clock.advance(1)
    await gate.cameras.create("stairs", display_name="stairs", site="lobby")
    assert (await _get_camera(gate, "stairs", shown)).camera.name == "cameras/stairs"


async def test_health_needs_no_credential(gate: Gate) -> None:
    """A load balancer asks without saying who it is."""
    call: Any = gate.edge.channel.unary_unary("/grpc.health.v1.Health/Check")
    assert await call(b"") == b"\x08\x02"


@pytest.mark.parametrize("ending", ["revoked", "expired"])
async def test_an_open_watcher_is_cut_when_its_key_is_void(gate: Gate, ending: str) -> None:
    """A stream whose key is revoked or expires ends as unauthenticated."""
    shown = await gate.key(Role.READER, lasts=60)
    stub = sighting_grpc.SightingServiceStub(gate.edge.channel)
    call: Any = stub.WatchSightings(sighting_pb.WatchSightingsRequest(), metadata=shown)
    assert await call.read() != grpc.aio.EOF
    if ending == "revoked":
        await gate.office.revoke(shown[0][1].split("_")[1])
    else:
        gate.clock.advance(60)
    refusal = await refused(_read_out(call))
    assert (refusal.code, refusal.reason) == (_CODE.UNAUTHENTICATED, f"KEY_{ending.upper()}")


async def test_an_open_bridge_is_cut_when_its_key_is_revoked(gate: Gate) -> None:
    """A stream that is being written to is cut too, and its frames go nowhere any more."""
    await gate.cameras.create("door", display_name="door")
    shown = await gate.key(Role.BRIDGE, cameras=["door"])
    call: Any = recognition_grpc.RecognitionServiceStub(gate.edge.channel).StreamFrames(metadata=shown)
    frame = stream_pb2.StreamFramesRequest(frame=stream_pb2.Frame(sequence=1))
    await call.write(frame)
    assert (await call.read()).ack.durable_sequence == 1
    await gate.office.revoke(shown[0][1].split("_")[1])
    assert (await refused(_read_out(call))).reason == "KEY_REVOKED"


async def test_a_flood_of_wrong_keys_does_not_lock_out_a_good_one(gate: Gate) -> None:
    """After ten failures an address is told to wait, ever longer; a key never shown before is let in at once."""
    fresh, wrong = await gate.key(Role.READER), _shows("ptk_0000000000000000_" + "0" * 48)
    refusals = [await refused(_get_person(gate, wrong)) for _ in range(12)]
    assert {(refusal.code, refusal.reason) for refusal in refusals} == {(_CODE.UNAUTHENTICATED, "KEY_UNKNOWN")}
    assert [refusal.retry_after for refusal in refusals] == [None] * 10 + [1, 2]
    await _get_person(gate, fresh)
    assert gate.refusals.limits == [Limit.LOGINS] * 2


@pytest.mark.parametrize("policy", [LimitPolicy(by_address=0)])
async def test_behind_one_proxy_the_failures_of_others_do_not_matter(gate: Gate) -> None:
    """Without limits by address nobody is told to wait for what others did."""
    fresh, wrong = await gate.key(Role.READER), _shows("ptk_0000000000000000_" + "0" * 48)
    refusals = [await refused(_get_person(gate, wrong)) for _ in range(20)]
    assert {(refusal.reason, refusal.retry_after) for refusal in refusals} == {("KEY_UNKNOWN", None)}
    await _get_person(gate, fresh)


@pytest.mark.parametrize("policy", [LimitPolicy(connections=1)])
async def test_connections_of_strangers_do_not_keep_out_a_good_key(gate: Gate) -> None:
    """An address beyond its connections without a credential is refused so; a good key there comes in."""
    fresh, wrong = await gate.key(Role.READER), _shows("ptk_0000000000000000_" + "0" * 48)
    reasons = []
    for _ in range(3):
        async with _own_channel(gate) as channel:
            stub = gallery_grpc.GalleryServiceStub(channel)
            reasons.append((await refused(stub.GetPerson(gallery_pb.GetPersonRequest(), metadata=wrong))).reason)
    assert reasons == ["KEY_UNKNOWN", "LIMIT_CONNECTIONS", "LIMIT_CONNECTIONS"]
    await _get_person(gate, fresh)


@pytest.mark.parametrize("policy", [LimitPolicy(requests=2, streams=1, connections=2)])
async def test_a_refusal_says_which_limit_and_when_to_retry(gate: Gate) -> None:
    """Requests a second, open streams and connections a minute are each refused by name, with a time."""
    shown = await gate.key(Role.READER)
    for _ in range(4):
        await _get_person(gate, shown)
    refusal = await refused(_get_person(gate, shown))
    assert (refusal.code, refusal.reason) == (_CODE.RESOURCE_EXHAUSTED, "LIMIT_REQUESTS")
    assert refusal.retry_after == pytest.approx(0.5)
    assert "2 requests a second" in refusal.message

    stub = sighting_grpc.SightingServiceStub(gate.edge.channel)
    first = stub.WatchSightings(sighting_pb.WatchSightingsRequest(), metadata=shown)
    await first.read()
    second = stub.WatchSightings(sighting_pb.WatchSightingsRequest(), metadata=shown)
    assert (await refused(second.read())).reason == "LIMIT_STREAMS"
    first.cancel()

    gate.clock.advance(5)
    reasons = []
    for _ in range(2):
        async with _own_channel(gate) as channel:
            stub2 = gallery_grpc.GalleryServiceStub(channel)
            try:
                await stub2.GetPerson(gallery_pb.GetPersonRequest(name="people/ana"), metadata=shown)
                reasons.append("OK")
            except grpc.aio.AioRpcError as error:
                reasons.append(refusal_of(error).reason)
    assert reasons == ["OK", "LIMIT_CONNECTIONS"]
