"""The MQTT topics that are published and read; server/MQTT.md documents them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class CameraTopic(Enum):
    """What is published of a camera, by the last part of its topic."""

    ONLINE = "online"
    RECOGNITION = "recognition"
    OCCUPANCY = "occupancy"
    UNKNOWN_PEOPLE = "unknown_people"
    LAST_PERSON = "last_person"
    CALLS_TODAY = "calls_today"
    COST_TODAY = "cost_today"


_CAMERAS = "cameras"
_SET = "set"


@dataclass(frozen=True, slots=True)
class MqttTopics:
    """The topics of one installation.

    Attributes:
        base: What all of its topics begin with; parts of [a-zA-Z0-9_-], with slashes between them.
        discovery: What Home Assistant's topics begin with.
    """

    base: str
    discovery: str

    @property
    def status(self) -> str:
        """Whether any server publishes; the broker says when none does any more."""
        return f"{self.base}/status"

    @property
    def of_cameras(self) -> str:
        """The filter of all that is published of cameras, and of commands."""
        return f"{self.base}/{_CAMERAS}/#"

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it has started."""
        return f"{self.discovery}/status"

    def of(self, camera_id: str, what: CameraTopic) -> str:
        """Returns the topic of something about a camera."""
        return f"{self.base}/{_CAMERAS}/{camera_id}/{what.value}"

    def command(self, camera_id: str) -> str:
        """Returns the topic to which somebody publishes ON or OFF to resume or pause recognition at a camera."""
        return f"{self.of(camera_id, CameraTopic.RECOGNITION)}/{_SET}"

    def device_id(self, camera_id: str) -> str:
        """Returns the id of a camera's device: of [a-zA-Z0-9_-], as Home Assistant asks.

        No id of a camera has an underscore, so what follows the last one is the camera.
        """
        return f"{self.base.replace('/', '_')}_{camera_id}"

    def device(self, camera_id: str) -> str:
        """Returns the topic of a camera's discovery message."""
        return f"{self.discovery}/device/{self.device_id(camera_id)}/config"

    def camera_of(self, topic: str) -> str | None:
        """Returns the id of the camera that a topic below `base` is about, or None."""
        parts = self._parts(topic)
        return parts[0] if len(parts) >= 2 else None

    def commanded(self, topic: str) -> str | None:
        """Returns the id of the camera that a command is for, by its topic; None: it is the topic of no command."""
        match self._parts(topic):
            case [camera_id, CameraTopic.RECOGNITION.value, last] if last == _SET:
                return camera_id
        return None

    def _parts(self, topic: str) -> list[str]:
        prefix = f"{self.base}/{_CAMERAS}/"
        return topic.removeprefix(prefix).split("/") if topic.startswith(prefix) else []
