"""Metrics of subscriptions: those that exist, whose number PORTERO_SUBSCRIPTION_LIMIT bounds."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from portero_server.domain.events.delivery import DeliveryResult

_LABELS = ("subscription",)
_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


class SubscriptionMetrics:
    """Counts the messages of each subscription and shows how far behind it is; labeled by its id."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.messages = Counter(
            "portero_subscription_messages",
            "Attempts to send a message to a subscription: delivered, refused (400, 413, 415 or 422), failed (any "
            "other answer, or none) or gone (410).",
            (*_LABELS, "result"),
            registry=registry,
        )
        self.seconds = Histogram(
            "portero_subscription_seconds",
            "Time of an attempt, of any subscription, from resolving the name to the answer.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.lost = Counter(
            "portero_subscription_given_up",
            "Messages that were given up: refused five times, or still not taken after PORTERO_WEBHOOK_PATIENCE_DAYS.",
            _LABELS,
            registry=registry,
        )
        self.oldest = Gauge(
            "portero_subscription_oldest_seconds",
            "How long the oldest event has waited to be sent to a subscription, counted from the end of quiet hours or "
            "the time of its digest; 0: none waits, or another server sends.",
            _LABELS,
            registry=registry,
        )
        self.gathered = Counter(
            "portero_subscription_digest_entries",
            "Events and notices of attendance that digests have told.",
            _LABELS,
            registry=registry,
        )
        self.canceled = Counter(
            "portero_subscription_notices_canceled",
            "Notices of attendance that people were not told: withdrawn before they were told, and their withdrawals.",
            _LABELS,
            registry=registry,
        )
        self.gone = Gauge(
            "portero_subscription_gone",
            "1 when a subscription's receiver answered 410 and wants no more messages.",
            _LABELS,
            registry=registry,
        )
        self.unreadable = Gauge(
            "portero_subscriptions_unreadable",
            "Subscriptions that nothing is sent to: no key of PORTERO_SUBSCRIPTION_KEY_FILE opens their secrets, or "
            "this server cannot follow their schedule. The log says which.",
            registry=registry,
        )

    def of(self, subscription_id: str) -> SubscriptionFigures:
        """Returns what receives the figures of one subscription; they exist from now on."""
        for result in DeliveryResult:
            self.messages.labels(subscription_id, result.value)
        for metric in self._own():
            metric.labels(subscription_id)
        return SubscriptionFigures(self, subscription_id)

    def forget(self, subscription_id: str) -> None:
        """Removes the figures of a subscription that is gone; does nothing without any."""
        for result in DeliveryResult:
            self.messages.remove(subscription_id, result.value)
        for metric in self._own():
            metric.remove(subscription_id)

    def _own(self) -> Sequence[Counter | Gauge]:
        return (self.lost, self.oldest, self.gathered, self.canceled, self.gone)


class SubscriptionFigures:
    """Receives what happens to one subscription."""

    def __init__(
        self, metrics: SubscriptionMetrics, subscription_id: str, beside: SubscriptionFigures | None = None
    ) -> None:
        self._metrics = metrics
        self._id = subscription_id
        # Of events and of notices of attendance, which are sent apart: the older one counts.
        self._ages: dict[SubscriptionFigures, float] = {} if beside is None else beside._ages

    def beside(self) -> SubscriptionFigures:
        """Returns what receives the figures of the notices that are sent beside the events."""
        return SubscriptionFigures(self._metrics, self._id, self)

    def sent(self, result: str, seconds: float) -> None:
        """Counts an attempt that took so many seconds."""
        self._metrics.messages.labels(self._id, result).inc()
        self._metrics.seconds.observe(seconds)

    def given_up(self) -> None:
        """Counts a message that is not tried again."""
        self._metrics.lost.labels(self._id).inc()

    def behind(self, seconds: float) -> None:
        """Sets the age of the oldest event that waits."""
        self._ages[self] = seconds
        self._metrics.oldest.labels(self._id).set(max(self._ages.values()))

    def gathered(self, entries: int) -> None:
        """Counts what a digest tells."""
        self._metrics.gathered.labels(self._id).inc(entries)

    def canceled(self, notices: int) -> None:
        """Counts notices that are told to nobody."""
        self._metrics.canceled.labels(self._id).inc(notices)

    def stopped(self, *, stopped: bool) -> None:
        """Does nothing: a subscription that is paused is stopped too; see `is_gone`."""

    def is_gone(self, *, gone: bool) -> None:
        """Sets whether the receiver wants no more messages."""
        self._metrics.gone.labels(self._id).set(gone)
