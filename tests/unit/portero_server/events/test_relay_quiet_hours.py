"""Events and notices on their way to people who have quiet hours, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from portero_server.domain.events.delivery import DeliveryResult, RetryPolicy
from portero_server.domain.events.message import EventMessage
from portero_server.domain.events.schedules import checked_schedule
from portero_server.events.journal import SubscriptionJournal
from portero_server.events.notice_relay import NoticeRelay
from portero_server.events.relay import RelayPolicy
from portero_server.events.webhook import Sent
from tests.support.server.kept_notices import KeptNotices
from tests.support.server.relay_scene import Answering, DeadServer, Figures, PlayedReceiver, RelayScene, take_all
from tests.support.store.memory_relays import MemoryRelay, MemoryRelays
from tests.support.time.virtual_time import in_virtual_time, running_clock

_POLICY = RelayPolicy(schedule=checked_schedule("09:00", "17:00", "", None, "UTC"))
"""Virtual time begins at 08:00."""
_NINE, _FIVE = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 17, tzinfo=UTC)


async def _until(scene: RelayScene, moment: datetime) -> None:
    await asyncio.sleep((moment - scene.clock.now()).total_seconds())


@in_virtual_time
async def test_in_quiet_hours_nothing_is_sent_and_what_waits_comes_in_order_when_they_end() -> None:
    """Before and afterwards everything is sent at once; what waits is late for nobody."""
    scene = RelayScene(policy=_POLICY)
    async with scene.running() as relay:
        scene.events.happen()
        await asyncio.sleep(5)
        assert scene.receiver.taken == [1]
        await _until(scene, _NINE)
        for _ in range(250):
            relay.notify(scene.events.happen())
            await asyncio.sleep(60)
        await _until(scene, _FIVE - timedelta(seconds=1))
        assert (scene.receiver.taken, scene.kept.position) == ([1], 1)
        assert scene.figures.oldest[-1] == 0
        await asyncio.sleep(60)
        assert scene.receiver.taken == [*range(1, 252)]
        relay.notify(scene.events.happen())
        await asyncio.sleep(1)
    assert scene.receiver.taken[-1] == 252
    assert not [at for at, _ in scene.receiver.seen if _NINE <= at < _FIVE]


@in_virtual_time
async def test_a_relay_that_waits_for_the_end_asks_the_database_hardly_ever() -> None:
    """Only its clock, each quarter of an hour."""
    scene, asked = RelayScene(policy=_POLICY), 0

    class Counted(MemoryRelay):
        async def claim(self, now: datetime, lease: float) -> bool:
            nonlocal asked
            asked += _NINE <= now < _FIVE
            return await super().claim(now, lease)

    await _until(scene, _NINE)
    scene.events.happen()
    task = asyncio.create_task(scene.relay(store=Counted(scene.kept)).run())
    await _until(scene, _FIVE - timedelta(seconds=1))
    assert (asked, len(scene.figures.oldest)) == (0, 32)
    task.cancel()
    await asyncio.wait([task])


@in_virtual_time
async def test_fifty_restarts_in_quiet_hours_lose_nothing_and_tell_nothing_early() -> None:
    """Of two servers at a time; each event is told once, after the end."""
    scene, chance = RelayScene(policy=_POLICY), random.Random(7)
    scene.kept.position = 0
    await _until(scene, _NINE)
    for number in range(50):
        async with scene.running(f"a{number}") as relay, scene.running(f"b{number}"):
            relay.notify(scene.events.happen(camera=f"c{number % 3}"))
            await asyncio.sleep(chance.uniform(0, 500))
    assert scene.clock.now() < _FIVE
    assert (scene.receiver.seen, scene.kept.position) == ([], 0)
    async with scene.running("last"), scene.running("beside"):
        await _until(scene, _FIVE + timedelta(minutes=1))
    assert sorted(scene.receiver.taken) == [*range(1, 51)]
    for camera in range(3):
        own = [position for position in scene.receiver.taken if (position - 1) % 3 == camera]
        assert own == sorted(own)
    assert scene.kept.position == 50


@in_virtual_time
async def test_retries_rest_in_quiet_hours_and_patience_is_counted_from_their_end() -> None:
    """A receiver that is down is not tried in them; three days count from when a message became due."""
    policy = RelayPolicy(
        retries=RetryPolicy(patience=timedelta(hours=10)), schedule=checked_schedule("09:00", "17:00", "", None, "UTC")
    )

    def down(receiver: PlayedReceiver, message: EventMessage) -> Sent:
        return Sent(DeliveryResult.FAILED, problem="it cannot be reached")

    scene = RelayScene(down, policy=policy)
    scene.kept.position = 0
    async with scene.running():
        await _until(scene, _NINE)
        scene.events.happen()
        await _until(scene, _FIVE + timedelta(hours=9))
        assert scene.figures.lost == 0
        await asyncio.sleep(3 * 3600)
        assert scene.figures.lost == 1
    tried = [at for at, _ in scene.receiver.seen]
    assert tried[0] >= _FIVE
    assert tried[-1] - _FIVE > timedelta(hours=10)


@in_virtual_time
async def test_quiet_hours_that_begin_while_messages_are_sent_hold_the_rest() -> None:
    """A page that is under way ends with the message in flight."""
    scene = RelayScene(policy=_POLICY)
    scene.receiver.latency, scene.kept.position = 1.0, 0
    await _until(scene, _NINE - timedelta(seconds=3, milliseconds=500))
    for _ in range(9):
        scene.events.happen()
    async with scene.running():
        await asyncio.sleep(60)
        assert scene.receiver.taken == [1, 2, 3, 4]
        await _until(scene, _FIVE + timedelta(seconds=30))
    assert scene.receiver.taken == [*range(1, 10)]


@in_virtual_time
async def test_whoever_is_erased_in_quiet_hours_is_not_named_after_them() -> None:
    """Texts are made of what is stored when they are sent."""
    scene = RelayScene(policy=_POLICY)
    scene.kept.position = 0
    async with scene.running():
        await _until(scene, _NINE)
        scene.events.happen(person="ana")
        scene.events.happen(person="ben")
        await asyncio.sleep(3600)
        scene.events.erase("ana")
        await _until(scene, _FIVE + timedelta(minutes=1))
    assert [message.content["data"]["display_name"] for _, message in scene.receiver.seen] == [None, "Ben"]


@in_virtual_time
async def test_a_replay_and_a_pause_in_quiet_hours_hold_after_them() -> None:
    """What is replayed is sent when they end, unless the subscription is paused by then."""
    scene = RelayScene(policy=_POLICY)
    async with scene.running():
        scene.events.happen()
        await _until(scene, _NINE)
        store = MemoryRelay(scene.kept)
        await store.rewind(0)
        await store.stop("PAUSED")
        await _until(scene, _FIVE + timedelta(minutes=1))
        assert scene.receiver.taken == [1]
        await store.resume()
        await asyncio.sleep(5)
    assert scene.receiver.taken == [1, 1]


@in_virtual_time
async def test_no_claim_is_held_while_others_have_their_turn() -> None:
    """Nor is anything read before; what another server sent meanwhile is not sent again."""
    turns = asyncio.Semaphore(1)
    scene, beside = RelayScene(turns=turns), RelayScene()
    async with scene.running("one"):
        await turns.acquire()
        scene.events.happen()
        await asyncio.sleep(60)
        assert (scene.receiver.taken, scene.kept.holder) == ([], "")
        beside.events, beside.kept = scene.events, scene.kept
        async with beside.running("two"):
            await asyncio.sleep(2)
        assert beside.receiver.taken == [1]
        scene.events.happen()
        turns.release()
        await asyncio.sleep(5)
    assert scene.receiver.taken == [2]


class _Rows:
    async def note(self, subscription_id: str, deliveries: object) -> None:
        return None


class _School:
    """Notices, who is told of them except from nine to five, and any number of servers."""

    def __init__(self, answering: Answering = take_all) -> None:
        self.clock = running_clock()
        self.kept, self.relays, self.figures = KeptNotices(self.clock), MemoryRelays(position=0), Figures()
        self.receiver = PlayedReceiver(self.clock, answering)

    def ids(self) -> list[str]:
        """Returns the ids of all messages that were sent, in order."""
        return [message.message_id for _, message in self.receiver.seen]

    async def until(self, moment: datetime) -> None:
        """Lets time pass."""
        await asyncio.sleep((moment - self.clock.now()).total_seconds())

    @asynccontextmanager
    async def server(self, store: MemoryRelay | None = None, name: str = "one") -> AsyncIterator[None]:
        """Runs a server."""
        relay = NoticeRelay(
            self.kept,
            self.kept,
            self.kept.people.display_names,
            store or MemoryRelay(self.relays, server=name),
            MemoryRelay(MemoryRelays(position=0)),
            self.receiver,
            asyncio.Semaphore(1),
            lambda _: True,
            self.clock,
            self.figures,
            _POLICY,
            SubscriptionJournal(_Rows(), "s1"),
            name="subscriptions/s1",
            chance=random.Random(1),
        )
        task = asyncio.create_task(relay.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


@in_virtual_time
async def test_notices_of_attendance_wait_for_the_end_too() -> None:
    """In their order."""
    school = _School()
    async with school.server():
        for _ in range(10):
            school.kept.happen()
            await asyncio.sleep(3600)
        assert school.receiver.taken == [*range(1, 11)]
        assert not [at for at, _ in school.receiver.seen if _NINE <= at < _FIVE]


@in_virtual_time
async def test_what_is_withdrawn_in_quiet_hours_is_told_to_nobody() -> None:
    """Neither the absence nor its withdrawal; one that was told before them is corrected after them."""
    school = _School()
    async with school.server():
        told = school.kept.happen()
        await school.until(_NINE)
        assert school.ids() == ["evt_n1"]
        held, stands = school.kept.happen("ben"), school.kept.happen()
        await asyncio.sleep(3600)
        school.kept.withdraw(told)
        school.kept.withdraw(held)
        await school.until(_FIVE + timedelta(minutes=1))
        assert (school.ids()[1:], stands) == (["evt_n3", "evt_n4"], 3)
        assert school.figures.canceled_notices == 2
        school.kept.withdraw(stands)
        await asyncio.sleep(60)
    assert school.ids()[3:] == ["evt_n6"]


@in_virtual_time
async def test_servers_that_die_after_quiet_hours_tell_every_correction_of_what_was_told() -> None:
    """What was begun is what the next one goes on with: nobody is left with an absence that does not hold."""
    school, chance = _School(), random.Random(11)
    school.receiver.latency = 1.0
    await school.until(_NINE)
    for _ in range(30):
        school.kept.happen()
    for position in range(1, 31, 3):
        school.kept.withdraw(position)
    await school.until(_FIVE)
    for number in range(40):
        dead = DeadServer(school.relays, server=f"d{number}")
        async with school.server(name=f"a{number}"), school.server(dead):
            await asyncio.sleep(chance.uniform(0.0, 4.0))
        if number < 30 and number % 3 == 1:
            school.kept.withdraw(number + 1)
    async with school.server(name="last"):
        await asyncio.sleep(600)
    told = set(school.ids())
    withdrawn = {stored.notice.withdraws: f"evt_{stored.notice.notice_id}" for stored in school.kept.stored}
    for stored in school.kept.stored:
        if (notice := stored.notice).withdraws is None:
            correction = withdrawn.get(notice.notice_id)
            if f"evt_{notice.notice_id}" in told:
                assert correction is None or correction in told
            else:
                assert correction not in told
                assert correction is not None
    assert school.figures.canceled_notices >= 20
    assert school.relays.position == len(school.kept.stored)
