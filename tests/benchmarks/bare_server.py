"""The limit: the least a grpc.aio server can do that takes portero.v1's stream and acknowledges its frames.

    python -m tests.benchmarks.bare_server each|coalesced WINDOW

No check, no state but a counter. "each" acknowledges every frame, "coalesced" once every half window, which is as
often as a bridge must be told of new credit.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import uvloop
from portero.v1 import stream_pb2 as pb


async def main() -> None:
    """Serves until killed; says its address in one JSON line."""
    every = 1 if sys.argv[1] == "each" else int(sys.argv[2]) // 2
    window = int(sys.argv[2])

    async def echo(requests: AsyncIterator[pb.StreamFramesRequest], context: Any) -> None:
        received = 0
        async for request in requests:
            if request.WhichOneof("message") != "frame":
                await context.write(pb.StreamFramesResponse(opened=pb.Opened(credit=_credit(window))))
                continue
            received += 1
            if received % every == 0:
                ack = pb.Ack(durable_sequence=request.frame.sequence, credit=_credit(received + window))
                await context.write(pb.StreamFramesResponse(ack=ack))

    server = grpc.aio.server()
    handler = grpc.stream_stream_rpc_method_handler(
        echo,
        pb.StreamFramesRequest.FromString,
        pb.StreamFramesResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("portero.v1.RecognitionService", {"StreamFrames": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(json.dumps({"address": f"127.0.0.1:{port}"}), flush=True)
    await asyncio.Event().wait()


def _credit(frames: int) -> pb.Credit:
    return pb.Credit(frames=frames, bytes=1 << 40)


if __name__ == "__main__":
    uvloop.run(main())
