"""How long the certificates that are served still hold."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge


class TlsMetrics:
    """Told by whoever reads the certificates, from any thread."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.not_after = Gauge(
            "portero_tls_not_after_timestamp_seconds",
            "When a certificate expires, Unix time: server (the certificate in use, or an intermediate of it), "
            "client_ca (the first of the client authorities). Only where there is one.",
            ("certificate",),
            registry=registry,
        )
        self.reloads = Counter(
            "portero_tls_reloads",
            "Changed certificate files: taken up, or refused because they cannot be served (the log says why).",
            ("outcome",),
            registry=registry,
        )
        for outcome in ("taken", "refused"):
            self.reloads.labels(outcome)
        self._loads = 0

    def certificate_loaded(self, not_after: datetime, client_ca_not_after: datetime | None) -> None:
        """These are served from now on."""
        self.not_after.labels("server").set(not_after.timestamp())
        if client_ca_not_after is not None:
            self.not_after.labels("client_ca").set(client_ca_not_after.timestamp())
        if self._loads:
            self.reloads.labels("taken").inc()
        self._loads += 1

    def certificate_refused(self) -> None:
        """Changed files cannot be served."""
        self.reloads.labels("refused").inc()
