"""The demo's console, beside its server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portero_cli.demo.server import free_port
from portero_client import ConnectionSettings

_PORT = 8080


@asynccontextmanager
async def demo_console(connection: ConnectionSettings) -> AsyncIterator[str | None]:
    """Runs the console of a server; yields its address, or None where the console's packages are not installed.

    Raises:
        InvalidArgument: Its settings cannot be used.
    """
    try:
        from portero_console.serving import running_console
        from portero_console.settings import load_settings
    except ModuleNotFoundError:
        yield None
        return
    chosen = os.environ.get("PORTERO_CONSOLE_LISTEN")
    settings = load_settings(listen=chosen or f"127.0.0.1:{free_port(_PORT)}")
    async with running_console(settings, connection) as console:
        yield console.address
