"""Metrics of refused callers: failed logins, denials and limits."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from portero_server.domain.access.rates import Limit

LOGIN_REASONS = (
    "CREDENTIALS_MISSING",
    "BEARER_UNKNOWN",
    "KEY_UNKNOWN",
    "KEY_REVOKED",
    "KEY_EXPIRED",
    "TOKEN_INVALID",
    "TOKEN_EXPIRED",
    "TOKEN_WRONG_ISSUER",
    "TOKEN_WRONG_AUDIENCE",
    "TOKEN_WRONG_ALGORITHM",
    "TOKEN_UNKNOWN_KEY",
    "BRIDGE_UNKNOWN",
    "CERTIFICATE_EXPIRED",
)
"""Why a credential was invalid."""

DENIALS = ("ROLE_MISSING", "OUT_OF_SCOPE", "SCOPED")
"""Why a known caller was refused."""


class AccessMetrics:
    """Counts refused callers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.failed = Counter(
            "portero_failed_logins",
            "Calls whose credential was missing or worth nothing, by reason.",
            ("reason",),
            registry=registry,
        )
        self.denials = Counter(
            "portero_denials",
            "Calls that a known caller was refused: ROLE_MISSING, OUT_OF_SCOPE (the camera is not theirs) or SCOPED.",
            ("reason",),
            registry=registry,
        )
        self.limited = Counter(
            "portero_limit_refusals",
            "Connections, logins, requests, streams, frames and bytes of frames refused for being too many, and tokens "
            "that waited to be verified, by limit.",
            ("limit",),
            registry=registry,
        )
        for reason in LOGIN_REASONS:
            self.failed.labels(reason)
        for reason in DENIALS:
            self.denials.labels(reason)
        for limit in Limit:
            self.limited.labels(limit.value)

    def denied(self, caller: object, method: str, reason: str, resource: str) -> None:
        """Counts an authenticated caller that was refused."""
        self.denials.labels(reason).inc()

    def failed_login(self, peer: str, method: str, reason: str, credential_id: str) -> None:
        """Counts a credential that was missing or invalid."""
        self.failed.labels(reason).inc()

    def limit_reached(self, limit: Limit) -> None:
        """Counts a refusal because of a limit."""
        self.limited.labels(limit.value).inc()
