"""What a relay notes of its messages, and when it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portero_server.domain.events.deliveries import SubscriptionDelivery
from portero_server.domain.events.delivery import DeliveryResult, RetryPolicy
from portero_server.errors import StoreUnavailable
from portero_server.events.journal import SubscriptionJournal
from portero_server.events.relay import RelayPolicy
from portero_server.events.webhook import Sent
from tests.support.server.relay_scene import RelayScene, take_all
from tests.support.time.virtual_time import in_virtual_time


class _Rows:
    """Keeps deliveries as the store does; while `broken`, nobody reaches it."""

    def __init__(self) -> None:
        self.kept: dict[int, SubscriptionDelivery] = {}
        self.attempts: dict[int, int] = {}
        self.broken = False

    async def note(self, subscription_id: str, deliveries: Sequence[SubscriptionDelivery]) -> None:
        """Keeps what became of messages."""
        if self.broken:
            raise StoreUnavailable("the database does not answer")
        assert subscription_id == "s1"
        for delivery in deliveries:
            self.kept[delivery.position] = delivery
            self.attempts[delivery.position] = self.attempts.get(delivery.position, 0) + delivery.attempts

    @property
    def outcomes(self) -> dict[int, str]:
        """What became of each message."""
        return {position: delivery.outcome.value for position, delivery in self.kept.items()}


def _scene(rows: _Rows, sent: Sent, policy: RelayPolicy | None = None) -> RelayScene:
    return RelayScene(lambda receiver, message: sent, policy=policy, journal=SubscriptionJournal(rows, "s1"))


@in_virtual_time
async def test_each_message_is_noted_with_its_last_answer() -> None:
    """While it waits, and when it is taken after all."""
    rows = _Rows()
    scene = _scene(rows, Sent(DeliveryResult.FAILED, 503, "it answered 503"))
    async with scene.running():
        scene.events.happen()
        await asyncio.sleep(10.0)
        assert rows.outcomes == {1: "waiting"}
        assert (rows.kept[1].status, rows.kept[1].problem) == (503, "it answered 503")
        scene.receiver.answering = take_all
        await asyncio.sleep(10.0)
    assert rows.outcomes == {1: "delivered"}
    delivery = rows.kept[1]
    assert (delivery.message_id, delivery.camera_id, delivery.status) == ("evt_s1_1", "door", 204)
    assert rows.attempts == {1: len(scene.receiver.seen)}
    assert [message.message_id for _, message in scene.receiver.seen] == ["evt_s1_1"] * rows.attempts[1]


@in_virtual_time
async def test_a_message_that_is_given_up_is_a_dead_letter() -> None:
    """One that was refused five times, and one that was never taken while there was patience."""
    rows = _Rows()
    scene = _scene(rows, Sent(DeliveryResult.REFUSED, 422, "it answered 422"))
    async with scene.running():
        scene.events.happen()
        await asyncio.sleep(60.0)
        assert rows.outcomes == {1: "given_up"}
        assert rows.attempts == {1: 5}
    old = _scene(rows, Sent(DeliveryResult.FAILED, None, "it cannot be reached"), RelayPolicy(retries=RetryPolicy()))
    async with old.running():
        old.events.happen()
        old.events.happen()
        await asyncio.sleep(86_400.0 * 3.1)
    assert rows.outcomes == {1: "given_up", 2: "given_up"}
    assert (rows.kept[2].status, rows.kept[2].problem) == (None, "it cannot be reached")


@in_virtual_time
async def test_a_receiver_that_is_gone_leaves_its_message_waiting() -> None:
    """It is sent when the subscription is resumed."""
    rows = _Rows()
    scene = _scene(rows, Sent(DeliveryResult.GONE, 410, "it answered 410"))
    async with scene.running():
        scene.events.happen()
        await asyncio.sleep(10.0)
    assert rows.outcomes == {1: "waiting"}
    assert scene.kept.reason == "GONE"


@in_virtual_time
async def test_what_cannot_be_stored_is_stored_later_and_nothing_is_sent_twice_for_it() -> None:
    """The attempts that were made meanwhile are counted once."""
    rows = _Rows()
    scene = _scene(rows, Sent(DeliveryResult.DELIVERED, 204))
    async with scene.running():
        rows.broken = True
        scene.events.happen()
        scene.events.happen()
        await asyncio.sleep(30.0)
        assert (scene.kept.position, rows.kept) == (0, {})
        rows.broken = False
        await asyncio.sleep(2.0)
    assert rows.attempts == {1: 1, 2: 1}
    assert [message.message_id for _, message in scene.receiver.seen] == ["evt_s1_1", "evt_s2_2"]
