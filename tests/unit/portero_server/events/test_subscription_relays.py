"""Many relays in one server, as subscriptions come, change, fail and go, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from portero_server.domain.events.delivery import DeliveryResult, RetryPolicy
from portero_server.domain.events.message import EventMessage
from portero_server.domain.events.subscriptions import SubscriptionState, filter_of
from portero_server.domain.recording.sightings import SightingEvent
from portero_server.errors import FailedPrecondition, StoreUnavailable
from portero_server.events.relay import Relay, RelayPolicy
from portero_server.events.relay_ports import EventSelection
from portero_server.events.subscription_relays import SubscriptionRelays
from portero_server.events.webhook import Sent
from portero_server.store.subscriptions import SealedSecret, SealedSubscription
from portero_server.telemetry.metrics import Metrics
from tests.support.server.relay_scene import KeptEvents, PlayedReceiver, take_all
from tests.support.store.memory_relays import MemoryRelay, MemoryRelays
from tests.support.store.subscriptions import new_subscription
from tests.support.time.virtual_time import in_virtual_time, running_clock


class _Chosen:
    """Chooses by a subscription's filter alone."""

    def __init__(self, subscription: SealedSubscription) -> None:
        self.wants = subscription.subscription.wanted.wants

    async def refresh(self) -> None:
        """Does nothing."""

    async def told(self, events: Sequence[SightingEvent]) -> Sequence[SightingEvent]:
        """Returns the events as they are."""
        return events


@dataclass
class _Endpoint:
    """A receiver, and what is stored of how far it was sent to."""

    receiver: PlayedReceiver
    kept: MemoryRelays = field(default_factory=MemoryRelays)


class _Scene:
    """Stored subscriptions, events, and a receiver for each."""

    def __init__(self) -> None:
        self.clock = running_clock()
        self.events = KeptEvents(self.clock)
        self.stored: dict[str, SealedSubscription] = {}
        self.endpoints: dict[str, _Endpoint] = {}
        self.unreadable: set[str] = set()
        self.broken = False
        self.built: list[str] = []
        self.metrics = Metrics(version="0", engine="scripted")
        self.relays = SubscriptionRelays(self, self._relay, self.clock, self.metrics.subscriptions, poll=5.0)

    def add(self, subscription_id: str) -> PlayedReceiver:
        """Stores a subscription that is told of what happens from now on; returns its receiver."""
        self.stored[subscription_id] = new_subscription(subscription_id)
        endpoint = _Endpoint(PlayedReceiver(self.clock, take_all), MemoryRelays(position=len(self.events.stored)))
        self.endpoints[subscription_id] = endpoint
        return endpoint.receiver

    async def sealed(self, now: datetime) -> Sequence[SealedSubscription]:
        """Returns what is stored."""
        if self.broken:
            raise StoreUnavailable("the database does not answer")
        return list(self.stored.values())

    def happen(self, camera: str = "door", person: str | None = "ana") -> None:
        """Stores an event, and says so."""
        self.relays.notify(self.events.happen(camera, person))

    def series(self) -> set[str]:
        """Returns the subscriptions that have metrics."""
        lost = self.metrics.registry.collect()
        names = {"portero_subscription_given_up", "portero_subscription_messages", "portero_subscription_gone"}
        return {sample.labels["subscription"] for metric in lost if metric.name in names for sample in metric.samples}

    def figure(self, name: str, subscription_id: str) -> float | None:
        """Returns a metric of a subscription."""
        return self.metrics.registry.get_sample_value(name, {"subscription": subscription_id})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs the relays, which have begun before the body runs."""
        task = asyncio.create_task(self.relays.run())
        await asyncio.sleep(0.01)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    def _relay(self, subscription: SealedSubscription) -> Relay:
        subscription_id = subscription.subscription.subscription_id
        if subscription_id in self.unreadable:
            raise FailedPrecondition("its secrets cannot be opened", reason="SECRET_OF_OTHER_KEY")
        self.built.append(subscription_id)
        selection: EventSelection = _Chosen(subscription)
        endpoint = self.endpoints[subscription_id]
        return Relay(
            self.events,
            self.events.display_names,
            MemoryRelay(endpoint.kept),
            endpoint.receiver,
            selection,
            self.clock,
            self.metrics.subscriptions.of(subscription_id),
            RelayPolicy(retries=RetryPolicy(longest=60.0), tolerated=3),
            name=subscription_id,
        )


@in_virtual_time
async def test_a_dead_receiver_delays_no_other() -> None:
    """One answers after the longest time, one with errors, one is gone; the others are told within a second."""
    scene = _Scene()
    well = [scene.add(f"well{number}") for number in range(3)]
    slow, failing, gone = scene.add("slow"), scene.add("failing"), scene.add("gone")
    slow.latency = 15.0
    slow.answering = lambda receiver, message: Sent(DeliveryResult.FAILED, None, "it did not answer within 15 s")
    failing.answering = lambda receiver, message: Sent(DeliveryResult.FAILED, 500, "it answered 500")
    gone.answering = lambda receiver, message: Sent(DeliveryResult.GONE, 410, "it answered 410")
    async with scene.running():
        for _ in range(30):
            scene.happen("door")
            scene.happen("desk")
            await asyncio.sleep(2.0)
    for receiver in well:
        assert sorted(receiver.taken) == list(range(1, 61))
        late = [at - scene.events.stored[position - 1].happened_at for position, at in _times(receiver)]
        assert max(late).total_seconds() < 1.0
    assert len(gone.seen) <= 2
    assert scene.endpoints["gone"].kept.reason == "GONE"
    assert slow.taken == failing.taken == []


def _times(receiver: PlayedReceiver) -> list[tuple[int, datetime]]:
    return [(message.content["data"]["position"], at) for at, message in receiver.seen]


@in_virtual_time
async def test_one_that_is_made_here_is_told_at_once_and_elsewhere_within_the_poll() -> None:
    """Those that run go on undisturbed."""
    scene = _Scene()
    scene.add("s1")
    async with scene.running():
        here = scene.add("s2")
        scene.relays.changed()
        await asyncio.sleep(0.1)
        scene.happen()
        await asyncio.sleep(0.1)
        assert here.taken == [1]
        elsewhere = scene.add("s3")
        await asyncio.sleep(5.1)
        scene.happen()
        await asyncio.sleep(0.1)
        assert elsewhere.taken == [2]
    assert scene.built == ["s1", "s2", "s3"]


@in_virtual_time
async def test_one_that_was_changed_is_sent_to_by_its_new_filter() -> None:
    """From where it was: nothing is lost or sent twice."""
    scene = _Scene()
    receiver = scene.add("s1")
    async with scene.running():
        scene.happen()
        await asyncio.sleep(0.1)
        old = scene.stored["s1"]
        wanted = filter_of(strangers=False)
        scene.stored["s1"] = replace(old, subscription=replace(old.subscription, wanted=wanted), revision=2)
        scene.relays.changed()
        await asyncio.sleep(0.1)
        scene.happen(person=None)
        scene.happen()
        await asyncio.sleep(0.1)
    assert receiver.taken == [1, 3]
    assert scene.built == ["s1", "s1"]


@in_virtual_time
async def test_a_secret_that_has_ended_is_let_go_of() -> None:
    """It is missing from what the database says, and the relay is built without it."""
    scene = _Scene()
    scene.add("s1")
    old = scene.stored["s1"]
    scene.stored["s1"] = replace(old, secrets=(*old.secrets, SealedSecret("before", b"")))
    async with scene.running():
        scene.stored["s1"] = old
        await asyncio.sleep(5.1)
    assert scene.built == ["s1", "s1"]


@in_virtual_time
async def test_one_that_is_deleted_is_told_of_nothing_more_and_has_no_metrics() -> None:
    """The labels of metrics are those of the subscriptions that exist."""
    scene = _Scene()
    receiver = scene.add("s1")
    scene.add("s2")
    async with scene.running():
        scene.happen()
        await asyncio.sleep(0.1)
        assert scene.series() == {"s1", "s2"}
        del scene.stored["s1"]
        scene.relays.changed()
        await asyncio.sleep(0.1)
        scene.happen()
        await asyncio.sleep(0.1)
        assert scene.series() == {"s2"}
    assert receiver.taken == [1]


@in_virtual_time
async def test_one_whose_secrets_do_not_open_is_told_of_nothing_until_they_do() -> None:
    """The others are; how many there are is a metric."""
    scene = _Scene()
    receiver, other = scene.add("s1"), scene.add("s2")
    scene.unreadable.add("s1")
    async with scene.running():
        scene.happen()
        await asyncio.sleep(20.0)
        assert (receiver.seen, other.taken) == ([], [1])
        assert scene.metrics.registry.get_sample_value("portero_subscriptions_unreadable") == 1
        assert scene.series() == {"s2"}
        scene.unreadable.clear()
        await asyncio.sleep(6.0)
        assert scene.metrics.registry.get_sample_value("portero_subscriptions_unreadable") == 0
    assert receiver.taken == [1]


@in_virtual_time
async def test_a_fault_of_ours_in_one_ends_no_other() -> None:
    """It is started again after a minute."""
    scene = _Scene()
    receiver, other = scene.add("s1"), scene.add("s2")

    def broken(receiver: PlayedReceiver, message: EventMessage) -> Sent:
        raise ZeroDivisionError

    receiver.answering = broken
    async with scene.running():
        scene.happen()
        await asyncio.sleep(30.0)
        scene.happen()
        await asyncio.sleep(1.0)
        assert other.taken == [1, 2]
        receiver.answering = take_all
        await asyncio.sleep(60.0)
    assert receiver.taken == [1, 2]


@in_virtual_time
async def test_while_the_database_is_away_those_that_run_go_on() -> None:
    """Whether anything has changed is asked again with the next poll."""
    scene = _Scene()
    receiver = scene.add("s1")
    async with scene.running():
        scene.broken = True
        scene.relays.changed()
        await asyncio.sleep(20.0)
        scene.happen()
        await asyncio.sleep(0.1)
        assert receiver.taken == [1]
        scene.broken = False
        await asyncio.sleep(6.0)
    assert scene.built == ["s1"]


@in_virtual_time
async def test_a_receiver_that_is_gone_is_a_metric_and_one_that_is_paused_is_not() -> None:
    """The one is an alert."""
    scene = _Scene()
    for subscription_id, state in (("s1", SubscriptionState.GONE), ("s2", SubscriptionState.PAUSED)):
        scene.add(subscription_id)
        old = scene.stored[subscription_id]
        scene.stored[subscription_id] = replace(old, subscription=replace(old.subscription, state=state))
    async with scene.running():
        assert scene.figure("portero_subscription_gone", "s1") == 1
        assert scene.figure("portero_subscription_gone", "s2") == 0


@in_virtual_time
async def test_nobody_is_named_who_was_erased_and_nobody_else_takes_the_place_in_a_filter() -> None:
    """Of whoever was erased before a message was sent nothing is told, however long it has waited."""
    scene = _Scene()
    every, chosen = scene.add("every"), scene.add("chosen")
    old = scene.stored["chosen"]
    wanted = filter_of(people=["ben"], strangers=False)
    scene.stored["chosen"] = replace(old, subscription=replace(old.subscription, wanted=wanted))
    for receiver in (every, chosen):
        receiver.answering = lambda receiver, message: Sent(DeliveryResult.FAILED, 500)
    async with scene.running():
        scene.happen(person="ben")
        await asyncio.sleep(30.0)
        scene.events.erase("ben")
        erased = scene.clock.now()
        scene.happen(person="ana")
        old = scene.stored["chosen"]
        left = replace(old.subscription.wanted, people=frozenset())
        scene.stored["chosen"] = replace(old, subscription=replace(old.subscription, wanted=left))
        for receiver in (every, chosen):
            receiver.answering = take_all
        await asyncio.sleep(120.0)
    assert sorted(every.taken) == [1, 2]
    assert chosen.taken == []
    late = [str(message.content) for receiver in (every, chosen) for at, message in receiver.seen if at >= erased]
    assert not any("Ben" in text or "people/ben" in text for text in late)
