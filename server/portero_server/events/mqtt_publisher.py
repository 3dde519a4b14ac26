"""Publishes the state of cameras by MQTT: by one server at a time, and always what holds now.

What the broker should retain is computed from the database each time, and what differs from what it has is published.
So nothing waits in a queue: while the broker or the database is away, values that are overtaken are never published.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from portero_server.clock import Clock
from portero_server.domain.events.camera_state import ONLINE, CameraState, MqttContent, messages_of
from portero_server.domain.events.delivery import RetryPolicy
from portero_server.domain.events.mqtt_topics import MqttTopics
from portero_server.errors import PorteroError, StoreUnavailable
from portero_server.events.camera_states import CameraStates
from portero_server.events.mqtt_commands import MqttCommands
from portero_server.events.mqtt_ports import (
    BrokerFault,
    Connect,
    LeaseLost,
    Leases,
    MqttMessage,
    MqttObserver,
    MqttSession,
)

_log = structlog.get_logger(__name__)

_MOST_LEFTOVERS = 10_000
_AT_ONCE = 50
"""Cameras whose messages are made without letting others run: they take a millisecond."""


@dataclass(frozen=True, slots=True)
class PublisherPolicy:
    """Pace and limits.

    Attributes:
        poll: How often what other servers wrote is looked for, seconds.
        gather: Seconds to wait after news, so that what follows is published together.
        lease: Seconds for which one server alone publishes; less than the broker waits before it says "offline", so
            that nobody notices when one server takes another's place.
        parallel: Most publications that wait for the broker.
        retries: When it is connected to again.
        fault_pause: Seconds to wait after a fault of ours.
    """

    poll: float = 1.0
    gather: float = 0.2
    lease: float = 12.0
    parallel: int = 16
    retries: RetryPolicy = field(default_factory=lambda: RetryPolicy(first=1.0, longest=60.0))
    fault_pause: float = 60.0


class MqttPublisher:
    """Publishes while it holds the lease; `run` does the work."""

    def __init__(
        self,
        connect: Connect,
        leases: Leases,
        states: CameraStates,
        commands: MqttCommands,
        topics: MqttTopics,
        content: MqttContent,
        clock: Clock,
        observer: MqttObserver,
        policy: PublisherPolicy | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """Creates a publisher.

        Args:
            connect: Reaches the broker.
            leases: Says which server publishes.
            states: Tells the state of cameras.
            commands: Carries out commands; told of none unless `content` has commands.
            topics: Where what is published.
            content: What is published.
            clock: Dates the lease.
            observer: Receives what happens.
            policy: Pace and limits.
            chance: Spreads retries.
        """
        self._connect = connect
        self._leases = leases
        self._states = states
        self._commands = commands
        self._topics = topics
        self._content = content
        self._clock = clock
        self._observer = observer
        self._policy = policy or PublisherPolicy()
        self._chance = chance or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._changed = asyncio.Event()
        self._claimed_at = 0.0
        # What the broker retains by our doing (empty: to be published again), and topics of ours that it had before.
        self._retained: dict[str, str] = {}
        self._leftovers: set[str] = set()
        self._refusal = ""

    def notify(self, position: int) -> None:
        """Says that events up to a position exist."""
        self._changed.set()

    def received(self, message: MqttMessage) -> None:
        """Takes in what comes from the broker."""
        topic = message.topic
        if topic == self._topics.birth:
            if message.payload == ONLINE.encode():
                # Home Assistant has started, and a broker that restarted with it may have lost what it retained.
                self._retained = dict.fromkeys(self._retained, "")
        elif topic == self._topics.status:
            if message.payload != ONLINE.encode():
                # The broker's word about a connection before this one.
                self._retained.pop(topic, None)
        elif message.is_retained:
            self._found(topic)
        elif (camera_id := self._topics.commanded(topic)) is not None and message.payload:
            if self._content.commands:
                self._commands.take(camera_id, message.payload)
        else:
            # Our own publications come back.
            return
        self._changed.set()

    def refused(self, reason: str) -> None:
        """Counts a publication that the broker refuses, and logs the first one of a connection."""
        self._observer.dropped("failed")
        if not self._refusal:
            _log.warning("mqtt_publication_refused", reason=reason)
        self._refusal = reason

    def broken(self) -> None:
        """Says that the connection ended."""
        self._changed.set()

    async def run(self) -> None:
        """Publishes until canceled, and then lets another server go on at once."""
        failures = 0
        try:
            while True:
                pause = self._policy.poll
                try:
                    if await self._claimed():
                        await self._serve()
                        failures = 0
                except StoreUnavailable as error:
                    _log.warning("mqtt_waits_for_database", reason=error.reason)
                except BrokerFault as fault:
                    failures = 1 if self._retained else failures + 1
                    pause = self._policy.retries.pause(failures, self._chance.random())
                    self._observer.connection_failed()
                    _log.warning("mqtt_failed", problem=str(fault), failures=failures, pause=round(pause, 1))
                    # Perhaps another server reaches it.
                    await self._release()
                except Exception as error:  # noqa: BLE001 - a fault here must not end the streams of the server
                    pause = self._policy.fault_pause
                    _log.error("mqtt_publisher_failed", fault=type(error).__name__)
                    await self._release()
                await asyncio.sleep(pause)
        finally:
            await self._release()

    async def _release(self) -> None:
        # Whatever the database says: the lease ends by itself.
        with suppress(PorteroError):
            await self._leases.release()

    async def _claimed(self) -> bool:
        now = self._clock.monotonic()
        await self._leases.state(0)
        if not await self._leases.claim(self._clock.now(), self._policy.lease):
            return False
        self._claimed_at = now
        return True

    async def _serve(self) -> None:
        """Publishes until another server holds the lease."""
        self._retained.clear()
        self._leftovers.clear()
        self._refusal = ""
        self._states.forget()
        async with self._connect(self) as session:
            _log.info("mqtt_connected")
            self._observer.is_connected(connected=True)
            try:
                while await self._turn(session):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._policy.poll):
                            await self._changed.wait()
                            await asyncio.sleep(self._policy.gather)
            finally:
                self._observer.is_connected(connected=False)

    async def _turn(self, session: MqttSession) -> bool:
        """Publishes what changed. Returns False when another server publishes."""
        self._changed.clear()
        session.check()
        try:
            await self._keep()
            if await self._commands.carry_out(self._keep):
                self._states.cameras_changed()
            wanted = await self._wanted(await self._states.read(self._keep))
            await self._publish(session, self._changes(wanted))
        except LeaseLost:
            return False
        except StoreUnavailable as error:
            # What is retained stands; nobody else can claim the lease either.
            _log.warning("mqtt_waits_for_database", reason=error.reason)
        return True

    async def _keep(self) -> None:
        """Renews the lease once a third of it is over. Raises LeaseLost, StoreUnavailable."""
        if self._clock.monotonic() - self._claimed_at > self._policy.lease / 3 and not await self._claimed():
            raise LeaseLost

    async def _wanted(self, states: Sequence[CameraState]) -> Mapping[str, str | None]:
        """Returns what the broker should retain, by topic."""
        wanted: dict[str, str | None] = {self._topics.status: ONLINE}
        for number, state in enumerate(states, 1):
            wanted |= messages_of(state, self._topics, self._content)
            if number % _AT_ONCE == 0:
                # Streams go first.
                await asyncio.sleep(0)
        return wanted

    def _changes(self, wanted: Mapping[str, str | None]) -> Sequence[tuple[str, str]]:
        """Returns what to publish: removals first, and an empty payload for each."""
        gone = {topic for topic in (*self._retained, *self._leftovers) if topic not in wanted}
        cameras = {camera_id for topic in gone if (camera_id := self._topics.camera_of(topic)) is not None}
        # Whoever published those published these too. They go first: a removal that is cut short is found again.
        devices = {device for each in cameras if (device := self._topics.device(each)) not in wanted}
        removals = [(topic, "") for topic in (*sorted(devices), *sorted(gone - devices))]
        return removals + [
            (topic, payload)
            for topic, payload in wanted.items()
            if payload is not None and self._retained.get(topic) != payload
        ]

    async def _publish(self, session: MqttSession, changes: Sequence[tuple[str, str]]) -> None:
        """Publishes a few at a time, in order; whatever is not confirmed ends the connection."""
        for first in range(0, len(changes), self._policy.parallel):
            # All topics of many cameras take longer than the lease. Whoever claims it then connects with our client id:
            # the broker ends our connection, and two servers would throw each other out for ever.
            await self._keep()
            page = changes[first : first + self._policy.parallel]
            results = await asyncio.gather(*(session.publish(*each) for each in page), return_exceptions=True)
            faults = [result for result in results if result is not None]
            for (topic, payload), result in zip(page, results, strict=True):
                if result is None:
                    self._has(topic, payload)
                else:
                    self._observer.dropped("failed")
            if faults:
                raise faults[0]

    def _has(self, topic: str, payload: str) -> None:
        """Notes what the broker retains now."""
        self._leftovers.discard(topic)
        if payload:
            self._retained[topic] = payload
        else:
            self._retained.pop(topic, None)
        kind = "discovery" if topic.startswith(f"{self._topics.discovery}/") else "state"
        self._observer.published(kind if payload else "removal")

    def _found(self, topic: str) -> None:
        """Notes a topic that the broker retained before; one of a camera that is gone, or a command, is removed."""
        if topic in self._retained or self._topics.camera_of(topic) is None:
            return
        if len(self._leftovers) < _MOST_LEFTOVERS:
            self._leftovers.add(topic)
        else:
            self._observer.dropped("leftover")
