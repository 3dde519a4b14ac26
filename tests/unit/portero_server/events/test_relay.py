"""Events sent to a webhook, whatever receivers, servers and databases do, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.domain.events.delivery import DeliveryResult, EventFilter, RetryPolicy
from portero_server.domain.events.message import EventMessage, PictureLink
from portero_server.events.relay import RelayPolicy
from portero_server.events.webhook import Sent
from tests.support.server.relay_scene import DeadServer, PlayedReceiver, RelayScene, take_all
from tests.support.store.memory_relays import MemoryRelay
from tests.support.store.sighting_events import NOON
from tests.support.time.virtual_time import in_virtual_time, run_in_virtual_time


@in_virtual_time
async def test_what_happens_is_sent_once_in_order_and_nothing_of_before() -> None:
    """A new webhook is told from now on; a notification wakes the relay at once."""
    scene = RelayScene()
    scene.events.happen()
    async with scene.running() as relay:
        for _ in range(3):
            relay.notify(scene.events.happen())
        await asyncio.sleep(0.1)
        assert scene.receiver.taken == [2, 3, 4]
        assert scene.kept.position == 4
    assert scene.figures.results == ["delivered"] * 3
    assert scene.figures.oldest[-1] == 0.0


class SlowLinks:
    """Makes no link for a long time, as with a bucket that does not answer."""

    async def of(self, sighting_id: str) -> list[PictureLink]:
        """Waits for a minute."""
        await asyncio.sleep(60)
        return []


@in_virtual_time
async def test_no_message_waits_for_links_that_cannot_be_made_soon() -> None:
    """It goes without them, before the name in it grows old."""
    scene = RelayScene(links=SlowLinks())
    async with scene.running() as relay:
        relay.notify(scene.events.happen())
        await asyncio.sleep(3)
    ((_, message),) = scene.receiver.seen
    assert message.content["data"]["snapshots"] == []


class Links:
    """Makes a link that says when it was made; of a sighting in `gone` there is none any more."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.made = 0

    async def of(self, sighting_id: str) -> list[PictureLink]:
        """Returns a link, another one each time."""
        self.made += 1
        return [] if sighting_id in self.gone else [PictureLink("face", f"https://x.example/{self.made}", NOON)]


@in_virtual_time
async def test_links_are_made_when_a_message_is_sent() -> None:
    """Each attempt has a fresh one, under the same id; a replay after an erasure has none."""
    links, answers = Links(), [Sent(DeliveryResult.FAILED, 500, "broken")]
    scene = RelayScene(lambda receiver, message: answers.pop() if answers else take_all(receiver, message), links=links)
    async with scene.running() as relay:
        relay.notify(scene.events.happen())
        await asyncio.sleep(3)
    messages = [message for _, message in scene.receiver.seen]
    assert [each.content["data"]["snapshots"][0]["url"] for each in messages] == [
        "https://x.example/1",
        "https://x.example/2",
    ]
    assert len({each.message_id for each in messages}) == 1
    links.gone.add("s1")
    scene.kept.position = 0
    scene.events.erase("ana")
    async with scene.running("two"):
        await asyncio.sleep(0.1)
    data = scene.receiver.seen[-1][1].content["data"]
    assert (data["sighting"], data["person"], data["snapshots"]) == ("sightings/s1", None, [])


@in_virtual_time
async def test_events_of_other_servers_are_found_by_looking() -> None:
    """Within the poll interval."""
    scene = RelayScene()
    async with scene.running():
        scene.events.happen()
        await asyncio.sleep(1.1)
    assert scene.receiver.taken == [1]


@in_virtual_time
async def test_a_restart_goes_on_where_the_last_server_was() -> None:
    """And lets the next one begin at once."""
    scene = RelayScene()
    async with scene.running("one"):
        scene.events.happen()
        await asyncio.sleep(1.1)
    scene.events.happen()
    async with scene.running("two"):
        await asyncio.sleep(0.1)
    assert scene.receiver.taken == [1, 2]


@in_virtual_time
async def test_only_what_is_wanted_is_sent() -> None:
    """The rest is passed, so that it holds nothing up."""
    scene = RelayScene(wanted=EventFilter(frozenset({"started"}), strangers=False))
    async with scene.running():
        for person in (None, "ana", None):
            scene.events.happen(person=person)
        await asyncio.sleep(1.1)
    assert scene.receiver.taken == [2]
    assert scene.kept.position == 3


@in_virtual_time
async def test_a_webhook_that_fails_is_tried_again_until_it_takes_the_message() -> None:
    """With growing waits; ids are the same each time, and later events of the camera wait."""
    scene = RelayScene(
        lambda receiver, message: Sent(
            DeliveryResult.DELIVERED if len(receiver.seen) > 5 else DeliveryResult.FAILED, 503
        )
    )
    async with scene.running():
        scene.events.happen()
        scene.events.happen()
        await asyncio.sleep(60.0)
    assert scene.receiver.taken == [1, 2]
    ids = [message.message_id for _, message in scene.receiver.seen]
    assert ids == ["evt_s1_1"] * 6 + ["evt_s2_2"]
    times = [at for at, _ in scene.receiver.seen]
    waits = [(later - earlier).total_seconds() for earlier, later in pairwise(times)][:5]
    assert 0.5 <= waits[0] <= 1.1
    assert 8.0 <= waits[4] <= 16.1
    assert max(scene.figures.oldest) > 10.0


@in_virtual_time
async def test_one_cameras_trouble_holds_up_no_other() -> None:
    """Messages that fail belong to one camera; those of the others are delivered, once."""

    def door_fails(receiver: PlayedReceiver, message: EventMessage) -> Sent:
        return Sent(
            DeliveryResult.FAILED if message.content["data"]["camera"] == "cameras/door" else DeliveryResult.DELIVERED,
            500,
        )

    scene = RelayScene(door_fails)
    async with scene.running():
        for _ in range(3):
            scene.events.happen("door")
            scene.events.happen("desk")
        await asyncio.sleep(120.0)
    assert scene.receiver.taken == [2, 4, 6]
    assert scene.kept.position == 0


@in_virtual_time
async def test_a_message_that_is_refused_five_times_is_given_up() -> None:
    """It is counted, and what follows is sent."""
    scene = RelayScene(
        lambda receiver, message: Sent(
            DeliveryResult.REFUSED if message.content["data"]["position"] == 1 else DeliveryResult.DELIVERED,
            422,
            "it answered 422",
        )
    )
    async with scene.running():
        scene.events.happen()
        scene.events.happen()
        await asyncio.sleep(120.0)
    assert scene.receiver.taken == [2]
    assert scene.figures.results.count("refused") == 5
    assert scene.figures.lost == 1


@in_virtual_time
async def test_an_event_that_is_older_than_the_patience_is_given_up_when_it_fails() -> None:
    """A receiver that was down for four days is told what happened in the last three."""
    scene = RelayScene(
        lambda receiver, message: Sent(DeliveryResult.FAILED, 500),
        policy=RelayPolicy(retries=RetryPolicy(longest=3600)),
    )
    async with scene.running():
        scene.events.happen()
        await asyncio.sleep(86_400.0)
        scene.events.happen()
        await asyncio.sleep(86_400.0 * 2.2)
        assert scene.kept.position == 1
        scene.receiver.answering = take_all
        await asyncio.sleep(3700.0)
    assert scene.receiver.taken == [2]
    assert scene.figures.lost == 1


@in_virtual_time
async def test_a_webhook_that_is_gone_gets_no_more_until_it_is_resumed() -> None:
    """410 is stored for all servers; the position stays, so that nothing is lost meanwhile."""
    scene = RelayScene(lambda receiver, message: Sent(DeliveryResult.GONE, 410))
    async with scene.running():
        scene.events.happen()
        await asyncio.sleep(600.0)
        assert len(scene.receiver.seen) == 1
        assert scene.figures.is_stopped
        scene.receiver.answering = take_all
        await MemoryRelay(scene.kept).resume()
        await asyncio.sleep(1.5)
    assert scene.receiver.taken == [1]
    assert not scene.figures.is_stopped


@in_virtual_time
async def test_nobody_is_named_who_was_erased_before_it_is_sent() -> None:
    """However long a message has waited for its receiver."""
    scene = RelayScene(lambda receiver, message: Sent(DeliveryResult.FAILED, 500))
    async with scene.running():
        scene.events.happen(person="ben")
        scene.events.happen("desk", person="ana")
        await asyncio.sleep(30.0)
        scene.events.erase("ben")
        erased = scene.clock.now()
        scene.receiver.answering = take_all
        await asyncio.sleep(60.0)
    told = [(at, str(message.content)) for at, message in scene.receiver.seen]
    assert any("Ben" in text for at, text in told if at < erased)
    assert not any("Ben" in text or "people/ben" in text for at, text in told if at >= erased)
    assert sorted(scene.receiver.taken) == [1, 2]


@in_virtual_time
async def test_what_was_read_is_told_for_seconds_only() -> None:
    """With a slow receiver and a long page, an erasure counts within five seconds and one message."""
    scene = RelayScene()
    scene.receiver.latency = 2.0
    async with scene.running():
        for _ in range(40):
            scene.events.happen(person="ben")
        await asyncio.sleep(2.5)
        scene.events.erase("ben")
        erased = scene.clock.now()
        await asyncio.sleep(100.0)
    late = [at - erased for at, message in scene.receiver.seen if message.content["data"]["display_name"] == "Ben"]
    assert max(late) <= timedelta(seconds=7.1)
    assert scene.receiver.taken == list(range(1, 41))


@in_virtual_time
async def test_a_database_that_does_not_answer_is_waited_for() -> None:
    """Nothing is lost, and what was delivered meanwhile may come again with its id."""
    scene = RelayScene()
    async with scene.running():
        scene.kept.broken = True
        scene.events.happen()
        await asyncio.sleep(30.0)
        assert scene.receiver.taken == []
        scene.kept.broken = False
        await asyncio.sleep(2.0)
    assert scene.receiver.taken == [1]


@in_virtual_time
async def test_a_server_that_stops_stores_what_was_delivered() -> None:
    """Even amid a page: only the message in flight may come again."""
    scene = RelayScene()
    scene.receiver.latency = 1.0
    async with scene.running():
        for _ in range(3):
            scene.events.happen()
        await asyncio.sleep(2.5)
    assert scene.receiver.taken == [1]
    assert scene.kept.position == 1


@in_virtual_time
async def test_a_replay_asked_for_while_a_server_waits_or_stops_is_kept() -> None:
    """Neither the pause after a failure nor the end of the server moves the position on again."""
    scene = RelayScene()
    async with scene.running():
        scene.events.happen()
        await asyncio.sleep(1.5)
        scene.receiver.answering = lambda receiver, message: Sent(DeliveryResult.FAILED, 500)
        scene.events.happen()
        await asyncio.sleep(60.0)
        assert scene.kept.position == 1
        await MemoryRelay(scene.kept).rewind(0)
    assert scene.kept.position == 0


@in_virtual_time
async def test_two_servers_do_not_send_at_once() -> None:
    """Each event is sent by one; when that one dies without a word, the other goes on after the lease."""
    scene = RelayScene()
    async with scene.running("one"):
        dying = asyncio.create_task(scene.relay("two", DeadServer(scene.kept, server="two")).run())
        scene.events.happen()
        await asyncio.sleep(1.1)
        for _ in range(20):
            scene.events.happen()
        await asyncio.sleep(70.0)
        dying.cancel()
        await asyncio.wait([dying])
    assert scene.receiver.taken == list(range(1, 22))


@in_virtual_time
async def test_a_replay_sends_again_what_was_sent_ahead_of_a_camera_that_waits() -> None:
    """What was delivered beyond the stored position is no reason to leave it out."""

    def door_fails(receiver: PlayedReceiver, message: EventMessage) -> Sent:
        at_door = message.content["data"]["camera"] == "cameras/door"
        return Sent(DeliveryResult.FAILED if at_door else DeliveryResult.DELIVERED, 500)

    scene = RelayScene()
    async with scene.running():
        scene.events.happen("desk")
        await asyncio.sleep(1.5)
        scene.receiver.answering = door_fails
        scene.events.happen("door")
        scene.events.happen("desk")
        await asyncio.sleep(10.0)
        assert (scene.receiver.taken, scene.kept.position) == ([1, 3], 1)
        scene.receiver.answering = take_all
        await MemoryRelay(scene.kept).rewind(0)
        await asyncio.sleep(60.0)
    assert sorted(scene.receiver.taken) == [1, 1, 2, 3, 3]


@in_virtual_time
async def test_an_open_breaker_sends_one_message_at_a_time() -> None:
    """A dead receiver costs one attempt a round; when it lives again all cameras are sent to at once."""
    scene = RelayScene(
        lambda receiver, message: Sent(DeliveryResult.FAILED, 500),
        policy=RelayPolicy(retries=RetryPolicy(longest=4.0), tolerated=3),
    )
    cameras = [f"c{number}" for number in range(6)]
    async with scene.running():
        for camera in cameras:
            scene.events.happen(camera)
        await asyncio.sleep(60.0)
        rounds = defaultdict(set)
        for at, message in scene.receiver.seen:
            rounds[at].add(message.content["data"]["camera"])
        sizes = [len(round_) for round_ in rounds.values()]
        assert sizes[:3] == [6, 6, 6]
        assert set(sizes[3:]) == {1}
        assert len({next(iter(round_)) for round_ in [*rounds.values()][3:9]}) == 6
        scene.receiver.answering = take_all
        await asyncio.sleep(10.0)
    assert sorted(scene.receiver.taken) == [1, 2, 3, 4, 5, 6]


@in_virtual_time
async def test_an_open_breaker_finds_the_cameras_whose_messages_are_taken() -> None:
    """A receiver that never takes one camera's messages is told of the others."""

    def door_fails(receiver: PlayedReceiver, message: EventMessage) -> Sent:
        at_door = message.content["data"]["camera"] == "cameras/door"
        return Sent(DeliveryResult.FAILED if at_door else DeliveryResult.DELIVERED, 500)

    scene = RelayScene(door_fails, policy=RelayPolicy(retries=RetryPolicy(longest=4.0), tolerated=3))
    async with scene.running():
        scene.events.happen("door")
        await asyncio.sleep(60.0)
        for _ in range(3):
            scene.events.happen("desk")
        await asyncio.sleep(20.0)
    assert scene.receiver.taken == [2, 3, 4]


@in_virtual_time
async def test_news_is_gathered_for_the_stated_time() -> None:
    """Many commits in a row are read together."""
    scene = RelayScene(policy=RelayPolicy(gather=0.5))
    async with scene.running() as relay:
        await asyncio.sleep(2.0)
        for _ in range(10):
            relay.notify(scene.events.happen())
            await asyncio.sleep(0.02)
        await asyncio.sleep(1.0)
        assert scene.receiver.taken == list(range(1, 11))
    first = scene.receiver.seen[0][0]
    assert scene.receiver.seen[-1][0] - first < timedelta(seconds=0.2)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_nothing_is_lost_whatever_fails(seed: int) -> None:
    """Receivers fail at random, relays are killed and databases are away: each event comes, each camera's in order."""
    run_in_virtual_time(_stormy(random.Random(seed)))


async def _stormy(chance: random.Random) -> None:
    scene = RelayScene(
        lambda receiver, message: (
            Sent(DeliveryResult.DELIVERED, 204) if chance.random() < 0.6 else Sent(DeliveryResult.FAILED, 500)
        ),
        policy=RelayPolicy(lease=5.0, page=7, retries=RetryPolicy(longest=4.0)),
    )
    await MemoryRelay(scene.kept).state(0)
    tasks: list[asyncio.Task[None]] = []
    for _ in range(60):
        match chance.randrange(6):
            case 0 | 1 | 2:
                for _ in range(chance.randint(1, 6)):
                    scene.events.happen(chance.choice(["door", "desk", "gate"]))
            case 3:
                scene.kept.broken = not scene.kept.broken
            case 4 if tasks:
                tasks.pop(chance.randrange(len(tasks))).cancel()
            case _ if len(tasks) < 3:
                name = f"server {len(scene.receiver.seen)} {chance.random()}"
                tasks.append(asyncio.create_task(scene.relay(name, DeadServer(scene.kept, server=name)).run()))
        await asyncio.sleep(chance.uniform(0.0, 3.0))
    scene.kept.broken = False
    scene.receiver.answering = take_all
    tasks.append(asyncio.create_task(scene.relay("last").run()))
    await asyncio.sleep(120.0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert set(scene.receiver.taken) == set(range(1, len(scene.events.stored) + 1))
    assert scene.kept.position == len(scene.events.stored)
    firsts: dict[str, list[int]] = defaultdict(list)
    for position in dict.fromkeys(scene.receiver.taken):
        firsts[scene.events.stored[position - 1].sighting.camera_id].append(position)
    for positions in firsts.values():
        assert positions == sorted(positions)


@in_virtual_time
async def test_a_replay_asked_for_before_progress_was_stored_sends_again_what_was_under_way() -> None:
    """The position from which is replayed may be the stored one, while events behind it are being sent."""
    scene = RelayScene()
    scene.receiver.latency = 3.0
    async with scene.running():
        scene.events.happen()
        await asyncio.sleep(2.0)
        assert scene.receiver.taken == []
        await MemoryRelay(scene.kept).rewind(0)
        await asyncio.sleep(60.0)
    assert scene.receiver.taken == [1, 1]
    assert scene.kept.position == 1
