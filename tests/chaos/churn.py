"""Streams that come and go, once a second and more, each cut without a word: does the server's memory grow?

    python -m tests.chaos.churn --seconds 1200

A bare gRPC server beside it is cut in the same way at the same pace: what it grows by is gRPC's, the rest is ours.
Ends with 1 when ours grows by more than 2 kB a reconnect, once settled, or when anything went wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import numpy as np
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

from tests.chaos.actors import clean_environment
from tests.chaos.alone import frame_request, lone_server, opening
from tests.chaos.processes import Supervised

_CAMERAS = 20
_RATE = "reconnects a second; at 1, twenty minutes are hardly more than the warming up of caches and allocators"
_FRAMES = 12
_START_TIME = 60.0
_SETTLED = 0.4
"""Share of the time after which caches are warm and memory is compared."""
_MOST = 2048
"""Bytes a reconnect, once settled; some 200 of them are the peers that the limit of connections remembers."""


class Churn:
    """Cuts streams of one server, camera after camera, and watches its memory."""

    def __init__(self, address: str, process: Supervised) -> None:
        """Churns the server at an address, which runs as this process."""
        self._address = address
        self._process = process
        self._samples: list[tuple[int, int]] = []
        self.cuts = 0
        self.refused: list[str] = []

    async def run(self, seconds: float, rate: float) -> None:
        """Reconnects at this pace, a second, for so long."""
        began = time.monotonic()
        durable = dict.fromkeys(range(_CAMERAS), 0)
        chance = random.Random(1)
        while time.monotonic() - began < seconds:
            camera = self.cuts % _CAMERAS
            try:
                durable[camera] = await visit(self._address, camera, durable[camera], chance)
            except grpc.aio.AioRpcError as error:
                self.refused.append(f"{error.code().name}: {error.details()}")
            self.cuts += 1
            self._process.sample()
            if self._process.memory:
                self._samples.append((self.cuts, self._process.memory[-1][1]))
            await asyncio.sleep(max(0.0, began + self.cuts / rate - time.monotonic()))

    def figures(self) -> dict[str, float]:
        """Returns what memory did; the slope is by least squares, of the samples once settled."""
        late = [sample for sample in self._samples if sample[0] >= _SETTLED * self.cuts]
        numbers, sizes = zip(*late, strict=True)
        return {
            "reconnects": self.cuts,
            "refused": len(self.refused),
            "megabytes_first": round(self._samples[0][1] / 1e6, 1),
            "megabytes_settled": round(sizes[0] / 1e6, 1),
            "megabytes_last": round(sizes[-1] / 1e6, 1),
            "bytes_per_reconnect_once_settled": round(float(np.polyfit(numbers, sizes, 1)[0])),
        }


async def main() -> int:
    """Runs the soak and prints its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--rate", type=float, default=10.0, help=_RATE)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="portero-churn-") as name:
        async with (
            lone_server(Path(name), _CAMERAS, people=False) as server,
            _bare_server() as (bare_address, bare_process),
        ):
            ours, bare = Churn(server.address, server.process), Churn(bare_address, bare_process)
            async with asyncio.TaskGroup() as group:
                for churn in (ours, bare):
                    group.create_task(churn.run(arguments.seconds, arguments.rate))
            troubles = [line for line in server.lines if "Traceback" in line or '"error"' in line] + ours.refused
    figures = ours.figures()
    json.dump({"portero": figures, "bare_grpc": bare.figures(), "troubles": troubles[:5]}, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 1 if troubles or figures["bytes_per_reconnect_once_settled"] > _MOST else 0


@asynccontextmanager
async def _bare_server() -> AsyncIterator[tuple[str, Supervised]]:
    """Runs the control; gives its address and its process."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    process = Supervised(
        "bare",
        lambda _: ["tests.chaos.bare_server"],
        clean_environment(),
        on_output=address.set_result,
        on_log=lambda _: None,
    )
    process.last_life()
    running = asyncio.create_task(process.run())
    try:
        async with asyncio.timeout(_START_TIME):
            where = await address
        yield where, process
    finally:
        process.kill()
        await running


async def visit(address: str, camera: int, durable: int, chance: random.Random) -> int:
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


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
