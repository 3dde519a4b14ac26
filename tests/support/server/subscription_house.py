"""Subscriptions as a server has them, over any database: the service, and the relays that send."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from portero_server.clock import Clock, SystemClock
from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.composition.subscriptions import build
from portero_server.domain.access.identities import Scope
from portero_server.events.sealed_endpoints import EndpointRules, SealedEndpoints
from portero_server.rpc.services.subscriptions import SubscriptionServicer
from portero_server.settings import Settings
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from portero_server.store.subscriptions import SubscriptionStore
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.traces import Traces
from portero_server.vault.keys import create_key, read_keys
from portero_server.vault.sealing import SecretSeal
from portero_server.watching.listeners import EventListeners
from tests.support.store.commits import commit_of, decided
from tests.support.store.subscriptions import new_subscription


class SubscriptionHouse:
    """The composition's own wiring; receivers on 127.0.0.1 may be reached.

    Attributes:
        servicer: SubscriptionService.
    """

    def __init__(self, database: Database, folder: Path, clock: Clock | None = None, **settings: Any) -> None:
        key_file = folder / "subscriptions.key"
        if not key_file.exists():
            create_key(key_file)
        clock = clock or SystemClock()
        values: dict[str, Any] = {
            "subscription_key_file": key_file,
            "webhook_networks": (ipaddress.ip_network("127.0.0.1/32"),),
            "people_schemas": ("json", "mailto", "tgram"),
        }
        context = BuildContext(
            Settings(**(values | settings)),
            cast("SystemClock", clock),
            Metrics(version="0", engine="scripted"),
            cast("Traces", None),
        )
        self.people, self.cameras = PeopleStore(database, clock), CameraStore(database, clock)
        self._streams, self._recording = StreamStore(database, clock), Recording(database, clock)
        stores = SimpleNamespace(
            database=database, people=self.people, cameras=self.cameras, sightings=SightingStore(database)
        )
        self._store = SubscriptionStore(database)
        self._endpoints = SealedEndpoints(SecretSeal(read_keys(key_file)), EndpointRules((), timeout=10.0))
        self.listeners = EventListeners()
        self._parts = build(context, cast("Stores", stores), self.listeners)
        self.servicer: SubscriptionServicer = self._parts.servicer

    async def subscribe(self, camera_id: str) -> str:
        """Stores a subscription as somebody makes it whose scope is one camera, and returns its id.

        Nobody listens where it sends.
        """
        url, endpoint = self._endpoints.sealed_url(f"of-{camera_id}", "http://127.0.0.1:9/")
        secret, _ = self._endpoints.new_secret(f"of-{camera_id}")
        new = new_subscription(f"of-{camera_id}", None, Scope(frozenset({camera_id})))
        sealed = replace(new, url=url, endpoint=endpoint, secrets=(secret,))
        return (await self._store.create(sealed, most=99)).subscription_id

    async def visit(self, camera_id: str, person_id: str | None, number: int, *, similarity: float = 0.75) -> None:
        """Commits a visit, and says so to whoever follows events."""
        stream = await self._streams.open(camera_id, f"e{number}", f"session-{number}")
        visit = decided(f"t{number}", person_id, 600.0 * number, similarity=similarity)
        result = await self._recording.commit([commit_of(stream, visit)])
        assert result.last_position is not None
        self.listeners.notify(result.last_position)

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Runs what sends."""
        tasks = [asyncio.ensure_future(run) for run in self._parts.runs()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
