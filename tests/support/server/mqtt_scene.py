"""Cameras, a broker in memory and servers that publish to it, in virtual time."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from portero_server.clock import Clock
from portero_server.domain.audit.chain import Deed
from portero_server.domain.billing.usage import CallKey, CallTally
from portero_server.domain.cameras import Camera
from portero_server.domain.events.camera_state import MqttContent
from portero_server.domain.events.mqtt_topics import CameraTopic, MqttTopics
from portero_server.domain.recording.sightings import Sighting, SightingEvent, SightingEventKind
from portero_server.errors import NotFound, StoreUnavailable, Unavailable
from portero_server.events.camera_states import CameraStates, StateRules
from portero_server.events.last_people import LastPeople
from portero_server.events.mqtt_commands import MqttCommands
from portero_server.events.mqtt_publisher import MqttPublisher, PublisherPolicy
from portero_server.store.camera_views import CameraView
from portero_server.store.sightings import SightingFilter
from portero_server.telemetry.metrics import Metrics
from tests.support.server.memory_mqtt import MemoryMqtt
from tests.support.server.published_cameras import TOPICS, camera
from tests.support.store.memory_relays import MemoryRelay, MemoryRelays
from tests.support.store.sighting_events import sighting
from tests.support.time.virtual_time import running_clock

OFFLINE_AFTER = 30.0


async def unleased() -> None:
    """Keeps no lease: there is one server."""


class KeptCameras:
    """Cameras, who is before them, who was, and what was paid, as the database has them.

    Attributes:
        broken: While set, nothing can be read.
        pace: Seconds that it takes to look up sightings, or to write into the audit trail.
        frames: Frames committed of each camera that has a stream.
        audited: Entries of the audit trail; none can be written while `unaudited` is set.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.broken = self.unaudited = False
        self.pace = 0.0
        self.cameras = {"door": camera()}
        self.frames: dict[str, int] = {}
        self.in_view: dict[str, dict[str, str | None]] = {}
        self.events: list[SightingEvent] = []
        self.names = {"ana": "Ana", "inigo": "Íñigo Muñoz"}
        self.paid: list[tuple[CallKey, CallTally]] = []
        self.audited: list[Deed] = []

    def arrive(self, person: str | None, camera_id: str = "door") -> str:
        """Somebody comes into view. Returns the sighting's id."""
        seen = replace(
            sighting(f"s{len(self.events) + 1}", camera_id, person),
            first_seen=self._clock.now(),
            last_seen=self._clock.now(),
        )
        self.tell(seen)
        self.in_view.setdefault(camera_id, {})[seen.sighting_id] = person
        return seen.sighting_id

    def leave(self, camera_id: str = "door") -> None:
        """Everybody goes."""
        self.in_view.pop(camera_id)

    def tell(self, seen: Sighting) -> None:
        """Stores an event of a sighting, which is now as given."""
        self.events = [
            replace(each, sighting=seen) if each.sighting.sighting_id == seen.sighting_id else each
            for each in self.events
        ]
        self.events.append(SightingEvent(len(self.events) + 1, SightingEventKind.STARTED, seen, self._clock.now()))

    def pay(self, calls: int, camera_id: str | None = "door") -> None:
        """Somebody is recognized for money."""
        key = CallKey(self._clock.now().replace(minute=0, second=0, microsecond=0), camera_id, "e", "Search")
        self.paid.append((key, CallTally(calls, 1000 * calls)))

    async def list_cameras(self, limit: int, after_id: str | None = None) -> Sequence[Camera]:
        """Returns cameras by id."""
        self._check()
        return [self.cameras[each] for each in sorted(self.cameras) if after_id is None or each > after_id][:limit]

    async def get(self, camera_id: str) -> Camera:
        """Returns a camera."""
        self._check()
        if camera_id not in self.cameras:
            raise NotFound(f"cameras/{camera_id}")
        return self.cameras[camera_id]

    async def update(self, camera_id: str, *, disabled: bool) -> Camera:
        """Changes a camera."""
        self.cameras[camera_id] = changed = replace(await self.get(camera_id), disabled=disabled)
        return changed

    async def views(self) -> Mapping[str, CameraView]:
        """Returns what cameras see."""
        self._check()
        return {each: CameraView((1, count), self.in_view.get(each, {})) for each, count in self.frames.items()}

    async def calls(self, start: datetime) -> Sequence[tuple[CallKey, CallTally]]:
        """Returns the calls since an hour began."""
        self._check()
        return [(key, tally) for key, tally in self.paid if key.hour >= start]

    async def list(self, which: SightingFilter, limit: int) -> Sequence[Sighting]:
        """Returns sightings of a camera, latest first."""
        self._check()
        await asyncio.sleep(self.pace)
        found = {each.sighting.sighting_id: each.sighting for each in self.events}
        of_camera = [each for each in found.values() if each.camera_id == which.camera_id and each.track_count]
        fresh = [each for each in of_camera if which.start is None or each.last_seen >= which.start]
        return sorted(fresh, key=lambda each: each.first_seen, reverse=True)[:limit]

    async def events_after(
        self, position: int, camera_id: str | None = None, limit: int = 1000
    ) -> Sequence[SightingEvent]:
        """Returns events after a position, in order."""
        self._check()
        return [event for event in self.events if event.position > position][:limit]

    async def last_position(self) -> int:
        """Returns the position of the last event."""
        self._check()
        return len(self.events)

    async def display_names(self, people: Collection[str]) -> Mapping[str, str]:
        """Returns the names of those who may be named."""
        self._check()
        return {person: self.names[person] for person in people if person in self.names}

    async def record(self, *deeds: Deed) -> None:
        """Writes entries of the audit trail."""
        await asyncio.sleep(self.pace)
        if self.unaudited:
            raise Unavailable("the audit trail cannot be written", reason="AUDIT_UNAVAILABLE")
        self.audited += deeds

    def note(self, deed: Deed) -> None:
        """Queues an entry of the audit trail."""
        self.audited.append(deed)

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable("the database does not answer")


class _Rows:
    """The cameras' rows and views, whose methods are named alike."""

    def __init__(self, kept: KeptCameras) -> None:
        self.list = kept.list_cameras
        self.now = kept.views


class MqttScene:
    """A broker, a database, and any number of servers."""

    def __init__(self, topics: MqttTopics = TOPICS, *, names: bool = True, sites: Collection[str] = ()) -> None:
        self.clock = running_clock()
        self.topics = topics
        self.kept = KeptCameras(self.clock)
        self.broker = MemoryMqtt(topics, OFFLINE_AFTER)
        self.leases = MemoryRelays()
        self.metrics = Metrics(version="0", engine="scripted")
        self.names = names
        self.commands = True
        self.sites = frozenset(sites)

    def retained(self, what: CameraTopic, camera_id: str = "door") -> Any:
        """Returns what the broker retains of a camera, JSON as what it says; None: nothing."""
        payload = self.broker.retained.get(self.topics.of(camera_id, what))
        return json.loads(payload) if payload is not None and payload.startswith("{") else payload

    @property
    def status(self) -> str | None:
        """What the broker retains of the servers."""
        return self.broker.retained.get(self.topics.status)

    def states(self) -> CameraStates:
        """Returns what one server knows of cameras."""
        people = LastPeople(self.kept, self.kept.display_names, self.clock) if self.names else None
        rules = StateRules(self.sites, OFFLINE_AFTER)
        rows = _Rows(self.kept)
        return CameraStates(rows, rows, self.kept, people, self.clock, rules)

    def commanding(self) -> MqttCommands:
        """Returns what carries out the commands that one server takes."""
        return MqttCommands(self.kept, self.kept, self.sites, "broker:1883", self.clock, self.metrics.mqtt)

    @asynccontextmanager
    async def server(self, name: str = "one") -> AsyncIterator[MqttPublisher]:
        """Runs a server until the end of the block."""
        publisher = MqttPublisher(
            self.broker.connected,
            MemoryRelay(self.leases, server=name),
            self.states(),
            self.commanding(),
            self.topics,
            MqttContent(self.names, self.commands, "1.0"),
            self.clock,
            self.metrics.mqtt,
            PublisherPolicy(),
            chance=random.Random(1),
        )
        task = asyncio.ensure_future(publisher.run())
        try:
            yield publisher
        finally:
            task.cancel()
            await asyncio.wait([task])

    @asynccontextmanager
    async def filming(self, camera_id: str = "door") -> AsyncIterator[None]:
        """Commits a frame of a camera each half second until the end of the block."""

        async def film() -> None:
            while True:
                self.kept.frames[camera_id] = self.kept.frames.get(camera_id, 0) + 1
                await asyncio.sleep(0.5)

        task = asyncio.ensure_future(film())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
