"""The parts of one console, which its routes share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from portero_client import ConnectionSettings
from portero_console.clients import ClientPool
from portero_console.live.feeds import Feeds
from portero_console.security.admission import Admission, Admitted
from portero_console.security.rates import RateLimit
from portero_console.security.sessions import Sessions
from portero_console.security.uploads import Uploads
from portero_console.settings import ConsoleSettings

_REPORTS = 2


@dataclass(frozen=True, slots=True)
class Parts:
    """What a console is made of.

    Attributes:
        settings: Its settings.
        clients: Call the server, for each key.
        admission: Who is let in.
        logins: How often an address may fail to log in.
        uploads: Takes photos.
        feeds: What happens now.
        report_slots: Those who may write reports at the same time.
    """

    settings: ConsoleSettings
    clients: ClientPool
    admission: Admission
    logins: RateLimit
    uploads: Uploads
    feeds: Feeds
    report_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_REPORTS))

    async def aclose(self) -> None:
        """Ends all live views and closes all connections."""
        await self.feeds.aclose()
        await self.clients.aclose()


def make_parts(settings: ConsoleSettings, connection: ConnectionSettings) -> Parts:
    """Returns the parts of a console; nothing runs or connects yet."""
    clients = ClientPool(connection)
    sessions = Sessions(settings.sessions, settings.session_lifetime, settings.session_idle, time.monotonic)
    return Parts(
        settings,
        clients,
        Admission(settings, clients, sessions, time.monotonic),
        RateLimit(settings.login_rate, time.monotonic),
        Uploads(settings, time.monotonic),
        Feeds(clients, settings.viewers, settings.camera_interval),
    )


def parts_of(request: Request) -> Parts:
    """Returns the parts of the console that a request came to."""
    return cast("Parts", request.app.state.parts)


async def _admitted(request: Request, parts: Annotated[Parts, Depends(parts_of)]) -> AsyncIterator[Admitted]:
    async with parts.admission.admit(request, request.method) as admitted:
        yield admitted


async def _photo(
    request: Request, parts: Annotated[Parts, Depends(parts_of)], caller: Annotated[Admitted, Depends(_admitted)]
) -> AsyncIterator[bytes]:
    async with parts.uploads.photo(request, caller.identity) as photo:
        yield photo


ThisConsole = Annotated[Parts, Depends(parts_of)]
"""The console that a route belongs to."""

TheCaller = Annotated[Admitted, Depends(_admitted)]
"""Who asks; without one the route is not entered."""

ThePhoto = Annotated[bytes, Depends(_photo)]
"""The photo that is the body of the request."""
