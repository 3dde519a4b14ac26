"""What Home Assistant takes in a discovery message, written down from its documentation, and a check of it.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload and the pages of the platforms `sensor.mqtt`,
`binary_sensor.mqtt` and `switch.mqtt`; state classes of device classes as in
https://developers.home-assistant.io/docs/core/entity/sensor/. It ignores keys that it does not know, so that none
that is misspelled would be noticed there; here it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TOPIC = re.compile(r"homeassistant/device/([a-zA-Z0-9_-]+)/config")
_ID = re.compile(r"[a-zA-Z0-9_-]+")

_ROOT_REQUIRED = {"device", "origin", "components"}
_SHARED = {"availability", "availability_mode", "command_topic", "state_topic", "qos", "encoding"}
_DEVICE = {
    "configuration_url",
    "connections",
    "hw_version",
    "identifiers",
    "manufacturer",
    "model",
    "model_id",
    "name",
    "serial_number",
    "suggested_area",
    "sw_version",
    "via_device",
}
_ORIGIN = {"name", "sw_version", "support_url"}
_AVAILABILITY = {"topic", "payload_available", "payload_not_available", "value_template"}
_MODES = {"all", "any", "latest"}

# What every entity may have.
_ENTITY = {
    "availability",
    "availability_mode",
    "availability_template",
    "availability_topic",
    "default_entity_id",
    "device_class",
    "enabled_by_default",
    "encoding",
    "entity_category",
    "entity_picture",
    "icon",
    "json_attributes_template",
    "json_attributes_topic",
    "name",
    "payload_available",
    "payload_not_available",
    "platform",
    "qos",
    "state_topic",
    "unique_id",
    "value_template",
}
_ALLOWED = {
    "sensor": _ENTITY
    | {
        "expire_after",
        "force_update",
        "last_reset_value_template",
        "options",
        "state_class",
        "suggested_display_precision",
        "unit_of_measurement",
    },
    "binary_sensor": _ENTITY | {"expire_after", "force_update", "off_delay", "payload_off", "payload_on"},
    "switch": _ENTITY
    | {
        "command_template",
        "command_topic",
        "optimistic",
        "payload_off",
        "payload_on",
        "retain",
        "state_off",
        "state_on",
    },
}
_REQUIRED = {
    "sensor": {"platform", "unique_id", "state_topic"},
    "binary_sensor": {"platform", "unique_id", "state_topic"},
    "switch": {"platform", "unique_id", "command_topic"},
}
_CLASSES: dict[str, set[str | None]] = {
    "sensor": {None, "monetary"},
    "binary_sensor": {None, "occupancy"},
    "switch": {None},
}
_STATE_CLASSES: dict[str | None, set[str | None]] = {
    None: {None, "measurement", "total", "total_increasing"},
    "monetary": {None, "total"},
}


def check_discovery(topic: str, config: Mapping[str, Any]) -> None:
    """Asserts that Home Assistant would take a discovery message, every key of it."""
    assert TOPIC.fullmatch(topic), topic
    assert _ROOT_REQUIRED <= set(config) <= _ROOT_REQUIRED | _SHARED
    device, origin = config["device"], config["origin"]
    assert set(device) <= _DEVICE
    assert device["identifiers"], "a device has at least one identifier"
    assert "name" in origin
    assert set(origin) <= _ORIGIN
    _check_availability(config)
    ids = [component["unique_id"] for component in config["components"].values() if len(component) > 1]
    assert len(ids) == len(set(ids))
    for key, component in config["components"].items():
        assert _ID.fullmatch(key), key
        _check_component(component)


def _check_component(component: Mapping[str, Any]) -> None:
    platform = component["platform"]
    if len(component) == 1:
        # It removes the entity.
        assert platform in _ALLOWED
        return
    assert _REQUIRED[platform] <= set(component) <= _ALLOWED[platform]
    assert component.get("device_class") in _CLASSES[platform]
    _check_availability(component)
    if platform == "sensor":
        state_class = component.get("state_class")
        assert state_class in _STATE_CLASSES[component.get("device_class")]
        if "last_reset_value_template" in component:
            assert state_class == "total"
    for name, value in component.items():
        if name.endswith("_topic"):
            assert not set(value) & set("+#"), value


def _check_availability(holder: Mapping[str, Any]) -> None:
    assert holder.get("availability_mode", "latest") in _MODES
    for each in holder.get("availability", ()):
        assert "topic" in each
        assert set(each) <= _AVAILABILITY
