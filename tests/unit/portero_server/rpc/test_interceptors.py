"""What surrounds every call, over a real connection."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import numpy as np
import pytest
import structlog
from portero.v1 import gallery_service_pb2 as gallery_pb
from portero.v1 import gallery_service_pb2_grpc as gallery_grpc
from portero.v1 import recognition_service_pb2_grpc as recognition_grpc
from portero.v1 import sighting_service_pb2 as sighting_pb
from portero.v1 import sighting_service_pb2_grpc as sighting_grpc
from portero.v1 import stream_pb2

from portero_server import errors
from portero_server.rpc.admission import CallLimits
from tests.support.server.rpc_edge import refused, servicer
from tests.support.server.serving import Edge, Serve

_PERSON = gallery_pb.GetPersonResponse(person=gallery_pb.Person(name="people/ana"))


Behavior = Callable[[gallery_pb.GetPersonRequest, Any], Awaitable[gallery_pb.GetPersonResponse]]


class Watch:
    """A server stream that sends two messages and then does as told; says when its clean-up has run."""

    def __init__(self, ending: Callable[[], Awaitable[None]]) -> None:
        self._ending = ending
        self.closed = asyncio.Event()
        self.servicer = servicer(sighting_grpc.SightingServiceServicer, WatchSightings=self._answer)

    async def _answer(
        self, request: sighting_pb.WatchSightingsRequest, context: Any
    ) -> AsyncIterator[sighting_pb.WatchSightingsResponse]:
        try:
            yield sighting_pb.WatchSightingsResponse(position=1)
            yield sighting_pb.WatchSightingsResponse(position=2)
            await self._ending()
        finally:
            self.closed.set()


async def _echo(requests: AsyncIterator[stream_pb2.StreamFramesRequest], context: Any) -> None:
    async for request in requests:
        if request.WhichOneof("message") == "finish":
            raise errors.SessionSuperseded("a later session took over")
        ack = stream_pb2.Ack(durable_sequence=request.frame.sequence)
        await context.write(stream_pb2.StreamFramesResponse(ack=ack))


def _gallery(behavior: Behavior) -> object:
    return servicer(gallery_grpc.GalleryServiceServicer, GetPerson=behavior)


def _raw(edge: Edge, method: str, message: bytes) -> Awaitable[bytes]:
    call: Any = edge.channel.unary_unary(f"/portero.v1.GalleryService/{method}")
    answer: Awaitable[bytes] = call(message)
    return answer


def _raising(error: BaseException) -> Behavior:
    async def behavior(request: gallery_pb.GetPersonRequest, context: Any) -> gallery_pb.GetPersonResponse:
        raise error

    return behavior


async def _get(edge: Edge, name: str = "people/ana", timeout: float | None = None) -> gallery_pb.GetPersonResponse:
    stub = gallery_grpc.GalleryServiceStub(edge.channel)
    return await stub.GetPerson(gallery_pb.GetPersonRequest(name=name), timeout=timeout)


async def _next(call: Any) -> Any:
    return await call.read()


async def test_call_is_answered_and_counted(serve: Serve) -> None:
    """A call that goes well is told to the observer at its beginning and its end."""

    async def behavior(request: gallery_pb.GetPersonRequest, context: Any) -> gallery_pb.GetPersonResponse:
        return _PERSON

    edge = await serve([_gallery(behavior)])
    assert await _get(edge) == _PERSON
    assert edge.observer.begun == [("portero.v1.GalleryService", "GetPerson", "unary")]
    assert await edge.observer.ended(1) == [("portero.v1.GalleryService", "GetPerson", "unary", "OK")]


async def test_a_refused_call_holds_nothing(serve: Serve) -> None:
    """What a handler held when it refused, as images do hundreds of megabytes, is free before the collector runs."""
    held: list[weakref.ref[Any]] = []

    async def behavior(request: gallery_pb.GetPersonRequest, context: Any) -> gallery_pb.GetPersonResponse:
        pixels = np.zeros(10, np.uint8)
        held.append(weakref.ref(pixels))
        try:
            raise KeyError(len(pixels))
        except KeyError:
            raise errors.InvalidInput("name", "name is odd", reason="ODD") from None

    edge = await serve([_gallery(behavior)])
    gc.disable()
    try:
        await refused(_get(edge))
        assert [each() for each in held] == [None]
    finally:
        gc.enable()


async def test_bad_field_is_named(serve: Serve) -> None:
    """InvalidInput arrives as INVALID_ARGUMENT with reason, domain, field and the log's id."""
    edge = await serve([_gallery(_raising(errors.InvalidInput("name", "name is odd", reason="ODD")))])
    refusal = await refused(_get(edge))
    assert (refusal.code, refusal.message) == (grpc.StatusCode.INVALID_ARGUMENT, "name is odd")
    assert (refusal.reason, refusal.domain, refusal.fields) == ("ODD", "portero", ("name",))
    assert refusal.request_id
    assert (await edge.observer.ended(1))[0][3] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFound("people/ana"), grpc.StatusCode.NOT_FOUND),
        (errors.AlreadyExists("people/ana"), grpc.StatusCode.ALREADY_EXISTS),
    ],
)
async def test_resource_is_named(serve: Serve, error: errors.PorteroError, code: grpc.StatusCode) -> None:
    """Errors about a resource carry its type and name."""
    refusal = await refused(_get(await serve([_gallery(_raising(error))])))
    assert (refusal.code, refusal.resource) == (code, ("portero.v1.Person", "people/ana"))


@pytest.mark.parametrize(
    ("error", "code", "delay"),
    [
        (errors.LimitReached("full", retry_after=0.25), grpc.StatusCode.RESOURCE_EXHAUSTED, 0.25),
        (errors.LimitReached("full for ever"), grpc.StatusCode.RESOURCE_EXHAUSTED, None),
        (errors.StoreUnavailable("gone", retry_after=2.5), grpc.StatusCode.UNAVAILABLE, 2.5),
        (errors.EngineThrottled("busy"), grpc.StatusCode.RESOURCE_EXHAUSTED, 1.0),
        (errors.EngineDenied("no"), grpc.StatusCode.FAILED_PRECONDITION, None),
    ],
)
async def test_retry_is_advised_where_it_helps(
    serve: Serve, error: errors.PorteroError, code: grpc.StatusCode, delay: float | None
) -> None:
    """RetryInfo is there exactly when trying again makes sense."""
    refusal = await refused(_get(await serve([_gallery(_raising(error))])))
    assert (refusal.code, refusal.reason, refusal.retry_after) == (code, error.reason, delay)


async def test_unknown_exception_shows_an_id_and_nothing_else(serve: Serve) -> None:
    """A fault of ours gives INTERNAL with an id that the log has; its text is in neither."""
    edge = await serve([_gallery(_raising(KeyError("Ana Secret")))])
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        refusal = await refused(_get(edge))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert refusal.request_id in refusal.message
    (line,) = logs
    assert (line["event"], line["error"], line["request_id"]) == ("rpc_failed", "KeyError", refusal.request_id)
    assert line["method"] == "portero.v1.GalleryService/GetPerson"
    assert "Secret" not in refusal.message + str(line["stack"]).partition("raise error")[0] + repr(
        {**line, "stack": ""}
    )


async def test_group_of_one_error_is_that_error(serve: Serve) -> None:
    """An error that comes wrapped by a task group is translated as if it came alone."""
    wrapped = ExceptionGroup("tasks", [ExceptionGroup("inner", [errors.NotFound("people/ana")])])
    refusal = await refused(_get(await serve([_gallery(_raising(wrapped))])))
    assert refusal.code is grpc.StatusCode.NOT_FOUND


async def test_inner_cancellation_becomes_a_status(serve: Serve) -> None:
    """When what a call waits for is canceled inside the server, the client hears so and may try again."""

    async def behavior(request: gallery_pb.GetPersonRequest, context: Any) -> gallery_pb.GetPersonResponse:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future
        raise AssertionError

    edge = await serve([_gallery(behavior)])
    refusal = await refused(_get(edge))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "INTERRUPTED")
    assert refusal.retry_after == 1.0
    assert (await edge.observer.ended(1))[0][3] == "UNAVAILABLE"


async def test_cancelled_call_disturbs_no_other(serve: Serve) -> None:
    """One client that hangs up is counted as CANCELED; the call beside it goes on."""
    waiting, cancelled, go = asyncio.Semaphore(0), asyncio.Event(), asyncio.Event()

    async def behavior(request: gallery_pb.GetPersonRequest, context: Any) -> gallery_pb.GetPersonResponse:
        waiting.release()
        try:
            await go.wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return _PERSON

    edge = await serve([_gallery(behavior)])
    first, second = asyncio.create_task(_get(edge)), asyncio.create_task(_get(edge))
    await waiting.acquire()
    await waiting.acquire()
    first.cancel()
    await cancelled.wait()
    go.set()
    assert await second == _PERSON
    assert sorted(ended[3] for ended in await edge.observer.ended(2)) == ["CANCELLED", "OK"]


async def test_call_past_its_deadline_is_counted_as_such(serve: Serve) -> None:
    """A call whose client no longer waits ends as DEADLINE_EXCEEDED on both sides."""

    async def behavior(request: gallery_pb.GetPersonRequest, context: Any) -> gallery_pb.GetPersonResponse:
        await asyncio.Event().wait()
        raise AssertionError

    edge = await serve([_gallery(behavior)])
    calls = 0
    while not edge.observer.begun:
        # A call whose time is over before it has arrived never begins.
        calls += 1
        assert (await refused(_get(edge, timeout=0.05 * calls))).code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert (await edge.observer.ended(1))[0][3] == "DEADLINE_EXCEEDED"


async def test_malformed_message_is_the_callers_fault(serve: Serve) -> None:
    """Bytes that are not a message of the method get INVALID_ARGUMENT."""
    edge = await serve([_gallery(_raising(AssertionError()))])
    refusal = await refused(_raw(edge, "GetPerson", b"\xff\xff"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_MESSAGE")


async def test_unknown_method_is_unimplemented_and_not_counted(serve: Serve) -> None:
    """A method that does not exist cannot fill the figures with names a stranger made up."""
    edge = await serve([_gallery(_raising(AssertionError()))])
    refusal = await refused(_raw(edge, "Invented", b""))
    assert refusal.code is grpc.StatusCode.UNIMPLEMENTED
    assert edge.observer.begun == []


async def test_unary_call_over_the_limit_isrefused(serve: Serve) -> None:
    """With every place taken, a further call gets RESOURCE_EXHAUSTED with RetryInfo, and the first goes on."""
    started, go = asyncio.Event(), asyncio.Event()

    async def behavior(request: gallery_pb.GetPersonRequest, context: Any) -> gallery_pb.GetPersonResponse:
        started.set()
        await go.wait()
        return _PERSON

    edge = await serve([_gallery(behavior)], limits=CallLimits(calls=1, image_calls=1))
    first = asyncio.create_task(_get(edge))
    await started.wait()
    refusal = await refused(_get(edge))
    go.set()
    assert await first == _PERSON
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
    assert refusal.retry_after is not None


async def test_server_stream_runs_to_its_end(serve: Serve) -> None:
    """A handler that yields is streamed and counted."""
    edge = await serve([Watch(lambda: asyncio.sleep(0)).servicer])
    call = sighting_grpc.SightingServiceStub(edge.channel).WatchSightings(sighting_pb.WatchSightingsRequest())
    assert [response.position async for response in call] == [1, 2]
    assert await edge.observer.ended(1) == [("portero.v1.SightingService", "WatchSightings", "server_stream", "OK")]


async def test_server_stream_that_fails_late_tells_why(serve: Serve) -> None:
    """An error after the first answers still arrives with its details, after them."""

    async def fail() -> None:
        raise errors.StoreUnavailable("the database does not answer")

    edge = await serve([Watch(fail).servicer])
    call = sighting_grpc.SightingServiceStub(edge.channel).WatchSightings(sighting_pb.WatchSightingsRequest())
    assert [(await _next(call)).position for _ in range(2)] == [1, 2]
    refusal = await refused(call.read())
    assert refusal.reason == "DATABASE_UNAVAILABLE"


async def test_hanging_up_on_a_server_stream_runs_its_clean_up(serve: Serve) -> None:
    """A watcher that goes away closes the handler's generator at once."""

    async def wait() -> None:
        await asyncio.Event().wait()

    watch = Watch(wait)
    edge = await serve([watch.servicer])
    call = sighting_grpc.SightingServiceStub(edge.channel).WatchSightings(sighting_pb.WatchSightingsRequest())
    await _next(call)
    call.cancel()
    await watch.closed.wait()


async def test_stream_in_both_directions_is_left_as_it_is(serve: Serve) -> None:
    """A handler that reads and writes by itself works through the interceptor, its error too."""
    edge = await serve([servicer(recognition_grpc.RecognitionServiceServicer, StreamFrames=_echo)])
    call = recognition_grpc.RecognitionServiceStub(edge.channel).StreamFrames()
    for sequence in (1, 2):
        frame = stream_pb2.Frame(sequence=sequence)
        await call.write(stream_pb2.StreamFramesRequest(frame=frame))
        assert (await _next(call)).ack.durable_sequence == sequence
    await call.write(stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish()))
    refusal = await refused(call.read())
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "SESSION_SUPERSEDED")
    assert await edge.observer.ended(1) == [("portero.v1.RecognitionService", "StreamFrames", "bidi_stream", "ABORTED")]
