"""Follows events from a thread, across interruptions of the connection, without repeating or missing one."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator
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


class BlockingWatchCall(Protocol):
    """An open call of a watch; messages are bytes."""

    def __next__(self) -> bytes:
        """Returns the next message. Raises StopIteration at the end of the call."""
        ...

    def cancel(self) -> bool:
        """Cancels the call on the server."""
        ...


class BlockingEventWatch(Iterator[EventT]):
    """Iterates over every event after a position, in order: `for event in watch`.

    It behaves like SightingWatch of the asynchronous client, except that `close`, from any thread, ends an iteration
    that waits for the next event. Only one thread may iterate at a time.
    """

    def __init__(
        self,
        open_call: Callable[[int | None], BlockingWatchCall],
        translate: Callable[[grpc.RpcError], PorteroError],
        *,
        after: int | None,
        backoff: Backoff,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._cursor = WatchCursor(after, backoff, self._parsed)
        self._open_call = open_call
        self._translate = translate
        self._draw = draw
        self._closed = threading.Event()
        self._lock = threading.Lock()
        """Guards `_call` against a `close` between the check of `_closed` and the opening of a call."""
        self._call: BlockingWatchCall | None = None

    @staticmethod
    def _parsed(data: bytes) -> tuple[int, EventT | None]:
        """Returns the position of a message, and the event in it, if there is one."""
        raise NotImplementedError

    @property
    def position(self) -> int | None:
        """Everything up to this position was returned or not requested; None until the server reports one."""
        return self._cursor.position

    def __next__(self) -> EventT:
        while (call := self._open()) is not None:
            try:
                event = self._cursor.receive(next(call))
            except StopIteration:
                # A server that goes away ends its watches in order.
                self._pause(Unreachable("the server ended the watch"))
            except grpc.RpcError as error:
                self._pause(self._translate(error))
            else:
                if event is not None:
                    return event
        raise StopIteration

    def close(self) -> None:
        """Ends the watch permanently, including an iteration that waits."""
        with self._lock:
            self._closed.set()
            if self._call is not None:
                self._call.cancel()
                self._call = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> BlockingWatchCall | None:
        """Returns the open call, which is a new one after an interruption; None once the watch is closed."""
        with self._lock:
            if self._closed.is_set():
                return None
            if self._call is None:
                self._call = self._open_call(self.position)
            return self._call

    def _pause(self, error: PorteroError) -> None:
        with self._lock:
            self._call = None
            if self._closed.is_set():
                return
        delay = self._cursor.pause(error, self._draw())
        _LOG.warning("watch interrupted (%s); resuming in %.1f s", error.message, delay)
        self._closed.wait(delay)


class BlockingSightingWatch(BlockingEventWatch[SightingEvent]):
    """A watch of sightings, as they happen."""

    @staticmethod
    def _parsed(data: bytes) -> tuple[int, SightingEvent | None]:
        return sighting_event_from(data)


class BlockingCheckInWatch(BlockingEventWatch[CheckInChange]):
    """A watch of check-ins, each as it is now when it changes."""

    @staticmethod
    def _parsed(data: bytes) -> tuple[int, CheckInChange | None]:
        return change_from(data)


class BlockingAttendanceWatch(BlockingEventWatch[AttendanceEvent]):
    """A watch of attendance: each published status that changes."""

    @staticmethod
    def _parsed(data: bytes) -> tuple[int, AttendanceEvent | None]:
        return event_from(data)
