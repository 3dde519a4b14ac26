"""A TCP proxy before a database server that can be told to break in the ways networks do."""

from __future__ import annotations

import asyncio
from enum import Enum
from types import TracebackType
from typing import Self

from sqlalchemy import make_url


class OnCommit(Enum):
    """What happens to a COMMIT that passes through."""

    PASS = "pass"
    CUT_BEFORE = "cut before the server sees it"
    CUT_AFTER = "cut when the server has answered"
    HOLD = "the answer waits until `let_go`"


class DatabaseProxy:
    """Forward connections to one server; as it is told, or not at all while stalled."""

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._ends: list[asyncio.StreamWriter] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._released = asyncio.Event()
        self.on_commit = OnCommit.PASS
        self.committed = asyncio.Event()
        """Set when the server has answered a COMMIT that is held or cut."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.flow()
        for end in self._ends:
            end.transport.abort()
        while self._serving:
            await asyncio.wait(self._serving)
        # Sockets are closed in the turn after.
        await asyncio.sleep(0)

    @property
    def url(self) -> str:
        """The address of the database through the proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return self._target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)

    def stall(self) -> None:
        """From now on connections stay open, or open, and nothing gets through."""
        self._flowing.clear()

    def flow(self) -> None:
        """Connections made from now on get through; what was sent into stalled ones stays lost."""
        for pump in self._pumps:
            pump.cancel()
        self._flowing.set()

    def let_go(self) -> None:
        """Lets held answers through."""
        self._released.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(self._target.host, self._target.port)
        self._ends += (writer, server_writer)
        committing = asyncio.Event()
        pumps = (
            asyncio.create_task(self._requests(reader, server_writer, committing)),
            asyncio.create_task(self._answers(server_reader, writer, committing)),
        )
        self._pumps.update(pumps)
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        if not any(pump.cancelled() for pump in pumps):
            # One side has hung up, or we cut: so does the other. Stalled connections just stay silent.
            writer.transport.abort()
            server_writer.transport.abort()
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        self._pumps.difference_update(pumps)

    async def _requests(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, committing: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            await self._flowing.wait()
            if b"COMMIT" in data and self.on_commit is not OnCommit.PASS:
                if self.on_commit is OnCommit.CUT_BEFORE:
                    return
                committing.set()
            server.write(data)
            await server.drain()

    async def _answers(
        self, server: asyncio.StreamReader, writer: asyncio.StreamWriter, committing: asyncio.Event
    ) -> None:
        while data := await server.read(65_536):
            await self._flowing.wait()
            if committing.is_set():
                self.committed.set()
                if self.on_commit is OnCommit.CUT_AFTER:
                    return
                await self._released.wait()
            writer.write(data)
            await writer.drain()
