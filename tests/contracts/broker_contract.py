"""What every broker must do for a source: a real one through the library, and the one in memory that tests use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portero_bridge.errors import SourceFault
from portero_bridge.sources.http.trust import Trust
from portero_bridge.sources.mqtt_address import read_mqtt_address
from portero_bridge.sources.mqtt_subscription import MOST_WAITING, Publication, Subscription
from tests.support.bridge.broker import Broker
from tests.support.bridge.clock import JumpingClock
from tests.support.time.timeouts import PATIENCE


def subscription(address: str, client_id: str = "a") -> Subscription:
    """Returns what a source asks of a broker."""
    read = read_mqtt_address(address)
    return Subscription(read, client_id, read.credentials, Trust(), None, None, PATIENCE, JumpingClock())


async def _next(publications: AsyncIterator[Publication]) -> Publication:
    async with asyncio.timeout(PATIENCE):
        return await anext(publications)


class BrokerContract:
    """The tests. A subclass overrides `broker`."""

    @pytest.fixture
    async def broker(self, tmp_path: Path) -> Broker:
        """Returns a broker that runs; a subclass overrides it."""
        raise NotImplementedError

    async def test_what_is_published_to_the_topic_comes_in_order(self, broker: Broker) -> None:
        """Nothing of other topics comes, and what is fresh is not marked as retained, even if the broker retains it."""
        async with broker.subscribe(subscription(broker.url("cam/a"))) as publications:
            await broker.publish("cam/b", b"other")
            await broker.publish("cam/a", b"1", retain=True)
            await broker.publish("cam/a", b"2")
            came = [await _next(publications) for _ in range(2)]
        assert [(each.payload, each.is_retained, each.dropped) for each in came] == [(b"1", False, 0), (b"2", False, 0)]

    async def test_what_was_retained_before_is_marked(self, broker: Broker) -> None:
        """At each subscription the broker sends what it kept, and says so."""
        await broker.publish("cam", b"old", retain=True)
        for _ in range(2):
            async with broker.subscribe(subscription(broker.url("cam"))) as publications:
                came = await _next(publications)
                assert (came.payload, came.is_retained) == (b"old", True)

    async def test_a_flood_drops_the_oldest_and_says_how_many(self, broker: Broker) -> None:
        """Of many payloads that nobody takes few wait, and the last is among them."""
        async with broker.subscribe(subscription(broker.url("cam"))) as publications:
            for number in range(5 * MOST_WAITING):
                await broker.publish("cam", str(number).encode())
            came = [await _next(publications)]
            while came[-1].payload != str(5 * MOST_WAITING - 1).encode():
                came.append(await _next(publications))
        assert sum(each.dropped for each in came) + len(came) == 5 * MOST_WAITING
        numbers = [int(each.payload) for each in came]
        assert numbers == sorted(numbers)

    async def test_a_broker_that_goes_away_is_a_fault_until_it_is_back(self, broker: Broker) -> None:
        """An open connection ends, a new one is refused, and later it is as before."""
        asked = subscription(broker.url("cam"))
        async with broker.subscribe(asked) as publications:
            await broker.kill()
            with pytest.raises(SourceFault, match="broke"):
                await _next(publications)
        with pytest.raises(SourceFault, match="no connection to the broker"):
            async with broker.subscribe(asked):
                pass
        await broker.start()
        async with broker.subscribe(asked) as publications:
            await broker.publish("cam", b"again")
            assert (await _next(publications)).payload == b"again"

    async def test_a_wrong_password_is_a_refusal(self, broker: Broker) -> None:
        """Whoever is refused should not ask again at once."""
        with pytest.raises(SourceFault, match="refuses the user name or the password") as refused:
            async with broker.subscribe(subscription(broker.url("cam", "joe:secret"))):
                pass
        assert refused.value.is_refusal
        assert "secret" not in refused.value.message

    async def test_the_newer_of_two_with_one_name_stays(self, broker: Broker) -> None:
        """A broker knows a client by its name; not every version tells the one before why it goes."""
        asked = subscription(broker.url("cam?client_id=same"), "same")
        async with broker.subscribe(asked) as first, broker.subscribe(asked) as second:
            with pytest.raises(SourceFault, match="same client_id"):
                await _next(first)
            await broker.publish("cam", b"1")
            assert (await _next(second)).payload == b"1"

    async def test_cameras_of_one_broker_do_not_disturb_each_other(self, broker: Broker) -> None:
        """Of two connections one floods, one is closed and one goes on with all that is its own."""
        async with broker.subscribe(subscription(broker.url("calm"), "calm")) as calm:
            async with broker.subscribe(subscription(broker.url("loud"), "loud")):
                for number in range(3 * MOST_WAITING):
                    await broker.publish("loud", b"x" * 1000)
                    if number % MOST_WAITING == 0:
                        await broker.publish("calm", str(number).encode())
            came = [await _next(calm) for _ in range(3)]
        assert [(each.payload, each.dropped) for each in came] == [(b"0", 0), (b"4", 0), (b"8", 0)]
