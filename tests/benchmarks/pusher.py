"""The process that pushes prepared messages as fast as they are acknowledged.

    python -m tests.benchmarks.pusher < PLAN

It is told what to do by one JSON document (a load.Plan) and answers with another (a load.Load), so that every
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

from tests.benchmarks.load import ENDING_LIMIT, OPENING_LIMIT, Load, Plan
from tests.benchmarks.wire import FrameWriter, finish, opening

_CAPTURE_RATE = 25.0
"""Frames a second that a camera is said to capture when its frames are pushed as fast as they may."""


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
        self._looked_at = 0
        self._ending = False

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
        opening_ends = time.perf_counter() + OPENING_LIMIT
        while self._opened < plan.streams:
            if time.perf_counter() > opening_ends:
                raise TimeoutError(f"{self._opened} of {plan.streams} streams were answered in {OPENING_LIMIT:.0f} s")
            await self._unless_failed(streams, 0.05)
        first_looks = await self._first_looks(streams)
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
            first_looks,
        )
        self._ending = True
        if plan.kind != "credit":
            # Hanging up on requests under way kills tritonserver, and leaves MLServer's batches without their callers.
            await asyncio.wait(streams, timeout=ENDING_LIMIT)
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        await asyncio.gather(*(channel.close() for channel in channels))
        return load

    async def _first_looks(self, streams: list[asyncio.Task[None]]) -> float:
        """Waits until a frame of every stream was acknowledged; gives the seconds it took."""
        plan, began = self._plan, time.perf_counter()
        while plan.first_looks and self._looked_at < plan.streams:
            if time.perf_counter() - began > plan.first_looks:
                raise TimeoutError(f"{self._looked_at} of {plan.streams} streams had a frame acknowledged in time")
            await self._unless_failed(streams, 0.05)
        return time.perf_counter() - began

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
                if durable == state.base < ack.durable_sequence:
                    self._looked_at += 1
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
            first = True
            while await call.read() is not grpc.aio.EOF:
                self._opened += first
                first = False
                self._messages += 1
                self._acknowledged += 1
                room.release()
            if not self._ending:
                raise RuntimeError(f"the server ended the stream: {await call.code()}, {await call.details()}")

        async with asyncio.TaskGroup() as group:
            group.create_task(listen())
            while not self._ending:
                await room.acquire()
                await call.write(next(messages))
            await call.done_writing()

    async def _unary(self, channel: grpc.aio.Channel, number: int) -> None:
        ask: Any = channel.unary_unary(self._plan.method)
        messages = itertools.islice(itertools.cycle(self._pictures), number, None)
        await ask(next(messages))
        self._opened += 1

        async def keep_asking() -> None:
            while not self._ending:
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
    """Reads a plan from standard input; writes what it gave to standard output, or why it failed."""
    document: dict[str, Any] = json.load(sys.stdin)
    # JSON knows no tuples.
    told: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    try:
        load = uvloop.run(_Pusher(Plan(**told)).run())
    except Exception as error:  # noqa: BLE001 - whatever ends a load is told in a line, and ends this process
        json.dump({"failed": _reason(error)}, sys.stdout)
        return 1
    json.dump(asdict(load), sys.stdout)
    return 0


def _reason(error: BaseException) -> str:
    """Says in one line why a load ended: of several failures at once, the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, grpc.aio.AioRpcError):
        return " ".join(f"{error.code().name}: {error.details()}".split())
    return " ".join(f"{type(error).__name__}: {error}".split())


if __name__ == "__main__":
    raise SystemExit(main())
