"""MLServer at its best: no debugging, no worker processes, no metrics endpoint.

    python -m tests.benchmarks.peer_mlserver stream|unary JOB PICTURES MESSAGES

"unary" batches adaptively, "stream" answers message by message. Writes a request for each picture into MESSAGES.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import uvloop
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.grpc import dataplane_pb2 as pb
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput

from tests.benchmarks.job import job_of, worked


class Doorkeeper(MLModel):  # type: ignore[misc,unused-ignore]  # MLServer is installed only where this runs
    """The job as a model."""

    async def load(self) -> bool:
        """Makes the job."""
        self._job = job_of(sys.argv[2])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Does a batch."""
        return await self._answer(payload)

    async def predict_stream(self, payloads: AsyncIterator[InferenceRequest]) -> AsyncIterator[InferenceResponse]:
        """Does a stream, a message at a time."""
        async for payload in payloads:
            yield await self._answer(payload)

    async def _answer(self, payload: InferenceRequest) -> InferenceResponse:
        data = payload.inputs[0].data
        answers = await worked(self._job, list(data.root if hasattr(data, "root") else data))
        output = ResponseOutput(name="outcome", shape=[len(answers), 1], datatype="BYTES", data=answers)
        return InferenceResponse(model_name=self.name, outputs=[output])


async def main() -> None:
    """Serves until killed."""
    kind, _, pictures, messages = sys.argv[1:]
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        grpc_port, http_port = first.getsockname()[1], second.getsockname()[1]
    server = MLServer(
        Settings(
            debug=False,
            parallel_workers=0,
            metrics_endpoint=None,
            gzip_enabled=False,
            host="127.0.0.1",
            grpc_port=grpc_port,
            http_port=http_port,
        )
    )
    batch = {"max_batch_size": 64, "max_batch_time": 0.005} if kind == "unary" else {}
    model = ModelSettings(name="door", implementation=Doorkeeper, **batch)
    written = [str(_written(Path(each), Path(messages))) for each in pictures.split(",")]
    serving = asyncio.create_task(server.start([model]))
    await _ready(f"127.0.0.1:{grpc_port}", serving)
    service = "/inference.GRPCInferenceService/"
    said = {
        "address": f"127.0.0.1:{grpc_port}",
        "method": service + ("ModelInfer" if kind == "unary" else "ModelStreamInfer"),
        "messages": written,
    }
    print(json.dumps(said), flush=True)
    await serving


async def _ready(address: str, serving: asyncio.Task[None]) -> None:
    """Returns when the model answers; raises what ended the server."""
    async with grpc.aio.insecure_channel(address) as channel:
        ready = GRPCInferenceServiceStub(channel).ModelReady
        while True:
            if serving.done():
                serving.result()
                raise RuntimeError("the server ended by itself")
            with contextlib.suppress(grpc.aio.AioRpcError):
                if (await ready(pb.ModelReadyRequest(name="door"))).ready:
                    return
            await asyncio.sleep(0.1)


def _written(picture: Path, folder: Path) -> Path:
    request = pb.ModelInferRequest(model_name="door")
    tensor = request.inputs.add(name="frame", datatype="BYTES", shape=[1, 1])
    tensor.contents.bytes_contents.append(picture.read_bytes())
    path = folder / f"{picture.stem}.mlserver"
    path.write_bytes(request.SerializeToString())
    return path


if __name__ == "__main__":
    # As its own command does.
    uvloop.run(main())
