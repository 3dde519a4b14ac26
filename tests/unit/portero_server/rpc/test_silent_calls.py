"""Calls without a message on real connections: they end, and callers who send one are served beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from portero.v1 import gallery_service_pb2 as gallery_pb
from portero.v1 import gallery_service_pb2_grpc as gallery_grpc
from portero.v1 import recognition_service_pb2_grpc as recognition_grpc
from portero.v1 import stream_pb2

from portero_server.domain.access.fair_places import PlaceShares
from portero_server.rpc.admission import CallLimits, ConnectionLimits
from tests.support.server.raw_http2 import RawConnection, raw_connection
from tests.support.server.rpc_edge import refused, servicer
from tests.support.server.serving import Edge, Serve, echo
from tests.support.time.timeouts import PATIENCE

_GET = "/portero.v1.GalleryService/GetPerson"
_ENROLL = "/portero.v1.GalleryService/EnrollFace"
_STREAM = "/portero.v1.RecognitionService/StreamFrames"
_CHECK = "/grpc.health.v1.Health/Check"
_WATCH = "/grpc.health.v1.Health/Watch"
_NEVER = 3600.0
_PATIENT = CallLimits(
    calls=8,
    image_calls=1,
    waiting=PlaceShares(4, 16, 16),
    long=PlaceShares(2, 8, 8),
    first_message=_NEVER,
    long_life=_NEVER,
)


async def _person(request: Any, context: Any) -> gallery_pb.GetPersonResponse:
    return gallery_pb.GetPersonResponse(person=gallery_pb.Person(name="people/ana"))


async def _enroll(request: Any, context: Any) -> gallery_pb.EnrollFaceResponse:
    return gallery_pb.EnrollFaceResponse()


async def _serve(serve: Serve, limits: CallLimits, **options: Any) -> Edge:
    gallery = servicer(gallery_grpc.GalleryServiceServicer, GetPerson=_person, EnrollFace=_enroll)
    streams = servicer(recognition_grpc.RecognitionServiceServicer, StreamFrames=echo)
    # The limit of gRPC itself is out of the way.
    options = {"connections": ConnectionLimits(calls=10_000), **options}
    return await serve([gallery, streams], limits=limits, **options)


def _raw(edge: Edge) -> Any:
    return raw_connection(f"127.0.0.1:{edge.port}")


async def _all_served(edge: Edge) -> None:
    """Makes a call of each kind and asserts that it is answered."""
    gallery = gallery_grpc.GalleryServiceStub(edge.channel)
    assert (await gallery.GetPerson(gallery_pb.GetPersonRequest())).person.name == "people/ana"
    await gallery.EnrollFace(gallery_pb.EnrollFaceRequest(image=bytes(1000)))
    await health_pb2_grpc.HealthStub(edge.channel).Check(health_pb2.HealthCheckRequest())
    call: Any = recognition_grpc.RecognitionServiceStub(edge.channel).StreamFrames()
    await call.write(stream_pb2.StreamFramesRequest(frame=stream_pb2.Frame(sequence=7)))
    assert (await call.read()).ack.durable_sequence == 7
    await call.done_writing()
    assert await call.code() is grpc.StatusCode.OK


async def _until(condition: Callable[[], bool], step: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await step()


@pytest.mark.parametrize("path", [_GET, _ENROLL, _STREAM, _CHECK])
async def test_a_call_whose_message_does_not_come_is_ended(serve: Serve, path: str) -> None:
    """A silent call of any kind ends by itself, says why, and its place is free again."""
    edge = await _serve(serve, replace(_PATIENT, first_message=0.05))
    async with _raw(edge) as connection:
        await connection.until_ended([connection.begin(path)])
        assert b"NO_MESSAGE_IN_TIME" in connection.received or b"no message" in connection.received
    _, _, _, code = (await edge.observer.ended(1))[0]
    assert (code, edge.observer.refusals) == ("DEADLINE_EXCEEDED", ["NO_MESSAGE_IN_TIME"])
    assert {count for count, _ in edge.server.admission.load().values()} == {0}


@pytest.mark.parametrize("path", [_GET, _ENROLL, _STREAM, _CHECK])
async def test_silent_calls_on_one_connection_keep_nobody_out(serve: Serve, path: str) -> None:
    """With many more silent calls than there are places, calls of every kind are served, and few go on waiting."""
    edge = await _serve(serve, _PATIENT)
    async with _raw(edge) as connection:
        silent = [connection.begin(path) for _ in range(50)]
        most = 2 if path == _ENROLL else 4
        await _until(lambda: len(connection.ended) >= len(silent) - most, lambda: asyncio.sleep(0.01))
        await _all_served(edge)
        assert edge.server.admission.load()["waiting"][0] == len(silent) - len(connection.ended) <= most


async def test_silent_calls_on_many_connections_keep_nobody_out(serve: Serve) -> None:
    """With a few silent calls on each of more connections than there are places, calls of every kind are served."""
    edge = await _serve(serve, _PATIENT)
    async with AsyncExitStack() as stack:
        connections: list[RawConnection] = [await stack.enter_async_context(_raw(edge)) for _ in range(40)]
        for connection in connections:
            for path in (_GET, _CHECK, _STREAM):
                connection.begin(path)
        ended = 3 * len(connections) - 16
        await _until(lambda: sum(len(each.ended) for each in connections) >= ended, lambda: asyncio.sleep(0.01))
        for _ in range(5):
            await _all_served(edge)


async def test_health_watches_on_one_connection_keep_nobody_out(serve: Serve) -> None:
    """Watches beyond a connection's share are refused with a time to retry; other watches and calls are served."""
    edge = await _serve(serve, _PATIENT)
    async with _raw(edge) as connection:
        watches = [connection.begin(_WATCH, message=b"") for _ in range(50)]
        await _until(lambda: len(connection.ended) >= len(watches) - 2, lambda: asyncio.sleep(0.01))
        await _all_served(edge)
        watch: Any = health_pb2_grpc.HealthStub(edge.channel).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        mine = [health_pb2_grpc.HealthStub(edge.channel).Watch(health_pb2.HealthCheckRequest()) for _ in range(2)]
        assert isinstance(await mine[0].read(), health_pb2.HealthCheckResponse)
        refusal = await refused(mine[1].read())
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_LONG_CALLS")
        assert refusal.retry_after == 5.0


async def test_a_health_watch_does_not_last_for_ever(serve: Serve) -> None:
    """A watch is ended after its time, so that the client begins another."""
    edge = await _serve(serve, replace(_PATIENT, long_life=0.05))
    call: Any = health_pb2_grpc.HealthStub(edge.channel).Watch(health_pb2.HealthCheckRequest())
    await call.read()
    refusal = await refused(call.read())
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "CALL_TOO_LONG")


async def test_an_answer_that_is_not_taken_gives_its_place_back(serve: Serve) -> None:
    """A caller that lets no byte of an answer come does not hold a place for ever."""
    edge = await _serve(serve, replace(_PATIENT, answer=0.05))
    async with raw_connection(f"127.0.0.1:{edge.port}", window=0) as connection:
        for path in (_GET, _CHECK):
            connection.begin(path, message=b"")
        ended = await edge.observer.ended(2)
        assert {code for _, _, _, code in ended} == {"DEADLINE_EXCEEDED"}
        assert edge.observer.refusals == ["ANSWER_NOT_TAKEN"] * 2
        assert {count for count, _ in edge.server.admission.load().values()} == {0}


async def test_a_full_server_says_so(serve: Serve) -> None:
    """With every place of served calls taken, the next call is refused by name, and the server is not ready."""
    edge = await _serve(serve, replace(_PATIENT, calls=1))
    call: Any = recognition_grpc.RecognitionServiceStub(edge.channel).StreamFrames()
    await call.write(stream_pb2.StreamFramesRequest(frame=stream_pb2.Frame(sequence=1)))
    await call.read()
    gallery = gallery_grpc.GalleryServiceStub(edge.channel)
    assert (await refused(gallery.GetPerson(gallery_pb.GetPersonRequest()))).reason == "TOO_MANY_CALLS"
    with pytest.raises(Exception, match="1 calls, its most"):
        edge.server.admission.check()
    await health_pb2_grpc.HealthStub(edge.channel).Check(health_pb2.HealthCheckRequest())


async def test_a_connection_without_calls_is_closed(serve: Serve) -> None:
    """A connection on which nothing is asked is closed; one with a stream stays."""
    edge = await _serve(serve, _PATIENT, connections=ConnectionLimits(calls=10, idle=0.3))
    call: Any = recognition_grpc.RecognitionServiceStub(edge.channel).StreamFrames()
    await call.write(stream_pb2.StreamFramesRequest(frame=stream_pb2.Frame(sequence=1)))
    await call.read()
    async with _raw(edge) as connection, asyncio.timeout(PATIENCE):
        await connection.closing.wait()
    await call.write(stream_pb2.StreamFramesRequest(frame=stream_pb2.Frame(sequence=2)))
    assert (await call.read()).ack.durable_sequence == 2
    call.cancel()
