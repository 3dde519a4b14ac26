"""The least gRPC server that answers StreamFrames: a control, for what of a measurement is gRPC's and not Portero's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
from portero.v1 import stream_pb2


async def _stream_frames(
    requests: AsyncIterator[stream_pb2.StreamFramesRequest], context: grpc.aio.ServicerContext[Any, Any]
) -> None:
    """Says Opened, and acknowledges each message as it comes."""
    await context.write(stream_pb2.StreamFramesResponse(opened=stream_pb2.Opened()))
    async for request in requests:
        acknowledged = stream_pb2.Ack(durable_sequence=request.frame.sequence)
        await context.write(stream_pb2.StreamFramesResponse(ack=acknowledged))


async def main() -> None:
    """Serves until killed; prints its address."""
    server = grpc.aio.server(compression=grpc.Compression.NoCompression)
    # The stubs know only the synchronous form of this function.
    handler = grpc.stream_stream_rpc_method_handler(
        cast("Any", _stream_frames),
        request_deserializer=stream_pb2.StreamFramesRequest.FromString,
        response_serializer=stream_pb2.StreamFramesResponse.SerializeToString,
    )
    service = grpc.method_handlers_generic_handler("portero.v1.RecognitionService", {"StreamFrames": handler})
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"127.0.0.1:{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
