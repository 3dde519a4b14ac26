"""Asks the server what a camera sent before, so that a recording does not melt into it."""

import asyncio
import contextlib
from datetime import datetime, timedelta
from itertools import count

from portero_bridge.sources.base import Span
from portero_client.client import PorteroClient
from portero_client.errors import PorteroError
from portero_client.settings import ConnectionSettings

# A server that is away is no reason to hold a recording back: it is spooled, or waits at its stream.
_PATIENCE = 5.0
# Sightings that overlap a recording; the latest is enough to know that there is something.
_MOST_SIGHTINGS = 20


async def earlier_spans(connection: ConnectionSettings, camera: str, start: datetime, length: timedelta) -> list[Span]:
    """Returns what a camera is known to have sent: its sightings of a time, and the last picture before this stream.

    What this client may not ask, or what the server does not answer, is left out.

    Args:
        connection: Where the server is.
        camera: Its id.
        start: When the time begins, UTC.
        length: How long it lasts.
    """
    spans: list[Span] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE), PorteroClient(connection) as client:
            with contextlib.suppress(PorteroError):
                last = (await client.cameras.status(camera)).last_frame_time
                spans += [(last, last)] if last is not None else []
            with contextlib.suppress(PorteroError):
                sightings = client.sightings.list(camera=camera, since=start, until=start + length)
                numbers = count(1)
                async for sighting in sightings:
                    spans.append((sighting.first_seen_time, sighting.last_seen_time))
                    if next(numbers) == _MOST_SIGHTINGS:
                        break
    return spans
