"""Builds what tells the webhook of sightings, if there is one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ssl
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from portero_server import __version__
from portero_server.clock import Clock
from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.domain.events.delivery import EventFilter, RetryPolicy
from portero_server.errors import StartupProblem
from portero_server.events.guard import AddressGuard, AddressRefused
from portero_server.events.relay import Relay, RelayPolicy
from portero_server.events.relay_ports import PictureLinks
from portero_server.events.selection import FixedSelection
from portero_server.events.webhook import Endpoint, WebhookSender
from portero_server.private_files import Readers, readers_of
from portero_server.settings import Settings
from portero_server.store.database import Database
from portero_server.store.event_relays import EventRelayStore
from portero_server.watching.listeners import EventListeners

_NAME = "webhook"
_PREFIX = "whsec_"
_LEAST_SECRET = 16
_MOST_SECRETS = 5


@dataclass(frozen=True, slots=True)
class EventParts:
    """What tells others of events; `relay` is None if nobody is told."""

    relay: Relay | None

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [] if self.relay is None else [self.relay.run()]


def build(
    context: BuildContext, stores: Stores, listeners: EventListeners, links: PictureLinks | None = None
) -> EventParts:
    """Builds the relay from the settings; `links` makes links to snapshots, if messages have any.

    Raises:
        StartupProblem: A file cannot be used, or a key is too short.
    """
    settings, clock = context.settings, context.clock
    if settings.webhook_url is None:
        return EventParts(None)
    relay = Relay(
        stores.sightings,
        stores.people.display_names,
        relay_store(settings, stores.database, uuid4().hex),
        sender(settings, clock),
        FixedSelection(EventFilter(frozenset(settings.webhook_events), strangers=settings.webhook_strangers)),
        clock,
        context.metrics.events,
        RelayPolicy(retries=RetryPolicy(patience=settings.webhook_patience)),
        links=links,
    )
    listeners.add(relay)
    return EventParts(relay)


def relay_store(settings: Settings, database: Database, server: str) -> EventRelayStore:
    """Returns the store of the webhook's progress; `server` is one word that no other server has."""
    url = "" if settings.webhook_url is None else settings.webhook_url.get_secret_value()
    return EventRelayStore(database, _NAME, hashlib.sha256(url.encode()).hexdigest()[:32], server)


def sender(settings: Settings, clock: Clock) -> WebhookSender:
    """Returns what sends messages to the webhook of the settings.

    Raises:
        StartupProblem: There is none, a file cannot be used, a key is too short, or the URL names an address to which
            nothing may be sent.
    """
    if settings.webhook_url is None:
        raise StartupProblem("there is no webhook: set PORTERO_WEBHOOK_URL")
    url = settings.webhook_url.get_secret_value()
    guard = AddressGuard(settings.webhook_networks, public=settings.webhook_encrypted)
    try:
        guard.check_host(url)
    except AddressRefused as refusal:
        raise StartupProblem(f"PORTERO_WEBHOOK_URL cannot be used: {refusal}") from None
    endpoint = Endpoint(url, _keys(settings), guard, settings.webhook_timeout, tls_of(settings.webhook_ca_file))
    return WebhookSender(endpoint, clock, agent=f"portero/{__version__}")


def _keys(settings: Settings) -> list[bytes]:
    if settings.webhook_secret is not None:
        return [_key(settings.webhook_secret.get_secret_value(), "PORTERO_WEBHOOK_SECRET")]
    path = settings.webhook_secret_file
    if path is None:
        raise StartupProblem("PORTERO_WEBHOOK_URL needs PORTERO_WEBHOOK_SECRET or PORTERO_WEBHOOK_SECRET_FILE")
    name = f"PORTERO_WEBHOOK_SECRET_FILE ({path})"
    try:
        lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise StartupProblem(f"{name} cannot be read") from None
    if readers_of(path) is Readers.EVERYBODY:
        raise StartupProblem(f"{name} may be read by everybody on this machine; make it mode 600")
    if not 1 <= len(lines) <= _MOST_SECRETS:
        raise StartupProblem(f"{name} must hold 1 to {_MOST_SECRETS} keys, one a line, and holds {len(lines)}")
    return [_key(line, f"{name}, key {number}") for number, line in enumerate(lines, 1)]


def _key(text: str, where: str) -> bytes:
    if text.startswith(_PREFIX):
        try:
            key = base64.b64decode(text.removeprefix(_PREFIX) + "==", validate=True)
        except (binascii.Error, ValueError):
            raise StartupProblem(f"{where} must be base64 after {_PREFIX}") from None
    else:
        key = text.encode()
    if len(key) < _LEAST_SECRET:
        raise StartupProblem(f"{where} must have at least {_LEAST_SECRET} bytes, and has {len(key)}")
    return key


def tls_of(authorities: Path | None) -> ssl.SSLContext | None:
    """Returns what accepts certificates of these authorities alone; None: as the system does.

    Raises:
        StartupProblem: The file holds no certificates.
    """
    if authorities is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(authorities))
    except (OSError, ssl.SSLError):
        raise StartupProblem(f"PORTERO_WEBHOOK_CA_FILE ({authorities}) holds no certificates in PEM") from None
