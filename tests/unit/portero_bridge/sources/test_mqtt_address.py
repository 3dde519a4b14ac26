"""Addresses of MQTT cameras."""

import pytest

from portero_bridge.errors import SettingsError
from portero_bridge.sources.http.credentials import Credentials
from portero_bridge.sources.mqtt_address import MqttAddress, read_mqtt_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("mqtt://broker/cam", MqttAddress("broker", 1883, False, "cam")),
        ("MQTTS://broker/site/door/jpeg", MqttAddress("broker", 8883, True, "site/door/jpeg")),
        ("mqtt://[2001:db8::1]:1884//cam", MqttAddress("2001:db8::1", 1884, False, "/cam")),
        ("mqtt://10.0.0.5/a%20b%3F/%C3%B1", MqttAddress("10.0.0.5", 1883, False, "a b?/ñ")),
        (
            "mqtts://joe@broker:8884/cam?qos=1&client_id=bridge-1&protocol=3.1.1&field=imagebase64",
            MqttAddress("broker", 8884, True, "cam", 1, "bridge-1", "3.1.1", "imagebase64", Credentials("joe", "")),
        ),
        ("mqtt://broker/a@b", MqttAddress("broker", 1883, False, "a@b")),
        (
            "mqtt://joe:p/ss#w%20d@broker/cam",
            MqttAddress("broker", 1883, False, "cam", credentials=Credentials("joe", "p/ss#w d")),
        ),
    ],
)
def test_parts_of_an_address(text: str, address: MqttAddress) -> None:
    """Broker, topic, options and credentials, each with its default."""
    read = read_mqtt_address(text)
    assert read == address


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mqtt:///cam", "names no broker"),
        ("mqtt://broker:0/cam", "names no broker"),
        ("mqtt://broker:70000/cam", "names no broker"),
        ("mqtt://broker", "names no topic"),
        ("mqtt://broker/?qos=1", "names no topic"),
        ("mqtt://broker/cam/+", "wildcard"),
        ("mqtt://broker/cam/%23", "wildcard"),
        ("mqtt://broker/cam/#", "has a #"),
        ("mqtt://broker/%00", "zero byte"),
        ("mqtt://broker/%ff", "not UTF-8"),
        ("mqtt://broker/cam?qos=3", "another qos than 0, 1 or 2"),
        ("mqtt://broker/cam?protocol=4", "another protocol than 5 or 3.1.1"),
        ("mqtt://broker/cam?client_id=", "client_id that is not 1 to 128 printable characters"),
        ("mqtt://broker/cam?field=", "field that is not 1 to 100 characters"),
        ("mqtt://broker/cam?qos=1&qos=1", "the option qos twice"),
        ("mqtt://broker/cam?password=hunter2", "an option that does not exist; there are qos, client_id"),
    ],
)
def test_what_cannot_be_is_named_without_a_secret(text: str, why: str) -> None:
    """The message says what is wrong, and shows no password."""
    with pytest.raises(SettingsError) as refused:
        read_mqtt_address(text.replace("://broker", "://joe:hunter2@broker"))
    assert why in refused.value.message
    assert "hunter2" not in refused.value.message
