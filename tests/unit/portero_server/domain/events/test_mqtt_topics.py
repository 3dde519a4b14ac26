"""Topics: where what is published, and what a topic is of."""

from __future__ import annotations

import pytest

from portero_server.domain.events.mqtt_topics import CameraTopic, MqttTopics

_TOPICS = MqttTopics("home/portero", "homeassistant")


def test_each_camera_has_topics_of_its_own_and_a_device() -> None:
    """The id of a device has no slash, whatever the topics begin with."""
    assert _TOPICS.of("front-door", CameraTopic.OCCUPANCY) == "home/portero/cameras/front-door/occupancy"
    assert _TOPICS.command("front-door") == "home/portero/cameras/front-door/recognition/set"
    assert _TOPICS.device("front-door") == "homeassistant/device/home_portero_front-door/config"


@pytest.mark.parametrize("what", CameraTopic)
def test_a_topic_tells_its_camera(what: CameraTopic) -> None:
    """Of each topic of a camera, and of its command; only the latter is a command."""
    topic = _TOPICS.of("door", what)
    assert _TOPICS.camera_of(topic) == "door"
    assert _TOPICS.commanded(topic) is None
    assert _TOPICS.commanded(_TOPICS.command("door")) == "door"


@pytest.mark.parametrize(
    "topic",
    [
        "home/portero/status",
        "home/portero/cameras/door",
        "home/portero2/cameras/door/online",
        "cameras/door/recognition/set",
        "homeassistant/device/home_portero_door/config",
    ],
)
def test_topics_of_no_camera_are_nobodys(topic: str) -> None:
    """Neither those of others nor the shorter ones."""
    assert _TOPICS.camera_of(topic) is None
    assert _TOPICS.commanded(topic) is None


@pytest.mark.parametrize("end", ["recognition/set/now", "recognition", "occupancy/set", "recognition/get"])
def test_only_one_topic_of_a_camera_commands(end: str) -> None:
    """Others are not guessed at."""
    assert _TOPICS.commanded(f"home/portero/cameras/door/{end}") is None
