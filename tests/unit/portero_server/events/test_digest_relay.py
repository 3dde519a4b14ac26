"""Digests on their way: once a day, at least once, and of nobody who was erased, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from portero_server.domain.events.deliveries import DeliveryOutcome, SubscriptionDelivery
from portero_server.domain.events.delivery import DeliveryResult, EventFilter
from portero_server.domain.events.message import EventMessage
from portero_server.domain.events.schedules import checked_schedule
from portero_server.errors import StoreUnavailable
from portero_server.events.digest_entries import EventEntries, NoticeEntries
from portero_server.events.digest_relay import DigestRelay
from portero_server.events.journal import SubscriptionJournal
from portero_server.events.relay import RelayPolicy
from portero_server.events.relay_ports import Names
from portero_server.events.selection import FixedSelection
from portero_server.events.webhook import Sent
from portero_server.store.event_relays import Batch, RelayState
from tests.support.server.kept_notices import KeptNotices
from tests.support.server.relay_scene import EVERYTHING, DeadServer, Figures, KeptEvents, PlayedReceiver, take_all
from tests.support.store.memory_relays import MemoryRelay, MemoryRelays
from tests.support.time.virtual_time import in_virtual_time, running_clock

_DOWN = Sent(DeliveryResult.FAILED, problem="it cannot be reached")
_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""Virtual time begins at 08:00."""
_DAY = timedelta(days=1)


@dataclass
class _Rows:
    """What became of digests, in order."""

    noted: list[SubscriptionDelivery] = field(default_factory=list)

    async def note(self, subscription_id: str, deliveries: Sequence[SubscriptionDelivery]) -> None:
        self.noted += deliveries


class _Scene:
    """A subscription with a digest at noon, and any number of servers."""

    def __init__(
        self,
        answering: Callable[[PlayedReceiver, EventMessage], Sent] = take_all,
        wanted: EventFilter = EVERYTHING,
        quiet: tuple[str, str] = ("", ""),
        digest_at: str = "12:00",
        every: timedelta | None = None,
    ) -> None:
        self.clock = running_clock()
        self.events = KeptEvents(self.clock)
        self.receiver = PlayedReceiver(self.clock, answering)
        self.names: Names = self.events.display_names
        self.kept, self.rows, self.figures = MemoryRelays(position=0), _Rows(), Figures()
        self.notices = KeptNotices(self.clock)
        self.turns = asyncio.Semaphore(1)
        self._wanted = wanted
        schedule = checked_schedule(*quiet, digest_at, every, "UTC")
        assert schedule is not None
        self._schedule, self._since = schedule, self.clock.now()

    def reschedule(self, digest_at: str) -> None:
        """Changes the subscription now; a server that starts after knows the new time alone."""
        schedule = checked_schedule("", "", digest_at, None, "UTC")
        assert schedule is not None
        self._schedule, self._since = schedule, self.clock.now()

    def ids(self) -> list[str]:
        """Returns the ids of all messages that were sent, in order."""
        return [message.message_id for _, message in self.receiver.seen]

    def told(self) -> list[int]:
        """Returns the positions of all that was told, in order."""
        return [
            entry["data"]["position"] for _, each in self.receiver.seen for entry in each.content["data"]["entries"]
        ]

    async def until(self, moment: datetime) -> None:
        """Lets time pass."""
        await asyncio.sleep((moment - self.clock.now()).total_seconds())

    @asynccontextmanager
    async def server(
        self, name: str = "one", store: MemoryRelay | None = None, *, attendance: bool = False
    ) -> AsyncIterator[None]:
        """Runs a server, which tells of events or of attendance."""
        notices = NoticeEntries(self.notices, self.notices, lambda _: True)
        relay = DigestRelay(
            notices if attendance else EventEntries(self.events, FixedSelection(self._wanted)),
            self.names,
            store or MemoryRelay(self.kept, server=name),
            self.receiver,
            self.turns,
            self._schedule,
            self._since,
            "en",
            self.clock,
            self.figures,
            RelayPolicy(schedule=self._schedule),
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
async def test_everything_that_waits_is_told_in_one_message() -> None:
    """At its time, and not before; what comes later waits for the next day."""
    scene = _Scene()
    async with scene.server():
        for _ in range(3):
            scene.events.happen()
        await scene.until(_NOON - timedelta(seconds=1))
        assert scene.ids() == []
        await asyncio.sleep(5)
        assert scene.ids() == ["digest_events_1_3"]
        scene.events.happen(person=None)
        await scene.until(_NOON + _DAY - timedelta(seconds=1))
        assert len(scene.ids()) == 1
        await asyncio.sleep(5)
    assert scene.ids() == ["digest_events_1_3", "digest_events_4_4"]
    first = scene.receiver.seen[0][1].content
    assert (first["type"], first["timestamp"]) == ("digest.events", "2026-03-02T12:00:00.000Z")
    assert [(each.position, each.notice, each.outcome) for each in scene.rows.noted] == [
        (3, "digest.events", DeliveryOutcome.DELIVERED),
        (4, "digest.events", DeliveryOutcome.DELIVERED),
    ]
    assert (scene.kept.position, scene.kept.digested_at) == (4, _NOON + _DAY)
    assert scene.figures.entries == [3, 1]


@in_virtual_time
async def test_digests_at_intervals_wait_for_the_end_of_quiet_hours() -> None:
    """Then there is one, of all that happened in them."""
    scene = _Scene(quiet=("22:00", "07:00"), digest_at="", every=timedelta(minutes=30))
    async with scene.server():
        await asyncio.sleep(600)
        for _ in range(24):
            await asyncio.sleep(3600)
            scene.events.happen()
    times = [at.replace(second=0, microsecond=0) for at, _ in scene.receiver.seen]
    first = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    morning = datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert times == [
        *(first + timedelta(hours=number) for number in range(13)),
        morning,
        morning + timedelta(minutes=30),
    ]
    assert scene.figures.entries == [*([1] * 13), 9, 1]
    assert scene.told() == [*range(1, 24)]


@in_virtual_time
async def test_where_nothing_happened_that_is_wanted_nothing_is_sent() -> None:
    """For a week; the position passes what is not wanted."""
    scene = _Scene(wanted=EventFilter(EVERYTHING.kinds, strangers=False))
    async with scene.server():
        for _ in range(7):
            scene.events.happen(person=None)
            await asyncio.sleep(86_400)
    assert (scene.ids(), scene.kept.position) == ([], 7)


@in_virtual_time
async def test_a_digest_of_many_is_one_message() -> None:
    """The first fifty have a line; all are counted, and none comes twice."""
    scene = _Scene()
    async with scene.server():
        for _ in range(500):
            scene.events.happen()
        await scene.until(_NOON + timedelta(minutes=1))
    (message,) = [message for _, message in scene.receiver.seen]
    assert (message.message_id, message.content["data"]["count"]) == ("digest_events_1_500", 500)
    assert scene.told() == [*range(1, 51)]
    assert scene.kept.position == 500


@in_virtual_time
async def test_a_digest_that_is_not_taken_is_tried_as_the_same_message() -> None:
    """Whatever happens meanwhile, which the one after it tells; a time that was missed by then makes none."""
    up = _NOON + timedelta(hours=30)
    scene = _Scene(lambda receiver, message: _DOWN if receiver.clock.now() < up else take_all(receiver, message))
    async with scene.server():
        scene.events.happen()
        scene.events.happen()
        await scene.until(_NOON + timedelta(minutes=5))
        scene.events.happen()
        await scene.until(up + timedelta(hours=1))
        tried = scene.ids()
    assert set(tried[:-1]) == {"digest_events_1_2"}
    assert tried[-1] == "digest_events_3_3"
    assert 100 < len(tried) < 300
    assert scene.figures.lost == 0


@in_virtual_time
async def test_a_digest_is_given_up_three_days_after_its_time() -> None:
    """Then the next one is tried, however old what it tells of is."""

    def refusing(receiver: PlayedReceiver, message: EventMessage) -> Sent:
        return _DOWN if message.message_id == "digest_events_1_1" else take_all(receiver, message)

    scene = _Scene(refusing)
    async with scene.server():
        scene.events.happen()
        await scene.until(_NOON + timedelta(hours=1))
        scene.events.happen()
        await scene.until(_NOON + 3 * _DAY - timedelta(minutes=1))
        assert scene.figures.lost == 0
        await scene.until(_NOON + 3 * _DAY + timedelta(hours=1))
    assert (scene.figures.lost, scene.ids()[-1]) == (1, "digest_events_2_2")
    assert [each.outcome for each in scene.rows.noted[-2:]] == [DeliveryOutcome.GIVEN_UP, DeliveryOutcome.DELIVERED]


@in_virtual_time
async def test_retries_rest_in_quiet_hours() -> None:
    """A receiver that comes back in them is told when they end."""
    back = _NOON + timedelta(hours=2)
    scene = _Scene(
        lambda receiver, message: _DOWN if receiver.clock.now() < back else take_all(receiver, message),
        quiet=("13:00", "09:00"),
    )
    await scene.until(_NOON - timedelta(hours=1))
    async with scene.server():
        scene.events.happen()
        await scene.until(_NOON + _DAY - timedelta(seconds=1))
    morning = _NOON + timedelta(hours=21)
    assert not [at for at, _ in scene.receiver.seen if _NOON + timedelta(hours=1) <= at < morning]
    assert scene.receiver.taken == [1]
    assert morning <= scene.receiver.seen[-1][0] < morning + timedelta(minutes=11)


@in_virtual_time
async def test_nobody_is_told_of_who_was_erased_before_the_digest() -> None:
    """Nor of who was erased while it waited for its next try."""
    up = _NOON + timedelta(hours=2)
    scene = _Scene(lambda receiver, message: _DOWN if receiver.clock.now() < up else take_all(receiver, message))
    async with scene.server():
        for person in ("ana", "ben", None):
            scene.events.happen(person=person)
        await scene.until(_NOON - timedelta(hours=1))
        scene.events.erase("ana")
        await scene.until(_NOON + timedelta(hours=1))
        before = len(scene.receiver.seen)
        scene.events.erase("ben")
        await scene.until(up + timedelta(hours=1))

    def names(number: int) -> list[str | None]:
        entries = scene.receiver.seen[number][1].content["data"]["entries"]
        return [entry["data"]["display_name"] for entry in entries]

    assert before > 0
    assert (names(0), names(-1)) == ([None, "Ben", None], [None, None, None])


@in_virtual_time
async def test_whoever_is_erased_while_entries_are_read_is_not_named() -> None:
    """Names are read again just before the message is sent."""
    scene = _Scene()

    async def names(people: Collection[str]) -> Mapping[str, str]:
        found = await scene.events.display_names(people)
        scene.events.erase("ana")
        return found

    scene.names = names
    async with scene.server():
        scene.events.happen()
        await scene.until(_NOON + timedelta(minutes=1))
    (entry,) = scene.receiver.seen[0][1].content["data"]["entries"]
    assert entry["data"]["display_name"] is None


@in_virtual_time
async def test_absences_that_are_withdrawn_before_the_digest_are_in_none() -> None:
    """Nor are their withdrawals; one that a digest has told is corrected by the next one."""
    scene = _Scene()
    scene.names = scene.notices.people.display_names
    async with scene.server(attendance=True):
        held, stands = scene.notices.happen("ana"), scene.notices.happen("ben")
        scene.notices.withdraw(held)
        await scene.until(_NOON + timedelta(minutes=1))
        assert (scene.ids(), scene.told()) == (["digest_attendance_1_3"], [stands])
        scene.notices.withdraw(stands)
        await scene.until(_NOON + _DAY + timedelta(minutes=1))
        assert scene.told() == [stands, 4]
        scene.notices.withdraw(scene.notices.happen("ana"))
        await scene.until(_NOON + 2 * _DAY + timedelta(minutes=1))
    assert len(scene.ids()) == 2
    assert (scene.figures.canceled_notices, scene.figures.entries) == (4, [1, 1])


@in_virtual_time
async def test_one_that_is_withdrawn_while_its_digest_is_tried_is_corrected_by_the_next_one() -> None:
    """Some may have been told it already."""
    up = _NOON + timedelta(hours=2)
    scene = _Scene(lambda receiver, message: _DOWN if receiver.clock.now() < up else take_all(receiver, message))
    scene.names = scene.notices.people.display_names
    async with scene.server(attendance=True):
        scene.notices.happen()
        await scene.until(_NOON + timedelta(hours=1))
        scene.notices.withdraw(1)
    async with scene.server("two", attendance=True):
        await scene.until(_NOON + _DAY + timedelta(hours=1))
    assert set(scene.ids()) == {"digest_attendance_1_1", "digest_attendance_2_2"}
    assert scene.receiver.taken == [1, 2]


@in_virtual_time
async def test_servers_that_die_around_the_time_tell_everything_and_repeat_the_same_message() -> None:
    """Two at a time, and those that are killed let go of nothing."""
    scene, chance = _Scene(), random.Random(3)
    scene.receiver.latency = 2.0
    for _ in range(40):
        scene.events.happen()
    await scene.until(_NOON - timedelta(seconds=20))
    for number in range(30):
        dead = DeadServer(scene.kept, server=f"d{number}")
        async with scene.server(f"a{number}"), scene.server(f"d{number}", dead):
            await asyncio.sleep(chance.uniform(0.0, 3.0))
    async with scene.server("last"):
        await asyncio.sleep(60)
    assert set(scene.ids()) == {"digest_events_1_40"}
    assert len(scene.ids()) < 5
    assert (scene.kept.position, scene.kept.digested_at) == (40, _NOON)


@in_virtual_time
async def test_digests_that_were_missed_are_told_at_once_and_in_one() -> None:
    """Of all that waits, by the time of the last one."""
    scene = _Scene()
    async with scene.server():
        scene.events.happen()
        await asyncio.sleep(5)
    await scene.until(_NOON + timedelta(hours=1))
    scene.events.happen()
    await scene.until(_NOON + _DAY + timedelta(hours=1))
    scene.events.happen()
    async with scene.server():
        await asyncio.sleep(5)
        assert scene.ids() == ["digest_events_1_3"]
        assert scene.receiver.seen[0][1].content["timestamp"] == "2026-03-03T12:00:00.000Z"
        await scene.until(_NOON + 2 * _DAY + timedelta(seconds=5))
    assert len(scene.ids()) == 1


@in_virtual_time
async def test_a_replay_waits_for_the_next_digest_and_so_does_what_is_resumed() -> None:
    """A pause holds the digests of its time."""
    scene = _Scene()
    store = MemoryRelay(scene.kept)
    async with scene.server():
        scene.events.happen()
        scene.events.happen()
        await scene.until(_NOON + timedelta(minutes=1))
        await store.rewind(1)
        await scene.until(_NOON + _DAY - timedelta(seconds=1))
        assert scene.ids() == ["digest_events_1_2"]
        await scene.until(_NOON + _DAY + timedelta(minutes=1))
        assert scene.ids()[1:] == ["digest_events_2_2"]
        await store.stop("PAUSED")
        scene.events.happen()
        await scene.until(_NOON + 2 * _DAY + timedelta(hours=1))
        assert len(scene.ids()) == 2
        await store.resume()
        await asyncio.sleep(5)
    assert scene.ids()[2:] == ["digest_events_3_3"]


@in_virtual_time
async def test_a_replay_while_a_digest_is_tried_begins_it_anew() -> None:
    """Nothing of what is replayed is lost."""
    up = _NOON + timedelta(hours=1)
    scene = _Scene(lambda receiver, message: _DOWN if receiver.clock.now() < up else take_all(receiver, message))
    async with scene.server():
        for _ in range(3):
            scene.events.happen()
        await scene.until(_NOON + timedelta(minutes=1))
        await MemoryRelay(scene.kept).rewind(0)
        await scene.until(_NOON + _DAY + timedelta(minutes=1))
    assert scene.told()[-3:] == [1, 2, 3]
    assert scene.kept.position == 3


@in_virtual_time
async def test_what_was_begun_without_a_digest_is_told_in_one() -> None:
    """The subscription had quiet hours alone before."""
    scene = _Scene()
    scene.events.happen()
    scene.kept.batch = Batch(0, 1)
    async with scene.server():
        await asyncio.sleep(5)
    assert scene.ids() == ["digest_events_1_1"]


@in_virtual_time
async def test_a_subscription_that_is_made_while_no_server_runs_is_told_at_its_first_time() -> None:
    """It counts from when it was made."""
    scene = _Scene()
    scene.events.happen()
    await scene.until(_NOON + timedelta(hours=1))
    async with scene.server():
        await asyncio.sleep(5)
    assert scene.ids() == ["digest_events_1_1"]


@in_virtual_time
async def test_a_clock_that_was_ahead_silences_nobody() -> None:
    """What waits is told at the next time of the right one."""
    scene = _Scene()
    scene.kept.digested_at = _NOON + 365 * _DAY
    async with scene.server():
        scene.events.happen()
        await scene.until(_NOON + timedelta(seconds=5))
    assert scene.ids() == ["digest_events_1_1"]


@in_virtual_time
async def test_no_claim_is_held_while_others_have_their_turn() -> None:
    """Nor is anything read before: who was erased meanwhile is not named."""
    scene = _Scene()
    async with scene.server():
        scene.events.happen()
        await scene.until(_NOON - timedelta(seconds=1))
        await scene.turns.acquire()
        await asyncio.sleep(60)
        assert scene.kept.until < scene.clock.now()
        scene.events.erase("ana")
        scene.turns.release()
        await asyncio.sleep(5)
    (entry,) = scene.receiver.seen[0][1].content["data"]["entries"]
    assert entry["data"]["display_name"] is None


@in_virtual_time
async def test_a_database_that_is_away_is_waited_for() -> None:
    """Also where it goes away after the message was taken, which then comes twice, as the same."""
    scene = _Scene()

    class Breaking(MemoryRelay):
        broken = 1

        async def advance(self, since: RelayState, position: int) -> None:
            if self.broken:
                self.broken -= 1
                raise StoreUnavailable("the database does not answer")
            await super().advance(since, position)

    async with scene.server(store=Breaking(scene.kept)):
        scene.events.happen()
        await scene.until(_NOON + timedelta(minutes=1))
    assert scene.ids() == ["digest_events_1_1"] * 2
    assert (scene.kept.position, scene.kept.digested_at) == (1, _NOON)


@in_virtual_time
async def test_a_digest_moved_to_an_hour_that_is_over_comes_the_next_day() -> None:
    """What is changed at three to one o'clock is told at one, and not at three under a past time."""
    scene = _Scene()
    scene.kept.digested_at = _NOON
    scene.events.happen()
    await scene.until(_NOON + timedelta(hours=3))
    scene.reschedule("13:00")
    async with scene.server():
        await scene.until(_NOON + _DAY + timedelta(minutes=59))
        assert scene.ids() == []
        await scene.until(_NOON + _DAY + timedelta(minutes=61))
    assert scene.ids() == ["digest_events_1_1"]
