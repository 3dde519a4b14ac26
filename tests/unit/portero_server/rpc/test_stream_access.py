"""StreamFrames of callers with limits and a scope, over a real connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import grpc
from portero.v1 import recognition_service_pb2_grpc
from portero.v1 import stream_pb2 as pb

from portero_server.access.authorized_cameras import AuthorizedCameras
from portero_server.access.limits import LimitPolicy, Limits
from portero_server.clock import SystemClock
from portero_server.domain.access.identities import AuthMethod, Grant, Identity, Role, Scope
from portero_server.domain.access.rates import Limit
from portero_server.domain.streams.frames import FrameLimits
from portero_server.recognition.images import Images
from portero_server.rpc.auth.caller import Caller, calling
from portero_server.rpc.services.recognition import RecognitionServicer
from portero_server.rpc.stream import FrameStream
from portero_server.rpc.stream_convert import StreamTerms
from tests.support.server.open_access import Refusals
from tests.support.server.rpc_edge import refusal_of
from tests.support.server.stream_harness import EPOCH_START, StreamHarness, jpeg, stream_harness
from tests.support.time.virtual_time import ManualClock

_SCOPE = Scope(frozenset({"door"}))
_BRIDGE = Identity("keys/b", AuthMethod.KEY, (Grant(Role.BRIDGE, _SCOPE),))

Serve = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def _bridge(
    serve: Serve, policy: LimitPolicy, authorized: AuthorizedCameras
) -> AsyncIterator[tuple[StreamHarness, Any, Refusals]]:
    """Serves a door to one bridge, and gives the bridge's call."""
    clock, refusals = SystemClock(), Refusals()
    # The limits' clock stands still: what a bucket held is all there is.
    limits = Limits(policy, refusals, ManualClock())
    async with stream_harness(clock=clock) as at:
        frames = FrameStream(at.streams, StreamTerms(FrameLimits(), 15.0, 2.0), limits, clock.now)

        async def as_bridge(requests: Any, context: Any) -> None:
            with calling(Caller(_BRIDGE, "192.0.2.7", authorized)):
                await frames(requests, context)

        edge = await serve([RecognitionServicer(cast("Images", None), as_bridge, clock)])
        call: Any = recognition_service_pb2_grpc.RecognitionServiceStub(edge.channel).StreamFrames()
        yield at, call, refusals


def _open(camera: str) -> pb.StreamFramesRequest:
    opening = pb.OpenStream(camera=f"cameras/{camera}", epoch="e1", mode=pb.DELIVERY_MODE_LOSSLESS)
    return pb.StreamFramesRequest(open=opening)


def _frame(sequence: int) -> pb.StreamFramesRequest:
    frame = pb.Frame(sequence=sequence, jpeg=jpeg())
    frame.capture_time.FromDatetime(EPOCH_START + timedelta(seconds=sequence))
    return pb.StreamFramesRequest(frame=frame)


async def _answers(call: Any) -> list[pb.StreamFramesResponse]:
    found = []
    while (answer := await call.read()) is not grpc.aio.EOF:
        found.append(answer)
    return found


async def test_frames_beyond_the_rate_are_rejected_one_by_one(serve: Serve) -> None:
    """Each frame beyond the rate is answered as RATE_LIMITED with the limit and a time, and the stream goes on."""
    async with _bridge(serve, LimitPolicy(frames=1.5), AuthorizedCameras(_SCOPE)) as (_, call, refusals):
        await call.write(_open("door"))
        for sequence in range(1, 6):
            await call.write(_frame(sequence))
        await call.write(pb.StreamFramesRequest(finish=pb.Finish()))
        answers = await _answers(call)
    rejected = [answer.frame_rejected for answer in answers if answer.HasField("frame_rejected")]
    assert [(each.sequence, each.reason) for each in rejected] == [
        (4, pb.FRAME_REJECTION_REASON_RATE_LIMITED),
        (5, pb.FRAME_REJECTION_REASON_RATE_LIMITED),
    ]
    assert "frames a second" in rejected[0].message
    assert answers[-1].finished.durable_sequence == 5
    assert answers[-1].finished.account.rejected == 2
    assert refusals.limits == [Limit.FRAMES] * 2


async def test_a_foreign_camera_is_refused_before_it_is_opened(serve: Serve) -> None:
    """A bridge that opens another's camera is refused, and the camera's own stream is not disturbed."""
    async with _bridge(serve, LimitPolicy(), AuthorizedCameras(_SCOPE)) as (at, call, _):
        await call.write(_open("vault"))
        refusal = await _ended(call)
        assert at.streams.status("vault") is None
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "OUT_OF_SCOPE")


async def test_no_frame_is_taken_once_the_camera_is_another_s(serve: Serve) -> None:
    """When the camera leaves the bridge's reach the next frame ends the stream and is not taken in."""
    authorized = AuthorizedCameras(_SCOPE)
    async with _bridge(serve, LimitPolicy(), authorized) as (at, call, _):
        await call.write(_open("door"))
        await call.write(_frame(1))
        while (await call.read()).ack.durable_sequence < 1:
            pass
        authorized.cameras = frozenset({"desk"})
        await call.write(_frame(2))
        refusal = await _ended(call)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "OUT_OF_SCOPE")
    assert at.store.durable == 1


async def _ended(call: Any) -> Any:
    try:
        await _answers(call)
    except grpc.aio.AioRpcError as error:
        return refusal_of(error)
    raise AssertionError("the stream ended well")
