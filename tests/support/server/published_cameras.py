"""A camera whose state is published, and where."""

from __future__ import annotations

from datetime import datetime

from portero_server.domain.cameras import Camera, CameraMode, Lane
from portero_server.domain.events.mqtt_topics import MqttTopics

TOPICS = MqttTopics("portero", "homeassistant")


def camera(camera_id: str = "door", display_name: str = "Entrada Ñuñoa", site: str = "") -> Camera:
    """Returns a camera that is enabled."""
    made = datetime.fromisoformat("2026-03-02T08:00:00+00:00")
    return Camera(camera_id, display_name, site, CameraMode.FACES, Lane.VISITOR, False, None, None, made, made)
