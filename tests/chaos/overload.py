"""More than a server can take: bridges that send twice its capacity, and bridges that never read.

    python -m tests.chaos.overload --seconds 300 --stalled 200

Live bridges obey their credit: what finds none is dropped and told as a gap. Stalled ones open a stream, send what
their credit allows and never read an answer. Capacity is what the same bridges get through alone, without any excess
and with nobody stalled, measured before and after. Ends with 1 when a frame is unaccounted for, when less than 90 % of
capacity gets through, or when memory is not bounded; says which.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from portero.v1 import recognition_service_pb2_grpc, stream_pb2
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.streams.frames import FrameOutcome
from portero_server.store.database import Database
from portero_server.store.schema import OUTCOME_COLUMNS, stream_exceptions, streams
from tests.chaos.alone import Call, LoneServer, frame_request, lone_server, opening
from tests.chaos.live_bridge import LiveBridge
from tests.support.model.script import camera_name

_LIVE = 16
_GOODPUT = 0.9
_ROOM = 256 * 1024 * 1024
"""What may wait of all streams together, by default (PORTERO_TOTAL_WINDOW_BYTES): memory may grow by no more."""


@dataclass(frozen=True, slots=True)
class Load:
    """What bridges did together for a while."""

    lives: list[LiveBridge]
    seconds: float

    @property
    def goodput(self) -> float:
        """Frames a second that got through."""
        return self.total("sent") / self.seconds

    def total(self, name: str) -> int:
        """Returns the sum of a count over all bridges."""
        return sum(getattr(live, name) for live in self.lives)

    def became(self, outcome: FrameOutcome) -> int:
        """Returns how many frames became this, by what Finished said."""
        return sum(live.account.get(outcome.value, 0) for live in self.lives)


async def main() -> int:
    """Measures, and prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--stalled", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="portero-overload-") as name:
        async with lone_server(
            Path(name), _LIVE + arguments.stalled, people=False, stream_idle_timeout="3600"
        ) as server:
            alone = min(20.0, arguments.seconds)
            before = await _run(server, "before", 0.0, alone)
            async with contextlib.AsyncExitStack() as stack:
                for number in range(arguments.stalled):
                    await _stall(stack, server.address, _LIVE + number)
                resident = await _memory(server)
                load = await _run(server, "live", 2 * before.goodput / _LIVE, arguments.seconds)
            peak = server.process.peak
            after = await _run(server, "after", 0.0, alone)
            stored = await _stored(server.url, "live")
    capacity = (before.goodput + after.goodput) / 2
    misses = _misses(load, stored)
    share = load.goodput / capacity
    failed = [
        *(["a frame is unaccounted for"] if any(misses.values()) else []),
        *([f"goodput is below {_GOODPUT:.0%} of capacity"] if share < _GOODPUT else []),
        *(["memory grew by more than may wait"] if peak - resident > _ROOM else []),
    ]
    figures = {
        "capacity_before": round(before.goodput),
        "capacity_after": round(after.goodput),
        "offered_a_second": round(load.total("offered") / load.seconds),
        "goodput_a_second": round(load.goodput),
        "goodput_share_of_capacity": round(share, 3),
        "stalled_readers": arguments.stalled,
        "offered": load.total("offered"),
        "sent": load.total("sent"),
        "dropped": load.total("dropped"),
        "gap_messages": load.total("gaps"),
        "acks": load.total("acks"),
        "rejected": load.became(FrameOutcome.REJECTED),
        "unaccounted": misses,
        "megabytes_before": round(resident / 1e6),
        "megabytes_peak": round(peak / 1e6),
        "failed": failed,
    }
    json.dump(figures, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 1 if failed else 0


def _misses(load: Load, stored: dict[str, Any]) -> dict[str, int]:
    """Returns by how much the bridges' books differ from what they were told, and from what is stored."""
    outcomes = [outcome for outcome in FrameOutcome if outcome is not FrameOutcome.REPLAYED]
    return {
        "told": load.total("offered") - sum(load.became(outcome) for outcome in outcomes),
        "stored": load.total("offered") - sum(stored[OUTCOME_COLUMNS[outcome]] for outcome in outcomes),
        "durable": load.total("offered") - stored["durable_sequence"],
        "gaps": load.total("dropped") - stored["missing"],
        "rejections": load.became(FrameOutcome.REJECTED) - stored["rejected"],
    }


async def _stored(url: str, epoch: str) -> dict[str, Any]:
    """Returns the sums of the streams' counters, and of the sequences in their gaps and rejections."""
    names = ["durable_sequence", *OUTCOME_COLUMNS.values()]
    length = stream_exceptions.c.last_sequence - stream_exceptions.c.first_sequence + 1

    async def unit(connection: AsyncConnection) -> dict[str, Any]:
        of_epoch = streams.c.epoch == epoch
        counters = select(*(func.sum(streams.c[name]).label(name) for name in names)).where(of_epoch)
        ranges = (
            select(stream_exceptions.c.kind, func.sum(length))
            .join(streams, streams.c.stream_id == stream_exceptions.c.stream_id)
            .where(of_epoch)
            .group_by(stream_exceptions.c.kind)
        )
        kinds = {kind: int(total) for kind, total in await connection.execute(ranges)}
        row = (await connection.execute(counters)).mappings().one()
        return {**{name: int(row[name]) for name in names}, "missing": 0, "rejected": 0, **kinds}

    database = Database(url, pool_size=1, timeout=60)
    try:
        return await database.read(unit)
    finally:
        await database.aclose()


async def _run(server: LoneServer, epoch: str, rate: float, seconds: float) -> Load:
    """Runs all live bridges at a rate, each; 0: as fast as they may."""
    lives = [LiveBridge(camera) for camera in range(_LIVE)]
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(live.run(server.address, epoch, rate, began + seconds)) for live in lives]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.5)
            server.process.sample()
    return Load(lives, time.monotonic() - began)


async def _stall(stack: contextlib.AsyncExitStack, address: str, camera: int) -> None:
    """Opens a stream, sends as much as the first credit allows and never reads again."""
    channel = grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
    stack.push_async_callback(channel.close)
    call: Call = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
    stack.callback(call.cancel)
    await call.write(opening(camera, "stalled"))
    answer = await call.read()
    if not isinstance(answer, stream_pb2.StreamFramesResponse):
        raise RuntimeError(f"the stream of {camera_name(camera)} was not opened")
    for sequence in range(1, answer.opened.credit.frames + 1):
        await call.write(frame_request(camera, sequence))


async def _memory(server: LoneServer) -> int:
    await asyncio.sleep(1.0)
    server.process.sample()
    return server.process.memory[-1][1]


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
