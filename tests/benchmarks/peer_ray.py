"""Ray Serve with a stream in both directions and `serve.batch`, speaking portero.v1 itself.

    python -m tests.benchmarks.peer_ray stream JOB PICTURES MESSAGES

Writes a request for each picture into the folder MESSAGES.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

# Its mode for throughput: user code, router and proxy without threads between them, the log buffered.
os.environ.update(RAY_SERVE_THROUGHPUT_OPTIMIZED="1", RAY_USAGE_STATS_ENABLED="0")

import ray
from portero.v1 import stream_pb2 as pb
from ray import serve
from ray.serve.config import gRPCOptions

from tests.benchmarks.job import job_of, worked


@serve.deployment(max_ongoing_requests=1000)  # type: ignore[untyped-decorator,unused-ignore]
class Doorkeeper:
    """The job as a deployment."""

    def __init__(self, job: str) -> None:
        self._job = job_of(job)

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.002)  # type: ignore[untyped-decorator,unused-ignore]
    async def work(self, frames: list[bytes]) -> list[bytes]:
        """Does a batch."""
        return await worked(self._job, frames)

    async def StreamFrames(self, requests: Any) -> AsyncIterator[Any]:  # noqa: N802 - named as in the proto
        """Does a stream: all that is in flight at once, so that it fills batches; answers in order."""
        started: asyncio.Queue[tuple[int, asyncio.Task[bytes]] | None] = asyncio.Queue()

        async def read() -> None:
            async for request in requests:
                started.put_nowait((request.frame.sequence, asyncio.create_task(self.work(request.frame.jpeg))))
            started.put_nowait(None)

        reading = asyncio.create_task(read())
        while (next_one := await started.get()) is not None:
            sequence, done = next_one
            await done
            yield pb.StreamFramesResponse(ack=pb.Ack(durable_sequence=sequence))
        await reading


def main() -> None:
    """Serves until killed."""
    _, job, pictures, messages = sys.argv[1:]
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        grpc_port, http_port = first.getsockname()[1], second.getsockname()[1]
    ray.init(
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        num_cpus=4,
        object_store_memory=256 * 2**20,
        _temp_dir=str(Path(messages) / "ray"),
    )
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.set())
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
    stopping.wait()
    serve.shutdown()
    ray.shutdown()


def _written(picture: Path, folder: Path) -> Path:
    request = pb.StreamFramesRequest(frame=pb.Frame(sequence=1, jpeg=picture.read_bytes()))
    path = folder / f"{picture.stem}.ray"
    path.write_bytes(request.SerializeToString())
    return path


if __name__ == "__main__":
    main()
