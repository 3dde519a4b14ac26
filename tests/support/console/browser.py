"""What a browser or a program sends to a console that runs in the same event loop."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx2

from portero_client import ConnectionSettings
from portero_console.app import console_app
from portero_console.parts import Parts, make_parts
from portero_console.settings import ConsoleSettings

KEY = "ptk_0123456789_secret"
_CSRF = re.compile(r'<meta name="csrf-token" content="([^"]*)">')


@dataclass
class Browser:
    """A client of a console.

    Attributes:
        http: Sends requests; keeps cookies as browsers do.
        parts: Those of the console.
    """

    http: httpx2.AsyncClient
    parts: Parts

    async def log_in(self, key: str = KEY) -> str:
        """Logs in; returns the word that changes need."""
        answer = await self.http.post("/login", data={"key": key, "next": "/now"})
        assert answer.status_code == 303, answer.text
        return await self.csrf()

    async def csrf(self) -> str:
        """Returns the word that the pages of this login carry."""
        found = _CSRF.search((await self.http.get("/now")).text)
        assert found is not None
        return found[1]

    async def json(self, method: str, path: str, **given: Any) -> Any:
        """Makes a call of the REST API that must succeed; returns the document."""
        answer = await self.http.request(method, f"/api/v1{path}", **given)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


def browser_of(
    server: str | ConnectionSettings, base: str = "http://127.0.0.1:8080", address: str = "127.0.0.1", **settings: Any
) -> Browser:
    """Returns a browser before a console of a server; close its `http` and `parts`.

    Args:
        server: HOST:PORT, or how it is called.
        base: What the browser calls the console.
        address: The browser's address.
        settings: Of the console.
    """
    connection = ConnectionSettings(server) if isinstance(server, str) else server
    parts = make_parts(ConsoleSettings(**settings), connection)
    transport = httpx2.ASGITransport(console_app(parts), raise_app_exceptions=False, client=(address, 50000))
    return Browser(httpx2.AsyncClient(transport=transport, base_url=base), parts)
