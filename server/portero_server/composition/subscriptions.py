"""Builds what sends events to subscriptions, and what manages them."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from portero_server import __version__
from portero_server.access.authorized_cameras import Sites
from portero_server.clock import Clock
from portero_server.composition.context import BuildContext
from portero_server.composition.digests import DigestParts
from portero_server.composition.events import tls_of
from portero_server.composition.settings_webhook import ReadOnlyWebhook
from portero_server.composition.store import Stores
from portero_server.domain.events.alerts import AlertRules
from portero_server.domain.events.aws_destinations import AWS_KINDS
from portero_server.domain.events.delivery import RetryPolicy
from portero_server.domain.events.subscriptions import SinkKind
from portero_server.errors import FailedPrecondition
from portero_server.events.alerts import Alerts
from portero_server.events.aws_sink import AwsSink
from portero_server.events.digest_entries import EventEntries, NoticeEntries
from portero_server.events.journal import SubscriptionJournal
from portero_server.events.notice_relay import NoticeRelay
from portero_server.events.people_sink import PeopleRules, PeopleSink
from portero_server.events.relay import Relay, RelayPolicy
from portero_server.events.relay_ports import PictureLinks, Sender
from portero_server.events.sealed_endpoints import EndpointRules, SealedEndpoints
from portero_server.events.selection import SubscriptionSelection
from portero_server.events.sinks import Sinks
from portero_server.events.subscription_relays import PairedRelay, RunningRelay, SubscriptionRelays
from portero_server.events.subscription_service import SubscriptionService
from portero_server.events.webhook import Endpoint, WebhookSender
from portero_server.events.webhook_sink import WebhookSink
from portero_server.rpc.services.subscriptions import SubscriptionServicer
from portero_server.settings import Settings
from portero_server.store.attendance.notices import NoticeStore
from portero_server.store.attendance.withdrawals import WithdrawalStore
from portero_server.store.event_relays import EventRelayStore
from portero_server.store.strangers_before import StrangersBefore
from portero_server.store.subscription_deliveries import DeliveryBounds, DeliveryStore
from portero_server.store.subscriptions import (
    SealedSubscription,
    SubscriptionStore,
    notice_relay_name,
    relay_name,
)
from portero_server.store.told_destinations import ToldDestinations
from portero_server.vault.keys import read_keys
from portero_server.vault.sealing import SecretSeal
from portero_server.watching.listeners import EventListeners

_TOLERATED = 3
"""Rounds in which a receiver takes nothing, before one message at a time is tried."""
_GATHER = 0.2
"""Seconds in which events gather that are read together, since each subscription reads them for itself."""


@dataclass(frozen=True, slots=True)
class SubscriptionParts:
    """What sends to subscriptions, and the service that manages them."""

    relays: SubscriptionRelays
    servicer: SubscriptionServicer

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [self.relays.run()]


def build(
    context: BuildContext, stores: Stores, listeners: EventListeners, links: PictureLinks | None = None
) -> SubscriptionParts:
    """Builds the subscriptions from the settings; `links` makes links to snapshots, if messages have any.

    Raises:
        StartupProblem: A file cannot be used.
    """
    settings, clock, metrics = context.settings, context.clock, context.metrics.subscriptions
    store, server = SubscriptionStore(stores.database), uuid4().hex
    deliveries = DeliveryStore(
        stores.database, DeliveryBounds(settings.subscription_deliveries, settings.subscription_dead_letters)
    )
    endpoints, sites = _endpoints(settings), Sites(stores.cameras, clock)
    quiet = timedelta(seconds=settings.alert_quiet)
    rules = AlertRules(quiet, frozenset(settings.visitor_forbidden_sites))
    alerts = Alerts(StrangersBefore(stores.database, quiet), rules)
    sinks = _sinks(settings, endpoints, ToldDestinations(stores.database), clock)

    def progress_of(name: str, endpoint: str) -> EventRelayStore:
        return EventRelayStore(stores.database, name, endpoint, server, creates=False)

    notices, withdrawals = NoticeStore(stores.database), WithdrawalStore(stores.database)

    def relay_of(sealed: SealedSubscription) -> RunningRelay:
        if sealed.problem:
            raise FailedPrecondition(sealed.problem)
        subscription = sealed.subscription
        subscription_id, wanted = subscription.subscription_id, subscription.wanted
        progress = progress_of(relay_name(subscription.kind, subscription_id), sealed.endpoint)
        figures, retries = metrics.of(subscription_id), RetryPolicy(patience=settings.webhook_patience)
        selection, names = SubscriptionSelection(subscription, sites, alerts), stores.people.display_names
        sink, schedule = sinks[subscription.kind], subscription.schedule
        # Groups are of no site: whoever may see some cameras only makes no subscription to attendance.
        attends = bool(wanted.notices) and subscription.scope.everything
        told_of_notices = progress_of(notice_relay_name(subscription_id), sealed.endpoint)
        policy = RelayPolicy(retries=retries, schedule=schedule)
        if schedule is not None and schedule.digests:
            parts = DigestParts(sealed, schedule, sink, names, policy, deliveries, clock)
            digests = parts.relay(EventEntries(stores.sightings, selection), progress, figures)
            if not attends:
                return digests
            entries = NoticeEntries(notices, withdrawals, wanted.wants_notice)
            return PairedRelay(digests, parts.relay(entries, told_of_notices, figures.beside()))
        events = Relay(
            stores.sightings,
            names,
            progress,
            sink.sender(sealed),
            selection,
            clock,
            figures,
            replace(
                policy,
                # One that was made when more were allowed keeps its number.
                parallel=min(subscription.concurrency, sink.most_concurrent),
                gather=_GATHER,
                tolerated=_TOLERATED,
            ),
            journal=SubscriptionJournal(deliveries, subscription_id),
            name=f"subscriptions/{subscription_id}",
            # Only programs follow a link; what people are told is text.
            links=links if subscription.kind is SinkKind.WEBHOOK else None,
            turns=sink.turns,
        )
        if not attends:
            return events
        told = NoticeRelay(
            notices,
            withdrawals,
            names,
            told_of_notices,
            progress,
            sink.sender(sealed),
            sink.turns,
            wanted.wants_notice,
            clock,
            figures.beside(),
            policy,
            SubscriptionJournal(deliveries, subscription_id),
            name=f"subscriptions/{subscription_id}",
        )
        return PairedRelay(events, told)

    relays = SubscriptionRelays(store, relay_of, clock, metrics, settings.subscription_poll)
    listeners.add(relays)
    service = SubscriptionService(
        store,
        endpoints,
        sinks,
        progress_of,
        stores.sightings,
        notices,
        ReadOnlyWebhook(settings, stores.database, clock),
        relays.changed,
        clock,
        most=settings.subscription_limit,
    )
    return SubscriptionParts(relays, SubscriptionServicer(service, deliveries))


def _sinks(settings: Settings, endpoints: SealedEndpoints, told: ToldDestinations, clock: Clock) -> Sinks:
    """Returns what each kind of destination does."""

    def webhook(endpoint: Endpoint) -> AbstractAsyncContextManager[Sender]:
        return WebhookSender(endpoint, clock, agent=f"portero/{__version__}")

    people = PeopleRules(
        frozenset(settings.people_schemas),
        settings.webhook_networks,
        settings.webhook_timeout,
        ZoneInfo(settings.people_time_zone),
        settings.webhook_ca_file,
    )
    return {
        SinkKind.WEBHOOK: WebhookSink(endpoints, webhook),
        SinkKind.PEOPLE: PeopleSink(endpoints, people, told, clock),
        **{kind: AwsSink(kind, endpoints, settings.webhook_timeout) for kind in AWS_KINDS},
    }


def _endpoints(settings: Settings) -> SealedEndpoints:
    path = settings.subscription_key_file
    seal = None if path is None else SecretSeal(read_keys(path, "PORTERO_SUBSCRIPTION_KEY_FILE"))
    rules = EndpointRules(settings.webhook_networks, settings.webhook_timeout, tls_of(settings.webhook_ca_file))
    return SealedEndpoints(seal, rules)
