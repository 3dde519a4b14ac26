"""The load of every benchmark: a process that pushes prepared messages as fast as they are acknowledged.

It runs alone, told what to do by one JSON document (a Plan) and answering with another (a Load), so that every
contender pays the same for its client: raw bytes out, and of what comes back no more is read than must be.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import grpc
import psutil
import uvloop
from portero.v1 import stream_pb2 as pb

from tests.benchmarks.wire import FrameWriter, finish, opening

STREAM_FRAMES = "/portero.v1.RecognitionService/StreamFrames"
_CAPTURE_RATE = 25.0
"""Frames a second that a camera is said to capture when its frames are pushed as fast as they may."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to push where.

    Attributes:
        addresses: Of the servers; streams are dealt to them in turn.
        method: Full name of the RPC.
        kind: "credit" (portero.v1's stream: as far as its credit goes), "counted" (a stream whose every answer
            acknowledges one message) or "unary".
        pictures: Files to send: JPEG for "credit", whole messages otherwise.
        streams: Streams, one connection each unless `connections` says how many they share.
        window: Messages in flight, each stream; "credit" streams are told by the server.
        rate: Frames a second of each stream; 0 sends as fast as it may.
        warm, seconds: What is not measured, then what is.
        servers: Process ids whose processor time, with that of their children, is told.
    """

    addresses: tuple[str, ...]
    pictures: tuple[str, ...]
    method: str = STREAM_FRAMES
    kind: str = "credit"
    streams: int = 16
    connections: int = 0
    window: int = 8
    rate: float = 0.0
    warm: float = 1.0
    seconds: float = 4.0
    cameras: str = "bench"
    servers: tuple[int, ...] = ()


@dataclass(slots=True)
class Load:
    """What was measured between the end of the warming up and the end.

    Attributes:
        acknowledged: Messages acknowledged.
        messages: Answers it took.
        seconds: Wall time.
        server_seconds: Processor time of the servers.
        client_seconds: Processor time of this process.
        latencies: Seconds from sending to acknowledgment, of each frame of "credit" streams with a rate.
        late: Largest delay of a paced frame behind its time: above some milliseconds this process was the limit.
        server_memory: Resident bytes of the servers at the end.
    """

    acknowledged: int
    messages: int
    seconds: float
    server_seconds: float
    client_seconds: float
    latencies: list[float] = field(default_factory=list)
    late: float = 0.0
    server_memory: int = 0

    @property
    def rate(self) -> float:
        """Messages acknowledged a second."""
        return self.acknowledged / self.seconds

    @property
    def rate_a_core(self) -> float:
        """Messages acknowledged a second of the servers' processor time."""
        return self.acknowledged / max(self.server_seconds, 1e-9)


async def pushed(plan: Plan) -> Load:
    """Runs a plan in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(json.dumps(asdict(plan)).encode())
    if process.returncode:
        raise RuntimeError(f"the load ended with {process.returncode}")
    return Load(**json.loads(output))


class _Pusher:
    """Runs one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._pictures = [Path(each).read_bytes() for each in plan.pictures]
        self._acknowledged = 0
        self._messages = 0
        self._latencies: list[float] = []
        self._late = 0.0
        self._measuring = False
        self._opened = 0

    async def run(self) -> Load:
        """Warms up, measures, and hangs up."""
        plan = self._plan
        channels = [self._channel(number) for number in range(plan.connections or plan.streams)]
        work: Callable[[grpc.aio.Channel, int], Any] = {
            "credit": self._credit,
            "counted": self._counted,
            "unary": self._unary,
        }[plan.kind]
        streams = [asyncio.create_task(work(channels[each % len(channels)], each)) for each in range(plan.streams)]
        while plan.kind == "credit" and self._opened < plan.streams:
            await self._unless_failed(streams, 0.05)
        await self._unless_failed(streams, plan.warm)
        self._acknowledged = self._messages = 0
        self._measuring = True
        began, served, mine = time.perf_counter(), self._served(), time.process_time()
        await self._unless_failed(streams, plan.seconds)
        self._measuring = False
        load = Load(
            self._acknowledged,
            self._messages,
            time.perf_counter() - began,
            self._served() - served,
            time.process_time() - mine,
            self._latencies,
            self._late,
            self._memory(),
        )
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        await asyncio.gather(*(channel.close() for channel in channels))
        return load

    async def _unless_failed(self, streams: list[asyncio.Task[None]], seconds: float) -> None:
        done, _ = await asyncio.wait(streams, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for stream in done:
            stream.result()
            raise RuntimeError("a stream ended by itself")

    def _channel(self, number: int) -> grpc.aio.Channel:
        address = self._plan.addresses[number % len(self._plan.addresses)]
        # Without it, gRPC would put all channels on one connection.
        return grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])

    async def _credit(self, channel: grpc.aio.Channel, number: int) -> None:
        plan = self._plan
        writer = FrameWriter(self._pictures, plan.rate or _CAPTURE_RATE)
        call: Any = channel.stream_stream(plan.method)()
        await call.write(opening(f"{plan.cameras}-{number}"))
        opened = pb.StreamFramesResponse.FromString(await call.read()).opened
        self._opened += 1
        durable = base = opened.durable_sequence
        state = _Stream(base + opened.credit.frames, base)
        listening = asyncio.create_task(self._listen(call, state, durable))
        try:
            start = time.perf_counter() + number / max(1, plan.streams) / (plan.rate or 1.0)
            sequence = base
            while True:
                sequence += 1
                while sequence > state.granted:
                    if listening.done():
                        listening.result()
                    state.room.clear()
                    await state.room.wait()
                if plan.rate:
                    due = start + (sequence - base) / plan.rate
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                    now = time.perf_counter()
                    self._late = max(self._late, now - due) if self._measuring else self._late
                    state.sent[sequence] = now
                await call.write(writer.message(sequence))
        finally:
            listening.cancel()
            if plan.rate:
                await call.write(finish())
            else:
                call.cancel()

    async def _listen(self, call: Any, state: _Stream, durable: int) -> None:
        try:
            while (answer := await call.read()) is not grpc.aio.EOF:
                self._messages += 1
                response = pb.StreamFramesResponse.FromString(answer)
                if response.WhichOneof("message") != "ack":
                    continue
                ack = response.ack
                self._acknowledged += ack.durable_sequence - durable
                if state.sent:
                    now = time.perf_counter()
                    for sequence in range(durable + 1, ack.durable_sequence + 1):
                        sent = state.sent.pop(sequence, None)
                        if sent is not None and self._measuring:
                            self._latencies.append(now - sent)
                durable = ack.durable_sequence
                state.granted = state.base + ack.credit.frames
                state.room.set()
            raise RuntimeError("the server ended the stream")
        finally:
            state.room.set()

    async def _counted(self, channel: grpc.aio.Channel, number: int) -> None:
        call: Any = channel.stream_stream(self._plan.method)()
        messages = itertools.islice(itertools.cycle(self._pictures), number, None)
        room = asyncio.Semaphore(self._plan.window)

        async def listen() -> None:
            while await call.read() is not grpc.aio.EOF:
                self._messages += 1
                self._acknowledged += 1
                room.release()
            raise RuntimeError(f"the server ended the stream: {await call.code()}")

        async with asyncio.TaskGroup() as group:
            group.create_task(listen())
            while True:
                await room.acquire()
                await call.write(next(messages))

    async def _unary(self, channel: grpc.aio.Channel, number: int) -> None:
        ask: Any = channel.unary_unary(self._plan.method)
        messages = itertools.islice(itertools.cycle(self._pictures), number, None)

        async def keep_asking() -> None:
            while True:
                await ask(next(messages))
                self._messages += 1
                self._acknowledged += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(self._plan.window):
                group.create_task(keep_asking())

    def _processes(self) -> list[psutil.Process]:
        roots = [psutil.Process(each) for each in self._plan.servers]
        return [*roots, *(child for root in roots for child in root.children(recursive=True))]

    def _served(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def _memory(self) -> int:
        return sum(process.memory_info().rss for process in self._processes())


@dataclass(slots=True)
class _Stream:
    """How far one stream may go."""

    granted: int
    base: int
    room: asyncio.Event = field(default_factory=asyncio.Event)
    sent: dict[int, float] = field(default_factory=dict)


def main() -> int:
    """Reads a plan from standard input and writes what it gave to standard output."""
    document: dict[str, Any] = json.load(sys.stdin)
    # JSON knows no tuples.
    told: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    json.dump(asdict(uvloop.run(_Pusher(Plan(**told)).run())), sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
