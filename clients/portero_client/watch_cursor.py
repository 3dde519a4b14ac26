"""The state of a watch: which events are new, and how long to wait after an interruption. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from portero.v1.sighting_service_pb2 import WatchSightingsResponse

from portero_client import convert
from portero_client.backoff import Backoff
from portero_client.errors import PorteroError, ResourceExhausted, Unavailable
from portero_client.sightings import SightingEvent

EventT = TypeVar("EventT")


def sighting_event_from(data: bytes) -> tuple[int, SightingEvent | None]:
    """Returns the position of a response of WatchSightings, and the event in it, if there is one."""
    message = WatchSightingsResponse.FromString(data)
    return message.position, convert.event_from(message)


class WatchCursor(Generic[EventT]):
    """Decides for both clients which events a watch returns and when it reconnects.

    Attributes:
        position: Everything up to here was returned or was not asked for; None until the server tells.
    """

    def __init__(self, after: int | None, backoff: Backoff, read: Callable[[bytes], tuple[int, EventT | None]]) -> None:
        self.position = after
        self._read = read
        self._backoff = backoff
        self._failures = 0

    def receive(self, data: bytes) -> EventT | None:
        """Handles one message.

        Returns:
            The event it carries; None when it only moves the position, or repeats or precedes what was returned.
        """
        self._failures = 0
        position, event = self._read(data)
        if self.position is not None and position < self.position:
            return None
        repeated = position == self.position
        self.position = position
        return None if repeated else event

    def pause(self, error: PorteroError, draw: float) -> float:
        """Returns the seconds to wait before resuming after `position`; `draw` is a random number in 0..1.

        Raises:
            PorteroError: The error itself, when asking again cannot help.
        """
        if not error.retryable:
            raise error
        self._failures += 1
        delay = self._backoff.delay(self._failures, draw)
        if isinstance(error, Unavailable | ResourceExhausted) and error.retry_after is not None:
            delay = max(delay, error.retry_after)
        return delay
