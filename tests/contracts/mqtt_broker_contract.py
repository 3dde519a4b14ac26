"""What a broker must do for servers that publish: a real one through the library, and the one in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pytest

from portero_server.domain.events.mqtt_topics import CameraTopic
from portero_server.events.mqtt_ports import BrokerFault, Connect, MqttMessage
from tests.support.server.mqtt_listener import Heard
from tests.support.server.published_cameras import TOPICS

_ONLINE = TOPICS.of("door", CameraTopic.ONLINE)


class PublishedTo(Protocol):
    """A broker whose servers count as offline a second after the last one went."""

    @property
    def connect(self) -> Connect:
        """Connects a server; each by the same client id."""
        ...

    async def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publishes as somebody else, and returns when the broker has it."""
        ...

    async def said(self, topic: str, payload: str) -> Sequence[str]:
        """Returns all payloads that were published to a topic by now; waits until a certain one is the last."""
        ...

    async def kill(self) -> None:
        """Goes away without a word."""
        ...


class MqttBrokerContract:
    """The tests. A subclass overrides `broker`."""

    @pytest.fixture
    def broker(self) -> PublishedTo:
        """Returns a broker that runs; a subclass overrides it."""
        raise NotImplementedError

    async def test_what_is_retained_is_told_at_each_connection(self, broker: PublishedTo) -> None:
        """And marked; what is published now comes back unmarked, also to whom published it."""
        for expected in ([], [MqttMessage(_ONLINE, b"online", is_retained=True)]):
            heard = Heard()
            async with broker.connect(heard) as session:
                await broker.publish(TOPICS.birth, "online")
                await heard.until(lambda heard=heard: any(each.topic == TOPICS.birth for each in heard.messages))  # type: ignore[misc]
                assert [each for each in heard.messages if each.topic == _ONLINE] == expected
                await session.publish(_ONLINE, "online")
                mine = MqttMessage(_ONLINE, b"online", is_retained=False)
                await heard.until(lambda heard=heard, mine=mine: mine in heard.messages)  # type: ignore[misc]

    async def test_an_empty_payload_removes_what_was_retained(self, broker: PublishedTo) -> None:
        """A server that connects then is told nothing of it."""
        async with broker.connect(Heard()) as session:
            await session.publish(_ONLINE, "online")
            await session.publish(_ONLINE, "")
        heard = Heard()
        async with broker.connect(heard):
            await broker.publish(TOPICS.command("door"), "ON")
            await heard.until(lambda: bool(heard.messages))
        assert [each.topic for each in heard.messages] == [TOPICS.command("door")]

    async def test_topics_of_others_do_not_come(self, broker: PublishedTo) -> None:
        """Only those of cameras, of the servers, and of Home Assistant's start do."""
        heard = Heard()
        async with broker.connect(heard):
            for topic in ("portero/other", "homeassistant/device/portero_door/config", TOPICS.status):
                await broker.publish(topic, "x")
            await heard.until(lambda: bool(heard.messages))
        assert [each.topic for each in heard.messages] == [TOPICS.status]

    async def test_a_server_that_takes_anothers_place_is_not_noticed(self, broker: PublishedTo) -> None:
        """Whether the other one still was connected or had gone; "offline" is said once, after the last one went."""
        first, second = Heard(), Heard()
        async with broker.connect(first) as before:
            await before.publish(TOPICS.status, "online")
            async with broker.connect(second) as after:
                await first.until(lambda: first.breaks > 0)
                with pytest.raises(BrokerFault, match="broke"):
                    before.check()
                await after.publish(TOPICS.status, "online")
                after.check()
        async with broker.connect(Heard()) as third:
            await third.publish(TOPICS.status, "online")
        said = await broker.said(TOPICS.status, "offline")
        assert said == ["online", "online", "online", "offline"]

    async def test_a_broker_that_goes_away_is_a_fault(self, broker: PublishedTo) -> None:
        """It is told, whoever publishes then fails, and nobody connects."""
        heard = Heard()
        async with broker.connect(heard) as session:
            await broker.kill()
            await heard.until(lambda: heard.breaks > 0)
            with pytest.raises(BrokerFault):
                await session.publish(_ONLINE, "online")
            with pytest.raises(BrokerFault, match="broke"):
                session.check()
        with pytest.raises(BrokerFault, match="no connection to the broker: connection refused"):
            async with broker.connect(Heard()):
                pass
