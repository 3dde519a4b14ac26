"""What is told of a camera as it is now, and the MQTT messages that say so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from portero_server.domain.billing.usage import CallTally, dollars
from portero_server.domain.cameras import Camera
from portero_server.domain.events.home_assistant import device_config
from portero_server.domain.events.mqtt_topics import CameraTopic, MqttTopics

ON, OFF = "ON", "OFF"
ONLINE, OFFLINE = "online", "offline"


@dataclass(frozen=True, slots=True)
class LastPerson:
    """Who was named last at a camera, and when that visit began (UTC)."""

    person_id: str
    display_name: str
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class CameraState:
    """A camera as it is now.

    Attributes:
        online: Whether frames come; None: not known yet, and what was told before stands.
        known, unknown: Number of people in view whose name is known, and of those whose is not.
        last: Who was named last; None: nobody, or nobody who may be named.
        calls: Paid calls since midnight UTC, and their cost.
        midnight: Since when calls are counted.
    """

    camera: Camera
    online: bool | None
    known: int
    unknown: int
    last: LastPerson | None
    calls: CallTally
    midnight: datetime


@dataclass(frozen=True, slots=True)
class MqttContent:
    """What is published at all.

    Attributes:
        names: Whether the name of the last person is.
        commands: Whether a switch is offered that pauses recognition.
        version: The server's version.
    """

    names: bool
    commands: bool
    version: str


def messages_of(state: CameraState, topics: MqttTopics, content: MqttContent) -> Mapping[str, str | None]:
    """Returns the payload of each topic of a camera; None: what was published before stands."""
    camera = state.camera
    online = None if state.online is None else ONLINE if state.online else OFFLINE
    payloads: dict[CameraTopic, str | None] = {
        CameraTopic.ONLINE: online,
        CameraTopic.RECOGNITION: OFF if camera.disabled else ON,
        CameraTopic.OCCUPANCY: ON if state.known + state.unknown else OFF,
        CameraTopic.UNKNOWN_PEOPLE: str(state.unknown),
        CameraTopic.CALLS_TODAY: str(state.calls.calls),
        CameraTopic.COST_TODAY: as_json(
            {"dollars": dollars(state.calls.microdollars), "since": state.midnight.isoformat()}
        ),
    }
    if content.names:
        payloads[CameraTopic.LAST_PERSON] = _last_person(state.last)
    told = {topics.of(camera.camera_id, what): payload for what, payload in payloads.items()}
    # The values first: an entity that is new has one at once.
    return told | {topics.device(camera.camera_id): _discovery(camera, topics, content)}


# Long, asked for several times a second, and the same until a camera is changed.
@lru_cache(maxsize=2048)
def _discovery(camera: Camera, topics: MqttTopics, content: MqttContent) -> str:
    return as_json(device_config(camera, topics, content.version, names=content.names, commands=content.commands))


def _last_person(last: LastPerson | None) -> str:
    # Of nobody, not an empty payload: Home Assistant would keep showing who was there before.
    if last is None:
        return as_json({"name": None, "person": None, "first_seen": None})
    return as_json(
        {
            "name": last.display_name,
            "person": f"people/{last.person_id}",
            "first_seen": last.first_seen.isoformat(),
        }
    )


def as_json(value: Mapping[str, object]) -> str:
    """Returns JSON in UTF-8, short, and the same for the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
