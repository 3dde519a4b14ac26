"""What a relay is put between: where events come from, who is told, and who is told what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence, Set
from datetime import datetime
from typing import Protocol

from portero_server.domain.events.message import EventMessage, PictureLink
from portero_server.domain.recording.sightings import SightingEvent
from portero_server.events.webhook import Sent
from portero_server.store.event_relays import Batch, RelayState

Names = Callable[[Collection[str]], Awaitable[Mapping[str, str]]]
"""Returns the display names of those people who may be named now."""


class EventSource(Protocol):
    """Where events are read."""

    async def events_after(
        self, position: int, camera_id: str | None = None, limit: int = 1000
    ) -> Sequence[SightingEvent]:
        """Returns events after a position, in order, with their sightings as they are now."""
        ...

    async def last_position(self) -> int:
        """Returns the position of the last event, or 0."""
        ...


class RelayStore(Protocol):
    """Keeps how far events are sent; see `store.event_relays`."""

    async def state(self, start: int) -> RelayState:
        """Returns the state; a relay that is new begins after position `start`."""
        ...

    async def claim(self, now: datetime, lease: float) -> bool:
        """Claims the sending for `lease` seconds. Returns False while another server holds the claim."""
        ...

    async def release(self) -> None:
        """Lets another server send at once; does nothing without the claim."""
        ...

    async def advance(self, since: RelayState, position: int) -> None:
        """Stores that nothing is left to send up to a position, unless the state has changed; needs the claim."""
        ...

    async def stop(self, reason: str) -> None:
        """Stores that the endpoint wants no more."""
        ...


class BatchStore(RelayStore, Protocol):
    """Keeps how far events are sent, and what of them is told together."""

    async def begin(self, since: RelayState, until: int, moment: datetime | None = None) -> bool:
        """Stores that everything up to a position is told together, as the digest of a moment if there is one.

        Returns:
            False without the claim, or if the state has changed: nothing is stored.
        """
        ...


class Withdrawals(Protocol):
    """Knows which notices of attendance were withdrawn before they were told; see `store.attendance.withdrawals`."""

    async def within(self, batch: Batch) -> Set[int]:
        """Returns the positions of notices that others of the batch withdraw, and of these. Raises StoreUnavailable."""
        ...


class Sender(Protocol):
    """Sends one message."""

    async def send(self, message: EventMessage) -> Sent:
        """Sends it once; whatever happens is told, nothing is raised."""
        ...


class EventSelection(Protocol):
    """Chooses the events that are sent."""

    async def refresh(self) -> None:
        """Reads again what the choice depends on; called before each page.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        ...

    async def told(self, events: Sequence[SightingEvent]) -> Sequence[SightingEvent]:
        """Returns the events of a page, with alerts in the place of those that are alerts.

        The events name people as they are stored; names that may not be told are removed afterwards.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        ...

    def wants(self, event: SightingEvent) -> bool:
        """Returns whether an event is sent; of somebody who may not be told it names nobody any more."""
        ...


class PictureLinks(Protocol):
    """Makes links to the snapshots of sightings."""

    async def of(self, sighting_id: str) -> Sequence[PictureLink]:
        """Returns links to those that may be looked at now; none where they cannot be made. Raises nothing."""
        ...


class DeliveryJournal(Protocol):
    """Keeps what becomes of messages."""

    def note(self, event: SightingEvent, sent: Sent, at: datetime, *, given_up: bool) -> None:
        """Notes one attempt, and whether it was the last one."""
        ...

    async def write(self) -> None:
        """Stores what was noted; called after each page.

        Raises:
            StoreUnavailable: The database does not answer; what was noted is written the next time.
        """
        ...


class NoJournal:
    """Keeps nothing."""

    def note(self, event: SightingEvent, sent: Sent, at: datetime, *, given_up: bool) -> None:
        """Does nothing."""

    async def write(self) -> None:
        """Does nothing."""


class RelayObserver(Protocol):
    """Receives what happens, for metrics."""

    def sent(self, result: str, seconds: float) -> None:
        """An attempt ended after `seconds` with a result: an DeliveryResult's value."""
        ...

    def given_up(self) -> None:
        """A message was given up."""
        ...

    def behind(self, seconds: float) -> None:
        """The oldest event that waits is so old; 0: none waits, or another server sends."""
        ...

    def stopped(self, *, stopped: bool) -> None:
        """The webhook wants no more messages, or does again."""
        ...


class PeopleObserver(RelayObserver, Protocol):
    """Receives what happens to messages to people, for metrics."""

    def gathered(self, entries: int) -> None:
        """A digest was taken that tells so many events or notices."""
        ...

    def canceled(self, notices: int) -> None:
        """A number of notices is told to nobody: withdrawn before they were told, and their withdrawals."""
        ...
