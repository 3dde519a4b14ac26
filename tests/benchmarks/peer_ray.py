"""Ray Serve with a stream in both directions and `serve.batch`, speaking portero.v1 itself.

    python -m tests.benchmarks.peer_ray stream JOB PICTURES MESSAGES

Writes a request for each picture into the folder MESSAGES.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import ray
from portero.v1 import stream_pb2 as pb
from ray import serve
from ray.serve.config import gRPCOptions

from tests.benchmarks.job import job_of


@serve.deployment(max_ongoing_requests=1000)  # type: ignore[untyped-decorator,unused-ignore]
class Doorkeeper:
    """The job as a deployment."""

    def __init__(self, job: str) -> None:
        self._job = job_of(job)

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.002)  # type: ignore[untyped-decorator,unused-ignore]
    async def work(self, frames: list[bytes]) -> list[bytes]:
        """Does a batch."""
        return self._job.work(frames)

    async def StreamFrames(self, requests: Any) -> AsyncIterator[Any]:  # noqa: N802 - named as in the proto
        """Does a stream, a message at a time; other streams share its batches."""
        async for request in requests:
            await self.work(request.frame.jpeg)
            yield pb.StreamFramesResponse(ack=pb.Ack(durable_sequence=request.frame.sequence))


def main() -> None:
    """Serves until killed."""
    _, job, pictures, messages = sys.argv[1:]
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        grpc_port, http_port = first.getsockname()[1], second.getsockname()[1]
    ray.init(include_dashboard=False, log_to_driver=False, logging_level="error", num_cpus=4)
    adder = "portero.v1.recognition_service_pb2_grpc.add_RecognitionServiceServicer_to_server"
    serve.start(
        http_options={"host": "127.0.0.1", "port": http_port},
        grpc_options=gRPCOptions(port=grpc_port, grpc_servicer_functions=[adder]),
    )
    serve.run(cast("Any", Doorkeeper).bind(job), name="door", route_prefix="/door")
    said = {
        "address": f"127.0.0.1:{grpc_port}",
        "method": "/portero.v1.RecognitionService/StreamFrames",
        "messages": [str(_written(Path(each), Path(messages))) for each in pictures.split(",")],
    }
    print(json.dumps(said), flush=True)
    while True:
        time.sleep(60)


def _written(picture: Path, folder: Path) -> Path:
    request = pb.StreamFramesRequest(frame=pb.Frame(sequence=1, jpeg=picture.read_bytes()))
    path = folder / f"{picture.stem}.ray"
    path.write_bytes(request.SerializeToString())
    return path


if __name__ == "__main__":
    main()
