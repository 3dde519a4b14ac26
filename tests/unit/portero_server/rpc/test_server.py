"""The server around the services: health, reflection, its port and its limits of size."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from portero.v1 import gallery_service_pb2 as gallery_pb
from portero.v1 import gallery_service_pb2_grpc as gallery_grpc

from portero_server.clock import SystemClock
from portero_server.errors import StartupProblem
from portero_server.rpc.admission import CallLimits
from portero_server.rpc.server import ServerOptions, build_server
from tests.support.server.open_access import open_access
from tests.support.server.rpc_edge import RecordingObserver, refused, servicer
from tests.support.server.serving import Edge, Serve

_MIB = 1024 * 1024
_STATE = health_pb2.HealthCheckResponse


async def _measure(request: gallery_pb.CompareImagesRequest, context: Any) -> gallery_pb.CompareImagesResponse:
    size = len(request.source_image) + len(request.target_image)
    return gallery_pb.CompareImagesResponse(comparisons=[gallery_pb.FaceComparison(similarity=size)])


def _measuring() -> object:
    return servicer(gallery_grpc.GalleryServiceServicer, CompareImages=_measure)


async def _health(edge: Edge, service: str = "") -> int:
    stub = health_pb2_grpc.HealthStub(edge.channel)
    response: health_pb2.HealthCheckResponse = await stub.Check(health_pb2.HealthCheckRequest(service=service))
    return int(response.status)


@pytest.mark.parametrize("service", ["", "portero.v1.GalleryService"])
async def test_server_is_healthy_only_when_told(serve: Serve, service: str) -> None:
    """Health is NOT_SERVING from the start, follows the application, and is NOT_SERVING while stopping."""
    edge = await serve([_measuring()])
    assert await _health(edge, service) == _STATE.NOT_SERVING
    await edge.server.set_serving(True)
    assert await _health(edge, service) == _STATE.SERVING
    await edge.server.set_serving(False)
    assert await _health(edge, service) == _STATE.NOT_SERVING


async def test_health_of_an_unknown_service_is_not_found(serve: Serve) -> None:
    """A service that is not here has no health."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _health(await serve([]), "portero.v1.GalleryService")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_reflection_lists_what_is_served(serve: Serve) -> None:
    """Reflection names the services, health and itself."""
    assert await _reflected(await serve([_measuring()])) == {
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "portero.v1.GalleryService",
    }


async def test_reflection_can_be_switched_off(serve: Serve) -> None:
    """Without reflection its service does not exist."""
    edge = await serve([], reflection=False)
    # Sent as a whole: a stream's write that comes after the status would put grpc.aio's own in its place.
    call: Any = edge.channel.unary_unary("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    assert (await refused(call(b""))).code is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("listen", ["", "203.0.113.7:50051", "no.such.host.invalid:50051"])
async def test_port_that_cannot_be_had_is_one_line(serve: Serve, listen: str) -> None:
    """A taken port, an address of another machine or an unknown host ends start-up, naming the setting."""
    taken = await serve([])
    server = build_server(
        ServerOptions(listen or f"127.0.0.1:{taken.port}"), [], open_access(), RecordingObserver(), SystemClock()
    )
    with pytest.raises(StartupProblem, match="PORTERO_LISTEN") as caught:
        await server.start()
    assert "\n" not in caught.value.message


async def test_two_images_of_five_mebibytes_fit(serve: Serve) -> None:
    """CompareImages takes its two largest images in one request."""
    stub = gallery_grpc.GalleryServiceStub((await serve([_measuring()])).channel)
    image = bytes(5 * _MIB)
    response = await stub.CompareImages(gallery_pb.CompareImagesRequest(source_image=image, target_image=image))
    assert response.comparisons[0].similarity == 10 * _MIB


async def test_image_call_without_a_place_is_refused_unread(serve: Serve) -> None:
    """With no place for image calls the largest request gets its refusal, and the connection goes on."""
    edge = await serve([_measuring()], limits=CallLimits(image_calls=0))
    stub = gallery_grpc.GalleryServiceStub(edge.channel)
    image = bytes(5 * _MIB)
    refusal = await refused(stub.CompareImages(gallery_pb.CompareImagesRequest(source_image=image, target_image=image)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_IMAGE_CALLS")
    assert await _health(edge) == _STATE.NOT_SERVING


async def test_request_beyond_all_limits_is_refused_unread(serve: Serve) -> None:
    """A request that no method takes gets RESOURCE_EXHAUSTED, and the server goes on."""
    edge = await serve([_measuring()])
    stub = gallery_grpc.GalleryServiceStub(edge.channel)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.CompareImages(gallery_pb.CompareImagesRequest(source_image=bytes(11 * _MIB)))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (await stub.CompareImages(gallery_pb.CompareImagesRequest())).comparisons[0].similarity == 0


async def test_compressed_request_is_refused(serve: Serve) -> None:
    """A compressed request, which could be a bomb, is not unpacked."""
    edge = await serve([_measuring()])
    stub = gallery_grpc.GalleryServiceStub(edge.channel)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.CompareImages(
            gallery_pb.CompareImagesRequest(source_image=bytes(_MIB)), compression=grpc.Compression.Gzip
        )
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_stopping_ends_calls_after_the_grace(serve: Serve) -> None:
    """Stop cuts what is still open, so that an endless call cannot hold the process."""
    started = asyncio.Event()

    async def endless(request: gallery_pb.GetPersonRequest, context: Any) -> None:
        started.set()
        await asyncio.Event().wait()

    edge = await serve([servicer(gallery_grpc.GalleryServiceServicer, GetPerson=endless)])
    stub = gallery_grpc.GalleryServiceStub(edge.channel)
    call = asyncio.ensure_future(stub.GetPerson(gallery_pb.GetPersonRequest()))
    await started.wait()
    await edge.server.stop(0)
    with pytest.raises(grpc.aio.AioRpcError):
        await call


async def test_only_servicers_of_the_contract_are_taken() -> None:
    """An object that serves nothing of portero.v1 is a mistake of the program."""
    with pytest.raises(TypeError, match="object is not a servicer"):
        build_server(ServerOptions("127.0.0.1:0"), [object()], open_access(), RecordingObserver(), SystemClock())


async def _reflected(edge: Edge) -> set[str]:
    stub = reflection_pb2_grpc.ServerReflectionStub(edge.channel)
    requests = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    return {
        service.name
        async for response in stub.ServerReflectionInfo(requests)
        for service in response.list_services_response.service
    }
