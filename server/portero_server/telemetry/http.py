"""The admin HTTP port: /metrics for Prometheus, /livez and /readyz for orchestrators and load balancers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from portero_server.errors import PorteroError, StartupProblem

_log = structlog.get_logger(__name__)

_MAX_HEAD = 8192
_TIMEOUT = 5.0
_TEXT = "text/plain; charset=utf-8"

Answer = tuple[HTTPStatus, str, bytes]

Permit = Callable[[str, str | None], Awaitable[None]]
"""Takes the client's address and Authorization header; raises PorteroError if it may not read the metrics."""


class AdminHttp:
    """Answers GET on three paths, one request per connection.

    This is a minimal HTTP/1.1 server on the server's event loop: an answer proves that the loop runs, which a web
    server in a thread would not.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        ready: Callable[[], Awaitable[None]],
        refresh: Sequence[Callable[[], None]] = (),
        permit: Permit | None = None,
        note: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Prepares to serve a registry; `start` listens.

        Args:
            registry: What /metrics shows.
            ready: Raises PorteroError when the server cannot do its work.
            refresh: Called on the event loop before each scrape, to set what holds only for the moment.
            permit: Called before each scrape; None: anybody who can reach the port may scrape.
            note: Returns a line for /readyz about what is wrong although the server can work; None: nothing is.
        """
        self._permit = permit
        self._note = note
        self._registry = registry
        self._refresh = tuple(refresh)
        self._ready = ready
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Starts to listen and returns the port.

        Raises:
            StartupProblem: The address cannot be had.
        """
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=_MAX_HEAD)
        except OSError as error:
            raise StartupProblem(
                f"cannot listen on {host}:{port} ({error.strerror}); set PORTERO_ADMIN_LISTEN to a free address"
            ) from None
        return int(self._server.sockets[0].getsockname()[1])

    async def aclose(self) -> None:
        """Stops listening and closes the port."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
                status, content_type, body = await self._answer(head, str(writer.get_extra_info("peername", ("",))[0]))
                writer.write(
                    f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            # A peer that does not speak HTTP, or hangs up, gets nothing; there is nobody to tell.
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, address: str) -> Answer:
        lines = head.decode("latin-1").split("\r\n")
        method, _, rest = lines[0].partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if method != "GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"only GET\n"
        if path == "/metrics":
            if self._permit is not None:
                try:
                    await self._permit(address, _header(lines, "authorization"))
                except PorteroError as error:
                    return HTTPStatus.FORBIDDEN, _TEXT, f"{error.reason}: {error.message}\n".encode()
            encode, content_type = choose_encoder(_header(lines, "accept") or "")
            for refresh in self._refresh:
                refresh()
            # Rendering some thousand series takes milliseconds that frames should not wait for.
            return HTTPStatus.OK, content_type, await asyncio.to_thread(encode, self._registry)
        if path == "/livez":
            return HTTPStatus.OK, _TEXT, b"ok\n"
        if path == "/readyz":
            return await self._readiness()
        return HTTPStatus.NOT_FOUND, _TEXT, b"try /metrics, /livez or /readyz\n"

    async def _readiness(self) -> Answer:
        try:
            await self._ready()
        except PorteroError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"{error.reason}: {error.message}\n".encode()
        except Exception:  # noqa: BLE001 - a defect must read as "not ready", not as a hang
            _log.exception("readiness_defect")
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, b"INTERNAL\n"
        note = self._note()
        return HTTPStatus.OK, _TEXT, b"ok\n" if note is None else f"ok\n{note}\n".encode()


def _header(lines: Sequence[str], name: str) -> str | None:
    begin = f"{name}:"
    return next((line[len(begin) :].strip() for line in lines if line.lower().startswith(begin)), None)
