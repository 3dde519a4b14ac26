"""A TCP proxy that breaks in the ways networks do: resets, black holes in either direction, a trickle."""

from __future__ import annotations

import asyncio
import contextlib
from enum import Enum
from types import TracebackType
from typing import Self

_CHUNK = 65_536
_TRICKLE_BYTES = 200
_TRICKLE_PAUSE = 0.05


class Flow(Enum):
    """What a direction does with what comes in."""

    PASS = "pass"
    STALL = "nothing gets through, and nothing breaks"
    TRICKLE = "a few kilobytes a second"


class Proxy:
    """Forward connections to one address on this machine."""

    def __init__(self, port: int) -> None:
        """Will forward to `port`."""
        self._target = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Event()
        self.up = Flow.PASS
        """From the one who connected to the target."""
        self.down = Flow.PASS

    @property
    def port(self) -> int:
        """Where to connect to."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def retarget(self, port: int) -> None:
        """Forward connections to come to another port."""
        self._target = port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def set(self, *, up: Flow = Flow.PASS, down: Flow = Flow.PASS) -> None:
        """Changes what the directions do, of connections there are and to come."""
        self.up, self.down = up, down
        self._changed.set()
        self._changed = asyncio.Event()

    def cut(self) -> None:
        """Resets every connection."""
        for end in tuple(self._ends):
            end.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            target_reader, target = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, target}
        self._ends |= ends
        pumps = [
            asyncio.create_task(self._pump(reader, target, "up")),
            asyncio.create_task(self._pump(target_reader, writer, "down")),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # One side has hung up: so does the other.
            self._ends -= ends
            for end in ends:
                end.transport.abort()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: str) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._let_through(sink, data, direction)

    async def _let_through(self, sink: asyncio.StreamWriter, data: bytes, direction: str) -> None:
        while data:
            flow: Flow = getattr(self, direction)
            if flow is Flow.STALL:
                await self._changed.wait()
            elif flow is Flow.TRICKLE:
                sink.write(data[:_TRICKLE_BYTES])
                data = data[_TRICKLE_BYTES:]
                await asyncio.sleep(_TRICKLE_PAUSE)
            else:
                sink.write(data)
                await sink.drain()
                return
