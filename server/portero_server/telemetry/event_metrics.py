"""Metrics of what is sent to webhooks."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from portero_server.domain.events.delivery import DeliveryResult

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class EventMetrics:
    """Counts messages and shows how far behind they are."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.messages = Counter(
            "portero_webhook_messages",
            "Attempts to send a message to the webhook: delivered, refused (400, 413, 415 or 422), failed (any other "
            "answer, or none) or gone (410).",
            ("result",),
            registry=registry,
        )
        self.seconds = Histogram(
            "portero_webhook_seconds",
            "Time of an attempt, from resolving the name to the answer.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.lost = Counter(
            "portero_webhook_given_up",
            "Messages that were given up: refused five times, or still not taken after PORTERO_WEBHOOK_PATIENCE_DAYS.",
            registry=registry,
        )
        self.oldest = Gauge(
            "portero_webhook_oldest_seconds",
            "Age of the oldest event that waits to be sent; 0: none waits, or another server sends.",
            registry=registry,
        )
        self.is_stopped = Gauge(
            "portero_webhook_stopped", "1 when the webhook answered 410 and wants no more messages.", registry=registry
        )
        for answer in DeliveryResult:
            self.messages.labels(answer.value)

    def sent(self, result: str, seconds: float) -> None:
        """Counts an attempt that took so many seconds."""
        self.messages.labels(result).inc()
        self.seconds.observe(seconds)

    def given_up(self) -> None:
        """Counts a message that is not tried again."""
        self.lost.inc()

    def behind(self, seconds: float) -> None:
        """Sets the age of the oldest event that waits."""
        self.oldest.set(seconds)

    def stopped(self, *, stopped: bool) -> None:
        """Sets whether the webhook wants no more messages."""
        self.is_stopped.set(stopped)
