"""Runs the console in the event loop of its caller."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn

from portero_client import ConnectionSettings
from portero_client.errors import InvalidArgument
from portero_console.app import console_app
from portero_console.parts import make_parts
from portero_console.settings import PREFIX, ConsoleSettings

_STOP_GRACE = 3
"""Seconds that answers under way may take when the console stops."""

_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class RunningConsole:
    """A console that serves; `address` is what to open, as "http://127.0.0.1:8080"."""

    address: str


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller, and sets an event when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()


@asynccontextmanager
async def running_console(settings: ConsoleSettings, connection: ConnectionSettings) -> AsyncIterator[RunningConsole]:
    """Runs a console until the block is left.

    Raises:
        InvalidArgument: Its address cannot be used, or its certificate.
    """
    listening = _bound(settings)
    parts = make_parts(settings, connection)
    config = uvicorn.Config(
        console_app(parts),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        limit_concurrency=settings.connections,
        timeout_graceful_shutdown=_STOP_GRACE,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    try:
        config.load()
    except (OSError, ValueError):
        listening.close()
        raise InvalidArgument(
            f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY are no certificate and its key, in PEM and not encrypted",
            field="tls",
            reason="BAD_CERTIFICATE_FILES",
        ) from None
    server = _Server(config)
    running = asyncio.create_task(server.serve([listening]))
    try:
        await server.serving.wait()
        yield RunningConsole(_address(settings, listening))
    finally:
        # Live views end first: the server would wait for them.
        await parts.feeds.aclose()
        server.should_exit = True
        await running
        await parts.aclose()
        listening.close()


def _bound(settings: ConsoleSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise InvalidArgument(
            f"the console cannot listen at {settings.listen} ({error.strerror or error}); choose another address with "
            f"{PREFIX}LISTEN or --listen",
            field="listen",
            reason="ADDRESS_NOT_USABLE",
        ) from None
    return listening


def _address(settings: ConsoleSettings, listening: socket.socket) -> str:
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "localhost"  # noqa: S104 - compared, not bound
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
