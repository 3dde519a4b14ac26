"""The webhook of the settings, shown as a subscription that nobody can change."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from portero_server import __version__
from portero_server.clock import Clock
from portero_server.composition.events import relay_store, sender
from portero_server.domain.access.identities import EVERYTHING
from portero_server.domain.events.message import trial_message
from portero_server.domain.events.subscriptions import (
    SETTINGS_ID,
    SinkKind,
    Subscription,
    SubscriptionFilter,
    SubscriptionState,
    origin_of,
)
from portero_server.domain.recording.sightings import SightingEventKind
from portero_server.errors import NotFound
from portero_server.events.relay import RelayPolicy
from portero_server.events.webhook import Sent, WebhookSender
from portero_server.settings import Settings
from portero_server.store.database import Database
from portero_server.store.sightings import SightingStore

_NAME = "the webhook of the settings"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class ReadOnlyWebhook:
    """Shows and tries the webhook of the settings; `composition.events` builds what sends to it."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        """Reads the settings' endpoint once, as the relay does. Raises StartupProblem if a file cannot be used."""
        self._settings = settings
        self._endpoint = None if settings.webhook_url is None else sender(settings, clock).endpoint
        self._relay = relay_store(settings, database, uuid4().hex)
        self._events = SightingStore(database)
        self._clock = clock

    async def shown(self) -> Subscription | None:
        """Returns it as it is now; None: the settings name none.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        if self._endpoint is None:
            return None
        # As the relay itself begins, which may not have looked yet.
        state = await self._relay.state(await self._events.last_position())
        return Subscription(
            SETTINGS_ID,
            _NAME,
            SinkKind.WEBHOOK,
            origin_of(self._endpoint.url),
            SubscriptionFilter(
                frozenset(SightingEventKind(word) for word in self._settings.webhook_events),
                strangers=self._settings.webhook_strangers,
            ),
            EVERYTHING,
            RelayPolicy().parallel,
            created_at=_NEVER,
            created_by="local",
            updated_at=_NEVER,
            state=SubscriptionState.GONE if state.stopped else SubscriptionState.ACTIVE,
            position=state.position,
            secrets=len(self._endpoint.secrets),
        )

    async def tried(self) -> Sent:
        """Sends it a message of type webhook.test.

        Raises:
            NotFound: The settings name none.
        """
        if self._endpoint is None:
            raise NotFound(f"subscriptions/{SETTINGS_ID}")
        async with WebhookSender(self._endpoint, self._clock, agent=f"portero/{__version__}") as webhook:
            return await webhook.send(trial_message(self._clock.now().astimezone(UTC)))
