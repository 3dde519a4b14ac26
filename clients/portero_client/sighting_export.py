"""Reads all sightings of a period, page by page, across interruptions of the connection."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc
from portero.v1.sighting_service_pb2 import ExportSightingsResponse

from portero_client import convert
from portero_client.backoff import Backoff
from portero_client.errors import PorteroError, ResourceExhausted, Unavailable, Unreachable
from portero_client.sightings import Sighting
from portero_client.watch import WatchCall, read_message

_LOG = logging.getLogger(__name__)
PATIENCE = 8
"""Attempts without a page after which an export fails."""


@dataclass(frozen=True, slots=True)
class ExportedSighting:
    """A sighting, and the site that its camera belongs to now; empty: to none, or the camera was deleted."""

    sighting: Sighting
    site: str


class ExportProgress:
    """Decides for both clients where an export goes on, and how long to wait after an interruption. Pure.

    Attributes:
        cursor: After the last page that was returned; empty before the first page, and once all were returned.
        finished: Whether all pages were returned.
    """

    def __init__(self, cursor: str, backoff: Backoff) -> None:
        self.cursor = cursor
        self.finished = False
        self._backoff = backoff
        self._failures = 0

    def receive(self, data: bytes) -> tuple[ExportedSighting, ...]:
        """Returns the sightings of a message, which may be none."""
        message = ExportSightingsResponse.FromString(data)
        self._failures = 0
        self.cursor = message.next_cursor
        self.finished = not message.next_cursor
        return tuple(ExportedSighting(convert.sighting_from(row.sighting), row.site) for row in message.sightings)

    def pause(self, error: PorteroError, draw: float) -> float:
        """Returns the seconds to wait before going on after `cursor`; `draw` is a random number in 0..1.

        Raises:
            PorteroError: The error itself, when asking again cannot help, or has not helped for long.
        """
        self._failures += 1
        if not error.retryable or self._failures > PATIENCE:
            raise error
        delay = self._backoff.delay(self._failures, draw)
        if isinstance(error, Unavailable | ResourceExhausted) and error.retry_after is not None:
            delay = max(delay, error.retry_after)
        _LOG.warning("export interrupted (%s); going on in %.1f s", error.message, delay)
        return delay


class SightingExport(AsyncIterator[tuple[ExportedSighting, ...]]):
    """Iterates over the sightings of a period, oldest first, in pages: `async for page in export`.

    After an interruption it goes on after `cursor`, so that no sighting comes twice. Store `cursor` after a page was
    dealt with to go on in another process. A sighting that changes meanwhile comes as it was, or as it is.
    """

    def __init__(
        self,
        open_call: Callable[[str], WatchCall],
        translate: Callable[[grpc.aio.AioRpcError], PorteroError],
        *,
        cursor: str,
        backoff: Backoff,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._progress = ExportProgress(cursor, backoff)
        self._open_call = open_call
        self._translate = translate
        self._sleep = sleep
        self._draw = draw
        self._call: WatchCall | None = None

    @property
    def cursor(self) -> str:
        """Where to go on after the pages that were returned; empty before the first and after the last."""
        return self._progress.cursor

    async def __anext__(self) -> tuple[ExportedSighting, ...]:
        while not self._progress.finished:
            if self._call is None:
                self._call = self._open_call(self._progress.cursor)
            try:
                data = await read_message(self._call)
            except grpc.aio.AioRpcError as error:
                self._call = None
                await self._sleep(self._progress.pause(self._translate(error), self._draw()))
                continue
            except asyncio.CancelledError:
                # gRPC ends a call whose read was canceled. What the read may have taken comes again after `cursor`.
                await self.aclose()
                raise
            if isinstance(data, bytes):
                if page := self._progress.receive(data):
                    return page
            else:
                self._call = None
                interrupted = Unreachable("the server ended the export before its last page")
                await self._sleep(self._progress.pause(interrupted, self._draw()))
        await self.aclose()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Ends the export; iterating again would go on after `cursor`."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
