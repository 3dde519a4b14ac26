"""Discovery messages, against what Home Assistant's documentation takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from portero_server.domain.events.camera_state import as_json
from portero_server.domain.events.home_assistant import device_config
from portero_server.domain.events.mqtt_topics import MqttTopics
from tests.support.server.home_assistant import check_discovery
from tests.support.server.published_cameras import TOPICS, camera


def _config(*, names: bool = True, commands: bool = True, site: str = "", topics: MqttTopics = TOPICS) -> Any:
    made = device_config(camera(site=site), topics, "1.0", names=names, commands=commands)
    return json.loads(as_json(made))


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("commands", [True, False])
@pytest.mark.parametrize("site", ["", "nunoa"])
def test_home_assistant_takes_each_key(names: bool, commands: bool, site: str) -> None:
    """Whatever the settings say, and with every component."""
    config = _config(names=names, commands=commands, site=site)
    check_discovery(TOPICS.device("door"), config)
    assert set(config["components"]) == {
        "occupancy",
        "unknown_people",
        "last_person",
        "calls_today",
        "cost_today",
        "recognition",
    }
    assert config["device"].get("suggested_area", "") == site


def test_what_the_settings_forbid_is_removed() -> None:
    """The platform alone takes an entity away that was there before."""
    components = _config(names=False, commands=False)["components"]
    assert components["last_person"] == {"platform": "sensor"}
    assert components["recognition"] == {"platform": "switch"}


def _needed(config: Mapping[str, Any], component: str) -> list[str]:
    own = config["components"][component].get("availability", config["availability"])
    return [each["topic"] for each in own]


def test_a_paused_camera_can_be_resumed() -> None:
    """It sends no frames, so its switch depends on the server alone; who is in view depends on both."""
    config = _config()
    assert config["availability_mode"] == "all"
    assert _needed(config, "occupancy") == ["portero/status", "portero/cameras/door/online"]
    for component in ("recognition", "calls_today", "cost_today"):
        assert _needed(config, component) == ["portero/status"]


def test_costs_are_a_total_that_begins_anew() -> None:
    """Of money Home Assistant takes no other state class, and it must know when the day began."""
    cost = _config()["components"]["cost_today"]
    assert (cost["device_class"], cost["state_class"], cost["unit_of_measurement"]) == ("monetary", "total", "USD")
    assert cost["last_reset_value_template"] == "{{ value_json.since }}"
    assert _config()["components"]["calls_today"]["state_class"] == "total_increasing"


def test_two_installations_on_one_broker_have_entities_of_their_own() -> None:
    """Ids begin with the topic."""
    ids = [
        {each["unique_id"] for each in _config(topics=MqttTopics(base, "homeassistant"))["components"].values()}
        for base in ("portero", "home/portero")
    ]
    assert not ids[0] & ids[1]
