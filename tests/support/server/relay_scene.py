"""A relay among events, a receiver and servers that are played, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType

from portero_server.clock import Clock
from portero_server.domain.events.delivery import DeliveryResult, EventFilter
from portero_server.domain.events.message import EventMessage
from portero_server.domain.recording.sightings import SightingEvent, SightingEventKind
from portero_server.events.relay import Relay, RelayPolicy
from portero_server.events.relay_ports import DeliveryJournal, EventSelection, PictureLinks
from portero_server.events.selection import FixedSelection
from portero_server.events.webhook import Sent
from tests.support.store.memory_relays import MemoryRelay, MemoryRelays
from tests.support.store.sighting_events import sighting
from tests.support.time.virtual_time import running_clock

EVERYTHING = EventFilter(frozenset(kind.value for kind in SightingEventKind))
Answering = Callable[["PlayedReceiver", EventMessage], Sent]


class KeptEvents:
    """Stored events; `erase` takes a person out of them, as an erasure does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.stored: list[SightingEvent] = []
        self.names = {"ana": "Ana", "ben": "Ben"}

    def happen(self, camera: str = "door", person: str | None = "ana") -> int:
        """Stores one more event, and gives its position."""
        position = len(self.stored) + 1
        seen = sighting(f"s{position}", camera, person)
        self.stored.append(SightingEvent(position, SightingEventKind.STARTED, seen, self._clock.now()))
        return position

    def erase(self, person: str) -> None:
        """Takes a person out of what is stored."""
        self.names.pop(person, None)
        self.stored = [
            replace(each, sighting=replace(each.sighting, person_id=None, display_name=""))
            if each.sighting.person_id == person
            else each
            for each in self.stored
        ]

    async def events_after(
        self, position: int, camera_id: str | None = None, limit: int = 1000
    ) -> Sequence[SightingEvent]:
        """Returns events after a position, in order."""
        return [event for event in self.stored if event.position > position][:limit]

    async def last_position(self) -> int:
        """Returns the position of the last event."""
        return len(self.stored)

    async def display_names(self, people: Collection[str]) -> Mapping[str, str]:
        """Returns the names of those who were not erased."""
        return {person: self.names[person] for person in people if person in self.names}


@dataclass
class PlayedReceiver:
    """Takes messages as `answering` says, each after `latency` seconds.

    Attributes:
        taken: Positions of the messages that it answered with success, in order.
        seen: All messages, with the time of each.
    """

    clock: Clock
    answering: Answering
    latency: float = 0.01
    taken: list[int] = field(default_factory=list)
    seen: list[tuple[datetime, EventMessage]] = field(default_factory=list)

    async def __aenter__(self) -> PlayedReceiver:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def send(self, message: EventMessage) -> Sent:
        """Takes a message, or does not."""
        await asyncio.sleep(self.latency)
        self.seen.append((self.clock.now(), message))
        sent = self.answering(self, message)
        if sent.result is DeliveryResult.DELIVERED:
            self.taken.append(message.content["data"]["position"])
        return sent


class Figures:
    """What a relay reports."""

    def __init__(self) -> None:
        self.results: list[str] = []
        self.lost = 0
        self.oldest: list[float] = []
        self.is_stopped = False
        self.entries: list[int] = []
        self.canceled_notices = 0

    def sent(self, result: str, seconds: float) -> None:
        """Counts an attempt."""
        self.results.append(result)

    def given_up(self) -> None:
        """Counts a message that is lost."""
        self.lost += 1

    def gathered(self, entries: int) -> None:
        """Records what a digest tells."""
        self.entries.append(entries)

    def canceled(self, notices: int) -> None:
        """Counts notices that are told to nobody."""
        self.canceled_notices += notices

    def behind(self, seconds: float) -> None:
        """Records how old the oldest event is."""
        self.oldest.append(seconds)

    def stopped(self, *, stopped: bool) -> None:
        """Records whether the webhook is gone."""
        self.is_stopped = stopped


def take_all(receiver: PlayedReceiver, message: EventMessage) -> Sent:
    """Answers as a receiver that takes every message."""
    return Sent(DeliveryResult.DELIVERED, 204)


class RelayScene:
    """Events, a receiver, and any number of relays that share one store."""

    def __init__(
        self,
        answering: Answering = take_all,
        wanted: EventFilter = EVERYTHING,
        policy: RelayPolicy | None = None,
        selection: EventSelection | None = None,
        journal: DeliveryJournal | None = None,
        links: PictureLinks | None = None,
        turns: asyncio.Semaphore | None = None,
    ) -> None:
        self.clock = running_clock()
        self.events = KeptEvents(self.clock)
        self.receiver = PlayedReceiver(self.clock, answering)
        self.kept = MemoryRelays()
        self.figures = Figures()
        self._selection, self._policy, self._journal = selection or FixedSelection(wanted), policy, journal
        self._links, self._turns = links, turns

    def relay(self, server: str = "one", store: MemoryRelay | None = None) -> Relay:
        """Returns a server's relay."""
        return Relay(
            self.events,
            self.events.display_names,
            store or MemoryRelay(self.kept, server=server),
            self.receiver,
            self._selection,
            self.clock,
            self.figures,
            self._policy,
            random.Random(1),
            self._journal,
            links=self._links,
            turns=self._turns,
        )

    @asynccontextmanager
    async def running(self, server: str = "one") -> AsyncIterator[Relay]:
        """Runs a relay, which has looked once before the body runs."""
        relay = self.relay(server)
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        try:
            yield relay
        finally:
            task.cancel()
            await asyncio.wait([task])


class DeadServer(MemoryRelay):
    """The store of a server that is killed: it lets go of nothing."""

    async def release(self) -> None:
        """Does nothing."""
