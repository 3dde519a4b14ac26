"""Streams that come and go, once a second and more, each cut without a word: does the server's memory grow?

python -m tests.chaos.churn --seconds 1200
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import grpc
import numpy as np
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

from tests.chaos.alone import frame_request, lone_server, opening

_CAMERAS = 20
_FRAMES = 12
_SETTLED = 0.25
"""Share of the time after which caches are warm and memory is compared."""


async def main() -> int:
    """Runs the soak and prints its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=1.0, help="reconnects a second")
    arguments = parser.parse_args()
    samples: list[tuple[float, int]] = []
    refused: list[str] = []
    cuts = 0
    with tempfile.TemporaryDirectory(prefix="portero-churn-") as name:
        async with lone_server(Path(name), _CAMERAS, people=False) as server:
            began = time.monotonic()
            durable = dict.fromkeys(range(_CAMERAS), 0)
            chance = random.Random(1)
            while (elapsed := time.monotonic() - began) < arguments.seconds:
                camera = cuts % _CAMERAS
                try:
                    durable[camera] = await _visit(server.address, camera, durable[camera], chance)
                except grpc.aio.AioRpcError as error:
                    refused.append(f"{error.code().name}: {error.details()}")
                cuts += 1
                server.process.sample()
                if server.process.memory:
                    samples.append((elapsed, server.process.memory[-1][1]))
                await asyncio.sleep(max(0.0, began + cuts / arguments.rate - time.monotonic()))
            troubles = [line for line in server.lines if "Traceback" in line or '"error"' in line]
    slope, late = _slope(samples, arguments.seconds)
    figures = {
        "seconds": arguments.seconds,
        "reconnects": cuts,
        "megabytes_first": round(samples[0][1] / 1e6, 1),
        "megabytes_settled": round(late[0] / 1e6, 1),
        "megabytes_last": round(late[-1] / 1e6, 1),
        "bytes_per_reconnect_once_settled": round(slope / arguments.rate),
        "refused": len(refused),
        "troubles": (troubles + refused)[:5],
    }
    json.dump(figures, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 1 if troubles else 0


async def _visit(address: str, camera: int, durable: int, chance: random.Random) -> int:
    """Opens a stream over a connection of its own, sends a few frames and cuts it; gives what was durable."""
    async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        call = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
        await call.write(opening(camera, "e1"))
        answer = await call.read()
        assert isinstance(answer, stream_pb2.StreamFramesResponse)
        durable = max(durable, answer.opened.durable_sequence)
        # Some are cut while they still send, others when something has come back.
        for sequence in range(durable + 1, durable + 1 + chance.randint(1, _FRAMES)):
            await call.write(frame_request(camera, sequence))
        for _ in range(chance.randint(0, 2)):
            await call.read()
        call.cancel()
    return durable


def _slope(samples: list[tuple[float, int]], seconds: float) -> tuple[float, list[int]]:
    """Gives the bytes a second, by least squares, once settled, and those samples."""
    late = [(moment, size) for moment, size in samples if moment >= _SETTLED * seconds]
    moments, sizes = zip(*late, strict=True)
    return float(np.polyfit(moments, sizes, 1)[0]), list(sizes)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
