"""More than a server can take: bridges that send twice its capacity, and bridges that never read.

    python -m tests.chaos.overload --seconds 60 --stalled 200

Live bridges obey their credit: what finds none is dropped and told as a gap. Stalled ones open a stream, send what
their credit allows and never read an answer. Capacity is what the same bridges get through alone, without any excess.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

from tests.chaos.alone import Call, LoneServer, frame_request, lone_server, opening
from tests.chaos.stored import read_stored

_LIVE = 16


@dataclass(slots=True)
class Live:
    """A bridge that sends at its pace whatever the server says, as far as credit goes.

    Attributes:
        offered: Frames that its camera gave.
        sent: Frames that found credit.
        dropped: Frames that found none, told as gaps.
        account: What Finished said became of them.
    """

    camera: int
    offered: int = 0
    sent: int = 0
    dropped: int = 0
    credit: int = 0
    durable: int = 0
    told: int = 0
    account: dict[str, int] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, address: str, epoch: str, rate: float, until: float) -> None:
        """Streams until the moment `until` (monotonic), then finishes; rate 0: as fast as credit allows."""
        async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            call: Call = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
            await call.write(opening(self.camera, epoch))
            listening = asyncio.create_task(self._listen(call))
            began = time.monotonic()
            while self.credit == 0:
                await self._told()
            while (now := time.monotonic()) < until:
                if rate:
                    await asyncio.sleep(max(0.0, began + self.offered / rate - now))
                    await self._offer(call)
                elif self.sent < self.credit:
                    await self._offer(call)
                else:
                    await self._told()
            await self._tell_gap(call, self.offered)
            await call.write(stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish()))
            await listening

    async def _offer(self, call: Call) -> None:
        self.offered += 1
        if self.sent >= self.credit:
            self.dropped += 1
            return
        await self._tell_gap(call, self.offered - 1)
        self.sent += 1
        self.told = self.offered
        await call.write(frame_request(self.camera, self.offered))

    async def _tell_gap(self, call: Call, last: int) -> None:
        """Tells what was dropped since the last frame, in one range as the bridge does."""
        if last > self.told:
            gap = stream_pb2.Gap(
                first_sequence=self.told + 1, last_sequence=last, reason=stream_pb2.GAP_REASON_NO_CREDIT
            )
            await call.write(stream_pb2.StreamFramesRequest(gap=gap))

    async def _told(self) -> None:
        self.news.clear()
        await self.news.wait()

    async def _listen(self, call: Call) -> None:
        while isinstance(answer := await call.read(), stream_pb2.StreamFramesResponse):
            match answer.WhichOneof("message"):
                case "opened":
                    self.credit = answer.opened.credit.frames
                case "ack":
                    self.credit, self.durable = answer.ack.credit.frames, answer.ack.durable_sequence
                case "finished":
                    self.account = {
                        descriptor.name: count
                        for descriptor, count in answer.finished.account.ListFields()
                        if descriptor.name != "recognitions"
                    }
            self.news.set()


async def main() -> int:
    """Measures, and prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--stalled", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="portero-overload-") as name:
        async with lone_server(
            Path(name), _LIVE + arguments.stalled, people=False, stream_idle_timeout="3600"
        ) as server:
            capacity = await _capacity(server)
            async with contextlib.AsyncExitStack() as stack:
                for number in range(arguments.stalled):
                    await _stall(stack, server.address, _LIVE + number)
                before = await _memory(server)
                lives, seconds = await _load(server, 2 * capacity / _LIVE, arguments.seconds)
            stored = await read_stored(server.url)
    streams = {row["camera_id"]: row for row in stored.streams if row["epoch"] == "live"}
    unaccounted = sum(
        live.offered - sum(value for key, value in live.account.items() if key != "replayed") for live in lives
    )
    figures = {
        "capacity_frames_a_second": round(capacity),
        "offered_a_second": round(sum(live.offered for live in lives) / seconds),
        "goodput_a_second": round(sum(live.sent for live in lives) / seconds),
        "goodput_share_of_capacity": round(sum(live.sent for live in lives) / seconds / capacity, 3),
        "stalled_readers": arguments.stalled,
        "offered": sum(live.offered for live in lives),
        "gaps": sum(live.dropped for live in lives),
        "rejected": sum(live.account.get("rejected", 0) for live in lives),
        "unaccounted": unaccounted,
        "durable": sum(row["durable_sequence"] for row in streams.values()),
        "megabytes_before": round(before / 1e6),
        "megabytes_peak": round(server.process.peak / 1e6),
    }
    json.dump(figures, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 1 if unaccounted else 0


async def _capacity(server: LoneServer) -> float:
    """Gives the frames a second that all live bridges together get through when each sends as fast as it may."""
    lives = [Live(camera) for camera in range(_LIVE)]
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for live in lives:
            group.create_task(live.run(server.address, "alone", 0.0, began + 10.0))
    return sum(live.sent for live in lives) / (time.monotonic() - began)


async def _load(server: LoneServer, rate: float, seconds: float) -> tuple[list[Live], float]:
    lives = [Live(camera) for camera in range(_LIVE)]
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(live.run(server.address, "live", rate, began + seconds)) for live in lives]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.5)
            server.process.sample()
    return lives, time.monotonic() - began


async def _stall(stack: contextlib.AsyncExitStack, address: str, camera: int) -> None:
    """Opens a stream, sends as much as the first credit allows and never reads again."""
    channel = grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
    stack.push_async_callback(channel.close)
    call: Call = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
    stack.callback(call.cancel)
    await call.write(opening(camera, "stalled"))
    answer = await call.read()
    assert isinstance(answer, stream_pb2.StreamFramesResponse)
    for sequence in range(1, answer.opened.credit.frames + 1):
        await call.write(frame_request(camera, sequence))


async def _memory(server: LoneServer) -> int:
    await asyncio.sleep(1.0)
    server.process.sample()
    return server.process.memory[-1][1]


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
