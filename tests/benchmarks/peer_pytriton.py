"""PyTriton with its dynamic batcher.

    python -m tests.benchmarks.peer_pytriton stream|unary JOB PICTURES MESSAGES

Writes a request for each picture into the folder MESSAGES.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig
from tritonclient.grpc import service_pb2 as pb

from tests.benchmarks.job import job_of


def main() -> None:
    """Serves until killed."""
    kind, job_name, pictures, messages = sys.argv[1:]
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        grpc_port, http_port = first.getsockname()[1], second.getsockname()[1]
    job = job_of(job_name)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.set())

    @batch  # type: ignore[untyped-decorator,unused-ignore]
    def infer(frame: Any) -> dict[str, Any]:
        answers = job.work([bytes(each) for each in frame[:, 0]])
        return {"outcome": np.array(answers, dtype=np.bytes_).reshape(-1, 1)}

    config = TritonConfig(
        grpc_address="127.0.0.1",
        http_address="127.0.0.1",
        grpc_port=grpc_port,
        http_port=http_port,
        allow_metrics=False,
    )
    # It copies its server there, which is gone with the messages.
    with Triton(config=config, workspace=Path(messages) / f"triton-{os.getpid()}") as triton:
        triton.bind(
            model_name="door",
            infer_func=infer,
            inputs=[Tensor(name="frame", dtype=bytes, shape=(1,))],
            outputs=[Tensor(name="outcome", dtype=bytes, shape=(1,))],
            config=ModelConfig(max_batch_size=64, batcher=DynamicBatcher(max_queue_delay_microseconds=2000)),
        )
        triton.run()
        said = {
            "address": f"127.0.0.1:{grpc_port}",
            "method": "/inference.GRPCInferenceService/" + ("ModelInfer" if kind == "unary" else "ModelStreamInfer"),
            "messages": [str(_written(Path(each), Path(messages))) for each in pictures.split(",")],
        }
        print(json.dumps(said), flush=True)
        stopping.wait()


def _written(picture: Path, folder: Path) -> Path:
    data = picture.read_bytes()
    request = pb.ModelInferRequest(model_name="door")
    request.inputs.add(name="frame", datatype="BYTES", shape=[1, 1])
    request.raw_input_contents.append(struct.pack("<I", len(data)) + data)
    path = folder / f"{picture.stem}.pytriton"
    path.write_bytes(request.SerializeToString())
    return path


if __name__ == "__main__":
    main()
