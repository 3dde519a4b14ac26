"""The discovery message by which Home Assistant makes a device of a camera.

Field names, what is required and what may be shared are those of Home Assistant's documentation:
https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload, and of each platform its page, as
https://www.home-assistant.io/integrations/sensor.mqtt/. With the device class `monetary` goes the state class `total`
alone: https://developers.home-assistant.io/docs/core/entity/sensor/#available-device-classes.
"""

from __future__ import annotations

from collections.abc import Mapping

from portero_server.domain.cameras import Camera
from portero_server.domain.events.mqtt_topics import CameraTopic, MqttTopics

_ORIGIN = "Portero"
_QOS = 1

Component = Mapping[str, object]


def device_config(
    camera: Camera, topics: MqttTopics, version: str, *, names: bool, commands: bool
) -> Mapping[str, object]:
    """Returns the discovery message of a camera.

    Args:
        camera: The camera.
        topics: Where it is published.
        version: The server's version.
        names: Whether the name of the last person is published.
        commands: Whether recognition can be paused.
    """
    device_id = topics.device_id(camera.camera_id)
    device = {"identifiers": [device_id], "name": camera.display_name, "manufacturer": _ORIGIN, "model": "Camera"}
    if camera.site:
        device["suggested_area"] = camera.site
    components = {
        what.value: {"unique_id": f"{device_id}_{what.value}", **component}
        for what, component in _components(camera.camera_id, topics).items()
    }
    for what, wanted in ((CameraTopic.LAST_PERSON, names), (CameraTopic.RECOGNITION, commands)):
        if not wanted:
            # The platform alone removes an entity that was there before a setting was changed.
            components[what.value] = {"platform": components[what.value]["platform"]}
    return {
        "device": device,
        "origin": {"name": _ORIGIN, "sw_version": version},
        "availability": [{"topic": topics.status}, {"topic": topics.of(camera.camera_id, CameraTopic.ONLINE)}],
        "availability_mode": "all",
        "qos": _QOS,
        "components": components,
    }


def _components(camera_id: str, topics: MqttTopics) -> Mapping[CameraTopic, Component]:
    def at(what: CameraTopic) -> str:
        return topics.of(camera_id, what)

    # What holds without frames too: a camera that is paused sends none, and must be resumed.
    always = {"availability": [{"topic": topics.status}]}
    return {
        CameraTopic.OCCUPANCY: {
            "platform": "binary_sensor",
            "name": "Occupancy",
            "device_class": "occupancy",
            "state_topic": at(CameraTopic.OCCUPANCY),
        },
        CameraTopic.UNKNOWN_PEOPLE: {
            "platform": "sensor",
            "name": "Unknown people",
            "icon": "mdi:account-question",
            "state_class": "measurement",
            "state_topic": at(CameraTopic.UNKNOWN_PEOPLE),
        },
        CameraTopic.LAST_PERSON: {
            "platform": "sensor",
            "name": "Last person",
            "icon": "mdi:account",
            "state_topic": at(CameraTopic.LAST_PERSON),
            "value_template": "{{ value_json.name }}",
            "json_attributes_topic": at(CameraTopic.LAST_PERSON),
        },
        CameraTopic.CALLS_TODAY: {
            "platform": "sensor",
            "name": "Paid calls today",
            "icon": "mdi:counter",
            "state_class": "total_increasing",
            "state_topic": at(CameraTopic.CALLS_TODAY),
            **always,
        },
        CameraTopic.COST_TODAY: {
            "platform": "sensor",
            "name": "Cost today",
            "device_class": "monetary",
            "state_class": "total",
            "unit_of_measurement": "USD",
            "suggested_display_precision": 3,
            "state_topic": at(CameraTopic.COST_TODAY),
            "value_template": "{{ value_json.dollars }}",
            "last_reset_value_template": "{{ value_json.since }}",
            **always,
        },
        CameraTopic.RECOGNITION: {
            "platform": "switch",
            "name": "Recognition",
            "icon": "mdi:face-recognition",
            "state_topic": at(CameraTopic.RECOGNITION),
            "command_topic": topics.command(camera_id),
            **always,
        },
    }
