"""A receiver of webhooks over HTTP, which answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.time.timeouts import PATIENCE

Answering = Callable[[int], web.Response]
"""Returns the answer to the n-th message, counted from 1."""


@dataclass(slots=True)
class Received:
    """One message as it came."""

    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """A running receiver.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        messages: What came, in order.
        answering: What it answers.
        gate: While it is cleared, nothing is answered.
    """

    port: int = 0
    messages: list[Received] = field(default_factory=list)
    answering: Answering = lambda number: web.Response(status=204)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def until(self, enough: Callable[[], bool]) -> None:
        """Waits until enough messages have come; the condition is asked after each."""
        async with asyncio.timeout(PATIENCE):
            while not enough():
                self._came.clear()
                await self._came.wait()

    async def take(self, request: web.Request) -> web.Response:
        """Takes one message."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.messages.append(Received(headers, await request.read()))
        number = len(self.messages)
        self._came.set()
        await self.gate.wait()
        return self.answering(number)


@asynccontextmanager
async def running_receiver(answering: Answering | None = None) -> AsyncIterator[Receiver]:
    """Runs a receiver on a free port; it answers 204 unless told otherwise."""
    receiver = Receiver()
    receiver.gate.set()
    if answering is not None:
        receiver.answering = answering
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.port = runner.addresses[0][1]
        yield receiver
    finally:
        receiver.gate.set()
        await runner.cleanup()
