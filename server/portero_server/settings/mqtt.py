"""Settings of the MQTT broker to which the state of cameras is published."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from portero_server.domain.people.people import checked_identifier
from portero_server.errors import InvalidInput

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_TOPIC = re.compile(r"[a-zA-Z0-9_-]{1,63}(/[a-zA-Z0-9_-]{1,63}){0,3}")
_URL = "must be mqtts://HOST:PORT or mqtt://HOST:PORT, without a user, a path or a query"


class MqttSettings(BaseSettings):
    """Where the state of cameras is published by MQTT, as for Home Assistant, and whether commands are taken."""

    mqtt_url: str | None = Field(
        None,
        description="MQTT broker to which the state of cameras is published, with Home Assistant's discovery: "
        "mqtts://HOST:8883, or mqtt://HOST:1883 on this machine. It must speak MQTT 5. Unset: nothing is published.",
    )
    mqtt_username: str | None = Field(None, min_length=1, description="User name at the MQTT broker.")
    mqtt_password_file: Path | None = Field(
        None, description="File with the password at the MQTT broker, read at each connection."
    )
    mqtt_ca_file: Path | None = Field(
        None,
        description="PEM file of the authorities that the MQTT broker's certificate may be of. Unset: the system's.",
    )
    mqtt_plaintext: bool = Field(
        False,
        description="Whether an mqtt:// broker may be on another machine: what is published, and the password, then "
        "go over the network as they are.",
    )
    mqtt_topic: str = Field(
        "portero",
        description="What all topics begin with, as portero or home/portero. Each database that publishes to one "
        "broker has its own: what is retained of cameras below it that are not known here is removed.",
    )
    mqtt_discovery_topic: str = Field(
        "homeassistant", description="What Home Assistant's discovery topics begin with; its own default."
    )
    mqtt_names: bool = Field(
        False,
        description="Whether the name of whoever was seen last at a camera is published. Brokers keep it, and Home "
        "Assistant's history does.",
    )
    mqtt_commands: bool = Field(
        False,
        description="Whether commands are taken that pause and resume recognition at a camera. Whoever may publish "
        "below PORTERO_MQTT_TOPIC at the broker may then give them; limit that there.",
    )
    mqtt_sites: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Sites whose cameras are published, with commas. Empty: all cameras."
    )
    mqtt_offline_after: float = Field(
        30.0,
        ge=5,
        le=3600,
        description="A camera without frames for so long counts as offline, and so does the server that was stopped "
        "or lost its broker when no other one has taken its place by then, seconds.",
    )

    @field_validator("mqtt_url")
    @classmethod
    def _checked_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            whole = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            whole = False
        if not whole or parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(_URL)
        return value

    @field_validator("mqtt_topic", "mqtt_discovery_topic")
    @classmethod
    def _checked_topic(cls, value: str) -> str:
        if not _TOPIC.fullmatch(value):
            raise ValueError("must be one to four parts of up to 63 characters of [a-zA-Z0-9_-], with slashes between")
        return value

    @field_validator("mqtt_sites", mode="before")
    @classmethod
    def _split_sites(cls, value: Any) -> Any:
        return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value

    @field_validator("mqtt_sites")
    @classmethod
    def _checked_sites(cls, sites: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(checked_identifier(site, "a site") for site in sites)
        except InvalidInput as error:
            raise ValueError(error.message) from None

    @model_validator(mode="after")
    def _whole_mqtt(self) -> MqttSettings:
        if self.mqtt_password_file is not None and self.mqtt_username is None:
            raise ValueError("PORTERO_MQTT_PASSWORD_FILE needs PORTERO_MQTT_USERNAME")
        if self.mqtt_url is None:
            return self
        if not self.mqtt_encrypted:
            if self.mqtt_ca_file is not None:
                raise ValueError("PORTERO_MQTT_CA_FILE needs an mqtts:// URL in PORTERO_MQTT_URL")
            if not self.mqtt_plaintext and not _is_here(self.mqtt_address[0]):
                raise ValueError(
                    "PORTERO_MQTT_URL must begin with mqtts:// for a broker on another machine; PORTERO_MQTT_PLAINTEXT "
                    "allows mqtt://"
                )
        if self.mqtt_topic == self.mqtt_discovery_topic:
            raise ValueError("PORTERO_MQTT_TOPIC and PORTERO_MQTT_DISCOVERY_TOPIC must differ")
        return self

    @property
    def mqtt_encrypted(self) -> bool:
        """Whether the broker is connected to by TLS."""
        return self.mqtt_url is not None and urlsplit(self.mqtt_url).scheme == "mqtts"

    @property
    def mqtt_address(self) -> tuple[str, int]:
        """Host and port of the broker."""
        parts = urlsplit(self.mqtt_url or "")
        return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
