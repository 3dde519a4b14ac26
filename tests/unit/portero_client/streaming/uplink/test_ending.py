"""What a call ended with, while the bridge goes on writing."""

import asyncio
import contextlib
from typing import Any

import grpc
import pytest
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

from portero_client.streaming.uplink.ending import Ending
from tests.support.server.rpc_edge import refusal_of, servicer

_FRAME = stream_pb2.StreamFramesRequest(frame=stream_pb2.Frame(sequence=1, jpeg=bytes(20_000)))


async def _write_on(call: Any) -> None:
    with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
        while True:
            await call.write(_FRAME)


@pytest.mark.parametrize("code", [grpc.StatusCode.ABORTED, grpc.StatusCode.OK])
async def test_the_servers_status_outlives_a_write_that_it_cut_short(code: grpc.StatusCode) -> None:
    """A call that ends while the bridge writes as fast as it can has ended with what the server said, each time."""

    async def hang_up(requests: object, context: Any) -> None:
        await context.read()
        if code is not grpc.StatusCode.OK:
            await context.abort(code, "superseded", (("why", "another"),))

    server = grpc.aio.server()
    service: Any = servicer(recognition_service_pb2_grpc.RecognitionServiceServicer, StreamFrames=hang_up)
    recognition_service_pb2_grpc.add_RecognitionServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    told: list[grpc.aio.AioRpcError | None] = []
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for _ in range(10):
            call: Any = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
            ending = Ending(call)
            writing = asyncio.create_task(_write_on(call))
            try:
                assert await call.read() is grpc.aio.EOF
            except grpc.aio.AioRpcError as error:
                told.append(ending.instead_of(error))
            await writing
    await server.stop(None)
    print(f"{len(told)} calls of 10 failed for the client")
    if code is grpc.StatusCode.OK:
        assert set(told) <= {None}
        return
    refusals = [(refusal_of(error).message, error.code(), error.trailing_metadata()["why"]) for error in told if error]
    assert refusals == [("superseded", code, "another")] * 10
