"""Follows events as they happen, across interruptions of the connection, without repeating or missing one."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Protocol, Self

import grpc

from portero_client.attendance import AttendanceEvent
from portero_client.attendance_convert import event_from
from portero_client.backoff import Backoff
from portero_client.document_convert import change_from
from portero_client.documents import CheckInChange
from portero_client.errors import PorteroError, Unreachable
from portero_client.sightings import SightingEvent
from portero_client.watch_cursor import EventT, WatchCursor, sighting_event_from

_LOG = logging.getLogger(__name__)


class WatchCall(Protocol):
    """An open call of a watch; messages are bytes."""

    async def read(self) -> object:
        """Returns the next message, or grpc.aio.EOF."""
        ...

    def cancel(self) -> bool:
        """Cancels the call on the server."""
        ...


class EventWatch(AsyncIterator[EventT]):
    """Iterates over every event after a position, in order: `async for event in watch`.

    After an interruption it resumes after `position`. Only permanent errors are raised: a wrong request, a refusal, a
    fault of the server. Store `position` (or the last event's) to resume in another process. One gap is inherent:
    without a first position, events between an interruption and the resumption are missed if the interruption comes
    before the server's first message. Start with a position where that matters.
    """

    def __init__(
        self,
        open_call: Callable[[int | None], WatchCall],
        translate: Callable[[grpc.aio.AioRpcError], PorteroError],
        *,
        after: int | None,
        backoff: Backoff,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._cursor = WatchCursor(after, backoff, self._parsed)
        self._open_call = open_call
        self._translate = translate
        self._sleep = sleep
        self._draw = draw
        self._call: WatchCall | None = None

    @staticmethod
    def _parsed(data: bytes) -> tuple[int, EventT | None]:
        """Returns the position of a message, and the event in it, if there is one."""
        raise NotImplementedError

    @property
    def position(self) -> int | None:
        """Everything up to this position was returned or not requested; None until the server reports one."""
        return self._cursor.position

    async def __anext__(self) -> EventT:
        while True:
            data = await self._next_message()
            event = None if data is None else self._cursor.receive(data)
            if event is not None:
                return event

    async def aclose(self) -> None:
        """Ends the watch; iterating again would resume after `position`."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _next_message(self) -> bytes | None:
        """Returns a message, or None after an interruption was waited out."""
        if self._call is None:
            self._call = self._open_call(self.position)
        try:
            data = await read_message(self._call)
        except grpc.aio.AioRpcError as error:
            self._call = None
            await self._pause(self._translate(error))
            return None
        except asyncio.CancelledError:
            # gRPC ends a call whose read was canceled. What the read may have taken comes again after `position`.
            await self.aclose()
            raise
        if not isinstance(data, bytes):
            # A server that goes away ends its watches in order.
            self._call = None
            await self._pause(Unreachable("the server ended the watch"))
            return None
        return data

    async def _pause(self, error: PorteroError) -> None:
        delay = self._cursor.pause(error, self._draw())
        _LOG.warning("watch interrupted (%s); resuming in %.1f s", error.message, delay)
        await self._sleep(delay)


class SightingWatch(EventWatch[SightingEvent]):
    """A watch of sightings, as they happen."""

    @staticmethod
    def _parsed(data: bytes) -> tuple[int, SightingEvent | None]:
        return sighting_event_from(data)


class CheckInWatch(EventWatch[CheckInChange]):
    """A watch of check-ins, each as it is now when it changes."""

    @staticmethod
    def _parsed(data: bytes) -> tuple[int, CheckInChange | None]:
        return change_from(data)


class AttendanceWatch(EventWatch[AttendanceEvent]):
    """A watch of attendance: each published status that changes."""

    @staticmethod
    def _parsed(data: bytes) -> tuple[int, AttendanceEvent | None]:
        return event_from(data)


async def read_message(call: WatchCall) -> object:
    """Returns the result of a read, and raises a cancellation that gRPC swallowed meanwhile.

    A read waits for the task that makes the call; if it is canceled there, it cancels that task, which may end as if
    nothing had been requested. If the call fails at that moment, only the failure is visible.
    """
    task = asyncio.current_task()
    asked = 0 if task is None else task.cancelling()
    try:
        return await call.read()
    finally:
        if task is not None and task.cancelling() > asked:
            raise asyncio.CancelledError
