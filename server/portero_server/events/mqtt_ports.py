"""What the publisher of camera states is put between: a broker, and what is told of cameras."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portero_server.domain.billing.usage import CallKey, CallTally
from portero_server.domain.cameras import Camera
from portero_server.domain.recording.sightings import Sighting, SightingEvent
from portero_server.store.camera_views import CameraView
from portero_server.store.sightings import SightingFilter


class BrokerFault(Exception):
    """The broker cannot be reached, refuses, or went away; the text says which, and holds no secret."""


@dataclass(frozen=True, slots=True)
class MqttMessage:
    """What somebody published; `is_retained`: it had been before we subscribed."""

    topic: str
    payload: bytes
    is_retained: bool


class MqttListener(Protocol):
    """Is told what comes from the broker; never waits."""

    def received(self, message: MqttMessage) -> None:
        """A message came."""
        ...

    def refused(self, reason: str) -> None:
        """The broker refused a publication: this client may not publish to its topic."""
        ...

    def broken(self) -> None:
        """The connection ended."""
        ...


class MqttSession(Protocol):
    """A connection to the broker."""

    def check(self) -> None:
        """Raises BrokerFault once the connection has ended."""
        ...

    async def publish(self, topic: str, payload: str) -> None:
        """Publishes, has the broker retain it, and returns when it has it; an empty payload removes what it retained.

        Raises:
            BrokerFault: It did not confirm.
        """
        ...


class LeaseLost(Exception):
    """Another server publishes now."""


KeepLease = Callable[[], Awaitable[None]]
"""Renews the lease in time, called between steps of work that may outlast it. Raises LeaseLost and StoreUnavailable."""

Connect = Callable[[MqttListener], AbstractAsyncContextManager[MqttSession]]
"""Connects and subscribes, until the end of the block. Raises BrokerFault."""


class Leases(Protocol):
    """Lets one server at a time publish; see `store.event_relays`."""

    async def state(self, start: int) -> object:
        """Makes what is claimed, if it is missing. Raises StoreUnavailable."""
        ...

    async def claim(self, now: datetime, lease: float) -> bool:
        """Claims the publishing for so many seconds. Returns False while another server holds it."""
        ...

    async def release(self) -> None:
        """Lets another server publish at once; does nothing without the claim."""
        ...


class CameraRows(Protocol):
    """Reads and changes registered cameras."""

    async def list(self, limit: int, after_id: str | None = None) -> Sequence[Camera]:
        """Returns cameras by id, at most `limit` after `after_id`."""
        ...


class ViewRows(Protocol):
    """Reads what cameras see; see `store.camera_views`."""

    async def now(self) -> Mapping[str, CameraView]:
        """Returns the view of each camera that ever had a stream."""
        ...


class SightingRows(Protocol):
    """Reads sightings and their events."""

    async def list(self, which: SightingFilter, limit: int) -> Sequence[Sighting]:
        """Returns at most `limit` sightings, latest first."""
        ...

    async def events_after(
        self, position: int, camera_id: str | None = None, limit: int = 1000
    ) -> Sequence[SightingEvent]:
        """Returns events after a position, in order, with their sightings as they are now."""
        ...

    async def last_position(self) -> int:
        """Returns the position of the last event, or 0."""
        ...


class CallRows(Protocol):
    """Reads paid calls."""

    async def calls(self, start: datetime) -> Sequence[tuple[CallKey, CallTally]]:
        """Returns the calls since an hour began."""
        ...


class MqttObserver(Protocol):
    """Receives what happens, for metrics."""

    def is_connected(self, *, connected: bool) -> None:
        """Sets whether the broker is connected."""
        ...

    def connection_failed(self) -> None:
        """Counts a connection that was not made, or broke."""
        ...

    def published(self, kind: str) -> None:
        """Counts a publication: "state", "discovery" or "removal"."""
        ...

    def dropped(self, what: str) -> None:
        """Counts what was dropped: "failed", "leftover" or "command"."""
        ...

    def commanded(self, result: str) -> None:
        """Counts a command: "done", "unchanged", "refused" or "failed"."""
        ...
