"""Notes what became of a subscription's messages, and stores it page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from portero_server.domain.events.deliveries import DeliveryOutcome, SubscriptionDelivery
from portero_server.domain.events.delivery import DeliveryResult
from portero_server.domain.events.message import message_id_of
from portero_server.domain.recording.sightings import SightingEvent
from portero_server.events.webhook import Sent


class DeliveryRows(Protocol):
    """Stores deliveries; see `store.subscription_deliveries`."""

    async def note(self, subscription_id: str, deliveries: Sequence[SubscriptionDelivery]) -> None:
        """Stores what became of messages. Raises StoreUnavailable."""
        ...


class SubscriptionJournal:
    """Holds the notes of one page, at most, until they are stored."""

    def __init__(self, rows: DeliveryRows, subscription_id: str) -> None:
        self._rows = rows
        self._subscription_id = subscription_id
        self._notes: dict[int, SubscriptionDelivery] = {}

    def note(self, event: SightingEvent, sent: Sent, at: datetime, *, given_up: bool) -> None:
        """Notes one attempt, and whether it was the last one."""
        outcome = DeliveryOutcome.WAITING
        if sent.result is DeliveryResult.DELIVERED:
            outcome = DeliveryOutcome.DELIVERED
        elif given_up:
            outcome = DeliveryOutcome.GIVEN_UP
        delivery = SubscriptionDelivery(
            event.position,
            message_id_of(event),
            event.sighting.camera_id,
            event.kind,
            event.happened_at,
            outcome,
            sent.status,
            sent.problem,
            attempts=1,
            first_at=at,
            last_at=at,
        )
        self.keep(delivery)

    def keep(self, delivery: SubscriptionDelivery) -> None:
        """Notes one attempt; those of the same message before it count, too."""
        if (before := self._notes.get(delivery.position)) is not None:
            delivery = replace(delivery, attempts=before.attempts + 1, first_at=before.first_at)
        self._notes[delivery.position] = delivery

    async def write(self) -> None:
        """Stores what was noted.

        Raises:
            StoreUnavailable: The database does not answer; what was noted is written the next time.
        """
        if self._notes:
            await self._rows.note(self._subscription_id, list(self._notes.values()))
            self._notes.clear()
