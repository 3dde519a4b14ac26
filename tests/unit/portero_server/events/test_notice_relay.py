"""Notices of attendance on their way: in order, at least once, and none of who may not be named, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from portero_server.domain.attendance.notices import AttendanceNotice
from portero_server.domain.events.deliveries import DeliveryOutcome, SubscriptionDelivery
from portero_server.domain.events.delivery import DeliveryResult, RetryPolicy
from portero_server.domain.events.message import EventMessage
from portero_server.errors import StoreUnavailable
from portero_server.events.journal import SubscriptionJournal
from portero_server.events.notice_relay import NoticeRelay
from portero_server.events.relay import RelayPolicy
from portero_server.events.webhook import Sent
from portero_server.telemetry.metrics import Metrics
from tests.support.server.kept_notices import KeptNotices
from tests.support.server.relay_scene import PlayedReceiver
from tests.support.store.memory_relays import MemoryRelay, MemoryRelays
from tests.support.time.virtual_time import in_virtual_time, running_clock

_OK = Sent(DeliveryResult.DELIVERED, 204)
_DOWN = Sent(DeliveryResult.FAILED, problem="it cannot be reached")


@dataclass
class _Rows:
    """What became of messages, by their order."""

    noted: list[SubscriptionDelivery] = field(default_factory=list)
    broken: bool = False

    async def note(self, subscription_id: str, deliveries: Sequence[SubscriptionDelivery]) -> None:
        if self.broken:
            raise StoreUnavailable("the database does not answer")
        self.noted += deliveries


class _Scene:
    """A subscription that is told of notices by any number of servers."""

    def __init__(self, answering: Callable[[PlayedReceiver, EventMessage], Sent]) -> None:
        self.clock = running_clock()
        self.kept = KeptNotices(self.clock)
        self.receiver = PlayedReceiver(self.clock, answering)
        self.notices, self.events, self.rows = MemoryRelays(position=0), MemoryRelays(position=0), _Rows()

    def ids(self) -> list[str]:
        """Returns the ids of all messages that were sent, in order."""
        return [message.message_id for _, message in self.receiver.seen]

    @asynccontextmanager
    async def server(
        self, name: str = "one", wanted: Callable[[AttendanceNotice], bool] = lambda _: True
    ) -> AsyncIterator[None]:
        """Runs a server."""
        relay = NoticeRelay(
            self.kept,
            self.kept,
            self.kept.people.display_names,
            MemoryRelay(self.notices, server=name),
            MemoryRelay(self.events, server=name),
            self.receiver,
            None,
            wanted,
            self.clock,
            Metrics(version="0", engine="scripted").subscriptions.of("s1"),
            RelayPolicy(retries=RetryPolicy(patience=timedelta(days=3))),
            SubscriptionJournal(self.rows, "s1"),
            name="subscriptions/s1",
            chance=random.Random(1),
        )
        task = asyncio.ensure_future(relay.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


@in_virtual_time
async def test_notices_are_told_in_order_and_noted() -> None:
    """Each once while nothing fails."""
    scene = _Scene(lambda receiver, message: _OK)
    async with scene.server():
        for _ in range(3):
            scene.kept.happen()
        await asyncio.sleep(5)
    assert scene.ids() == ["evt_n1", "evt_n2", "evt_n3"]
    assert scene.notices.position == 3
    assert [(each.notice, each.outcome) for each in scene.rows.noted] == [
        ("attendance.absent", DeliveryOutcome.DELIVERED)
    ] * 3


@in_virtual_time
async def test_one_that_is_not_taken_holds_up_those_after_it() -> None:
    """A receiver that is down for a day is told everything in order; the attempts are spread."""
    scene = _Scene(lambda receiver, message: _DOWN if receiver.clock.now() < up else _OK)
    up = scene.clock.now() + timedelta(days=1)
    async with scene.server():
        scene.kept.happen()
        scene.kept.happen()
        await asyncio.sleep(86_400 + 1200)
    taken = [message.message_id for at, message in scene.receiver.seen if at >= up]
    assert taken == ["evt_n1", "evt_n2"]
    assert 100 < len(scene.ids()) < 400


@in_virtual_time
async def test_after_three_days_a_notice_is_given_up() -> None:
    """It is a dead letter, and the next one is tried."""
    scene = _Scene(lambda receiver, message: _DOWN if message.message_id == "evt_n1" else _OK)
    async with scene.server():
        scene.kept.happen()
        scene.kept.happen()
        await asyncio.sleep(3 * 86_400 + 1200)
    assert scene.ids()[-1] == "evt_n2"
    assert scene.rows.noted[-2].outcome is DeliveryOutcome.GIVEN_UP


@in_virtual_time
async def test_nobody_is_told_of_who_was_erased_while_a_message_waited() -> None:
    """Their notices are passed over; those of others go on."""
    scene = _Scene(lambda receiver, message: _DOWN if receiver.clock.now() < up else _OK)
    up = scene.clock.now() + timedelta(hours=1)
    async with scene.server():
        scene.kept.happen("ana")
        scene.kept.happen("ben")
        await asyncio.sleep(1800)
        scene.kept.people.erase("ana")
        await asyncio.sleep(3600)
    assert [message.message_id for at, message in scene.receiver.seen if at >= up] == ["evt_n2"]


@in_virtual_time
async def test_only_what_is_wanted_is_told() -> None:
    """The rest is passed over."""
    scene = _Scene(lambda receiver, message: _OK)
    async with scene.server(wanted=lambda notice: notice.person_id == "ben"):
        for person_id in ("ana", "ben", "ana", None):
            scene.kept.happen(person_id)
        await asyncio.sleep(5)
    assert (scene.ids(), scene.notices.position) == (["evt_n2"], 4)


@in_virtual_time
async def test_servers_that_die_repeat_little_and_forget_nothing() -> None:
    """Fifty of them, one after the other and some beside each other."""
    scene = _Scene(lambda receiver, message: _OK)
    for number in range(50):
        async with scene.server(f"s{number}"), scene.server(f"t{number}"):
            scene.kept.happen()
            await asyncio.sleep(random.Random(number).uniform(0.0, 3.0))
    async with scene.server("last"):
        await asyncio.sleep(60)
    first = list(dict.fromkeys(scene.ids()))
    assert first == [f"evt_n{number}" for number in range(1, 51)]
    assert len(scene.ids()) < 60


@in_virtual_time
async def test_a_receiver_that_wants_no_more_ends_events_too() -> None:
    """It answered 410."""
    scene = _Scene(lambda receiver, message: Sent(DeliveryResult.GONE, 410, "it answered 410"))
    async with scene.server():
        scene.kept.happen()
        await asyncio.sleep(3600)
    assert (len(scene.ids()), scene.notices.reason, scene.events.reason) == (1, "GONE", "GONE")


@in_virtual_time
async def test_a_database_that_is_away_is_waited_for() -> None:
    """What was decided meanwhile is told then."""
    scene = _Scene(lambda receiver, message: _OK)
    async with scene.server():
        scene.notices.broken = True
        scene.kept.happen()
        await asyncio.sleep(60)
        assert scene.ids() == []
        scene.notices.broken = False
        await asyncio.sleep(5)
    assert scene.ids() == ["evt_n1"]


@in_virtual_time
async def test_a_server_that_ends_within_a_page_repeats_at_most_the_message_in_flight() -> None:
    """What was delivered before the subscription changed is not told again."""
    scene = _Scene(lambda receiver, message: _OK)
    scene.receiver.latency = 1.0
    for _ in range(4):
        scene.kept.happen()
    async with scene.server("one"):
        await asyncio.sleep(2.5)
    assert (scene.ids(), scene.notices.position) == (["evt_n1", "evt_n2"], 2)
    async with scene.server("two"):
        await asyncio.sleep(10)
    assert scene.ids() == ["evt_n1", "evt_n2", "evt_n3", "evt_n4"]
    assert [each.position for each in scene.rows.noted] == [1, 2, 3, 4]


@in_virtual_time
async def test_what_cannot_be_noted_is_not_told_again() -> None:
    """It is noted when the database answers."""
    scene = _Scene(lambda receiver, message: _OK)
    scene.rows.broken = True
    async with scene.server():
        scene.kept.happen()
        scene.kept.happen()
        await asyncio.sleep(30)
        assert (scene.ids(), scene.notices.position) == (["evt_n1", "evt_n2"], 2)
        scene.rows.broken = False
        scene.kept.happen()
        await asyncio.sleep(5)
    assert scene.ids() == ["evt_n1", "evt_n2", "evt_n3"]
    assert [each.position for each in scene.rows.noted] == [1, 2, 3]


@in_virtual_time
async def test_what_was_told_while_the_database_went_away_is_not_told_again() -> None:
    """The position is stored when the database answers."""
    scene = _Scene(lambda receiver, message: _broken())

    def _broken() -> Sent:
        scene.notices.broken = True
        return _OK

    async with scene.server():
        scene.kept.happen()
        await asyncio.sleep(30)
        scene.notices.broken = False
        await asyncio.sleep(5)
        assert (scene.ids(), scene.notices.position) == (["evt_n1"], 1)


@in_virtual_time
async def test_a_replay_tells_again_what_was_reached() -> None:
    """Also where it begins at the position that is stored."""
    scene = _Scene(lambda receiver, message: _OK)
    async with scene.server():
        scene.kept.happen()
        await asyncio.sleep(5)
        assert await MemoryRelay(scene.notices).rewind(0)
        await asyncio.sleep(5)
    assert (scene.ids(), scene.notices.position) == (["evt_n1", "evt_n1"], 1)
