"""Clients of the server, one for each key in use: their connections are shared by the requests that come with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from portero_client import ConnectionSettings, PorteroClient

_MOST_IDLE = 64


@dataclass(slots=True)
class _Entry:
    client: PorteroClient
    users: int = 0


class ClientPool:
    """Lends clients by key. Those that nobody uses are kept for the next request, at most 64, the latest used.

    A key is API key or token; None is nobody's, for a server that asks for none. The console's own environment may hold
    a key: it is never used, or whoever reaches the console would have its rights.
    """

    def __init__(self, connection: ConnectionSettings, most_idle: int = _MOST_IDLE) -> None:
        self._connection = replace(connection, token=None, token_file=None)
        self._most_idle = most_idle
        self._entries: OrderedDict[str | None, _Entry] = OrderedDict()

    @property
    def server(self) -> str:
        """HOST:PORT of the server."""
        return self._connection.server

    @asynccontextmanager
    async def lend(self, key: str | None) -> AsyncIterator[PorteroClient]:
        """Lends the client of a key.

        Raises:
            InvalidArgument: The key would travel unprotected.
        """
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(PorteroClient(replace(self._connection, token=key)))
        entry.users += 1
        self._entries.move_to_end(key)
        try:
            yield entry.client
        finally:
            entry.users -= 1
            await self._close_idle()

    async def aclose(self) -> None:
        """Closes all connections."""
        entries = list(self._entries.values())
        self._entries.clear()
        for entry in entries:
            await entry.client.aclose()

    async def _close_idle(self) -> None:
        idle = [key for key, entry in self._entries.items() if entry.users == 0]
        for key in idle[: max(0, len(idle) - self._most_idle)]:
            entry = self._entries.pop(key)
            await entry.client.aclose()
