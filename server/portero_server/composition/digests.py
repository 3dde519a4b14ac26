"""Builds what sends digests to a subscription of people."""

from __future__ import annotations

from dataclasses import dataclass

from portero_server.clock import Clock
from portero_server.domain.events.schedules import DeliverySchedule
from portero_server.events.digest_entries import DigestSource
from portero_server.events.digest_relay import DigestRelay
from portero_server.events.journal import SubscriptionJournal
from portero_server.events.relay import RelayPolicy
from portero_server.events.relay_ports import BatchStore, Names, PeopleObserver
from portero_server.events.sinks import Sink
from portero_server.store.subscription_deliveries import DeliveryStore
from portero_server.store.subscriptions import SealedSubscription


@dataclass(frozen=True, slots=True)
class DigestParts:
    """What the digests of one subscription have in common.

    Attributes:
        sealed: The subscription, with what is needed to send.
        schedule: When it is told; it has digests.
        sink: Its kind of destination.
        names: Says who may be named.
        policy: Pace and limits, with the schedule.
        deliveries: Where it is kept what becomes of digests.
        clock: Says when it is time.
    """

    sealed: SealedSubscription
    schedule: DeliverySchedule
    sink: Sink
    names: Names
    policy: RelayPolicy
    deliveries: DeliveryStore
    clock: Clock

    def relay(self, source: DigestSource, progress: BatchStore, observer: PeopleObserver) -> DigestRelay:
        """Returns the relay of one source. Raises FailedPrecondition if the secrets cannot be opened."""
        subscription = self.sealed.subscription
        return DigestRelay(
            source,
            self.names,
            progress,
            self.sink.sender(self.sealed),
            self.sink.turns,
            self.schedule,
            subscription.updated_at,
            subscription.language or "en",
            self.clock,
            observer,
            self.policy,
            SubscriptionJournal(self.deliveries, subscription.subscription_id),
            name=f"subscriptions/{subscription.subscription_id}",
        )
