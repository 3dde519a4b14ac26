"""Builds what publishes the state of cameras by MQTT, if the settings name a broker."""

from __future__ import annotations

import importlib.util
import ssl
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any
from uuid import uuid4

from portero_server import __version__
from portero_server.audit.trail import AuditTrail
from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.domain.events.camera_state import MqttContent
from portero_server.domain.events.mqtt_topics import MqttTopics
from portero_server.errors import StartupProblem
from portero_server.events.camera_states import CameraStates, StateRules
from portero_server.events.last_people import LastPeople
from portero_server.events.mqtt_commands import MqttCommands
from portero_server.events.mqtt_ports import Connect
from portero_server.events.mqtt_publisher import MqttPublisher, PublisherPolicy
from portero_server.private_files import Readers, readers_of
from portero_server.settings import Settings
from portero_server.store.camera_views import CameraViews
from portero_server.store.event_relays import EventRelayStore
from portero_server.store.usage import UsageStore
from portero_server.watching.listeners import EventListeners

_LIBRARY = "aiomqtt"
_NAME = "mqtt"
_LONGEST_LEASE = 12.0
_LEASE_SHARE = 0.4
"""Of the time after which the broker says "offline": another server notices, and connects, in the rest of it."""


@dataclass(frozen=True, slots=True)
class MqttParts:
    """What publishes by MQTT; `publisher` is None if nothing is published."""

    publisher: MqttPublisher | None

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [] if self.publisher is None else [self.publisher.run()]


def build(context: BuildContext, stores: Stores, listeners: EventListeners, trail: AuditTrail) -> MqttParts:
    """Builds the publisher from the settings.

    Raises:
        StartupProblem: A file cannot be used, or the library is missing.
    """
    settings, clock, metrics = context.settings, context.clock, context.metrics.mqtt
    if settings.mqtt_url is None:
        return MqttParts(None)
    topics = MqttTopics(settings.mqtt_topic, settings.mqtt_discovery_topic)
    connect = _connect(settings, topics)
    people = LastPeople(stores.sightings, stores.people.display_names, clock) if settings.mqtt_names else None
    states = CameraStates(
        stores.cameras,
        CameraViews(stores.database),
        UsageStore(stores.database),
        people,
        clock,
        StateRules(frozenset(settings.mqtt_sites), settings.mqtt_offline_after),
    )
    host, port = settings.mqtt_address
    commands = MqttCommands(stores.cameras, trail, settings.mqtt_sites, f"{host}:{port}", clock, metrics)
    publisher = MqttPublisher(
        connect,
        EventRelayStore(stores.database, _NAME, "", uuid4().hex),
        states,
        commands,
        topics,
        MqttContent(settings.mqtt_names, settings.mqtt_commands, __version__),
        clock,
        metrics,
        PublisherPolicy(lease=_lease(settings)),
    )
    listeners.add(publisher)
    return MqttParts(publisher)


def _lease(settings: Settings) -> float:
    return min(_LONGEST_LEASE, _LEASE_SHARE * settings.mqtt_offline_after)


def _connect(settings: Settings, topics: MqttTopics) -> Connect:
    if importlib.util.find_spec(_LIBRARY) is None:
        raise StartupProblem("PORTERO_MQTT_URL needs the extra mqtt: pip install 'portero[mqtt]'")
    # Only where it is needed, since it is an extra.
    from portero_server.events.mqtt_connection import MqttBroker

    password = settings.mqtt_password_file
    if password is not None:
        name = f"PORTERO_MQTT_PASSWORD_FILE ({password})"
        try:
            password.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise StartupProblem(f"{name} cannot be read") from None
        if readers_of(password) is Readers.EVERYBODY:
            raise StartupProblem(f"{name} may be read by everybody on this machine; make it mode 600")
    host, port = settings.mqtt_address
    return MqttBroker(
        host,
        port,
        topics,
        settings.mqtt_username,
        password,
        _tls(settings) if settings.mqtt_encrypted else None,
        ceil(settings.mqtt_offline_after),
    ).connected


def _tls(settings: Settings) -> ssl.SSLContext:
    path = settings.mqtt_ca_file
    try:
        return ssl.create_default_context(cafile=None if path is None else str(path))
    except (OSError, ssl.SSLError):
        raise StartupProblem(f"PORTERO_MQTT_CA_FILE ({path}) holds no certificates in PEM") from None
