"""What is published of a camera in each state."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from portero_server.domain.billing.usage import CallTally
from portero_server.domain.events.camera_state import CameraState, LastPerson, MqttContent, messages_of
from portero_server.domain.events.mqtt_topics import CameraTopic
from tests.support.server.published_cameras import TOPICS, camera

_MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
_SEEN = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
_STATE = CameraState(camera(), True, 1, 2, LastPerson("inigo", "Íñigo Muñoz", _SEEN), CallTally(7, 7500), _MIDNIGHT)
_ALL = MqttContent(names=True, commands=True, version="1.0")


def _told(state: CameraState, content: MqttContent = _ALL) -> dict[str, str | None]:
    messages = messages_of(state, TOPICS, content)
    return {what.value: messages[topic] for what in CameraTopic if (topic := TOPICS.of("door", what)) in messages}


def test_everything_is_told_in_words_that_home_assistant_expects() -> None:
    """Names keep their letters, and dollars are exact."""
    assert _told(_STATE) == {
        "online": "online",
        "recognition": "ON",
        "occupancy": "ON",
        "unknown_people": "2",
        "last_person": '{"name":"Íñigo Muñoz","person":"people/inigo","first_seen":"2026-03-02T08:30:00+00:00"}',
        "calls_today": "7",
        "cost_today": '{"dollars":0.0075,"since":"2026-03-02T00:00:00+00:00"}',
    }


@pytest.mark.parametrize(("known", "unknown", "occupied"), [(0, 0, "OFF"), (1, 0, "ON"), (0, 1, "ON")])
def test_anybody_occupies_a_camera(known: int, unknown: int, occupied: str) -> None:
    """A stranger does as much as a person with a name."""
    assert _told(replace(_STATE, known=known, unknown=unknown))["occupancy"] == occupied


def test_a_camera_that_is_paused_or_silent_says_so() -> None:
    """What is not known yet is not published, so that what was published before stands."""
    paused = _told(replace(_STATE, camera=replace(camera(), disabled=True), online=False))
    assert (paused["recognition"], paused["online"]) == ("OFF", "offline")
    assert _told(replace(_STATE, online=None))["online"] is None


def test_nobody_is_a_value_and_not_silence() -> None:
    """An empty payload would leave the last name on every screen."""
    told = _told(replace(_STATE, last=None))["last_person"]
    assert json.loads(told or "") == {"name": None, "person": None, "first_seen": None}


def test_without_names_there_is_no_topic_for_them() -> None:
    """Nothing that is published holds the name."""
    messages = messages_of(_STATE, TOPICS, replace(_ALL, names=False))
    assert TOPICS.of("door", CameraTopic.LAST_PERSON) not in messages
    assert not [payload for payload in messages.values() if payload and ("Muñoz" in payload or "inigo" in payload)]


def test_the_discovery_message_comes_after_the_values() -> None:
    """An entity that is new has a value at once."""
    assert list(messages_of(_STATE, TOPICS, _ALL))[-1] == TOPICS.device("door")
