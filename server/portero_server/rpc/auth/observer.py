"""The seam at which refused callers are told of: to metrics and to the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from portero_server.rpc.auth.caller import Caller


class AccessObserver(Protocol):
    """Is told of everybody who was turned away. Never waits and never raises: a refusal must not depend on it."""

    def denied(self, caller: Caller, method: str, reason: str, resource: str) -> None:
        """A known caller asked for what it may not have.

        Args:
            caller: Who, and from where.
            method: "package.Service/Method", or "/metrics".
            reason: Of the PermissionDenied ("ROLE_MISSING", "OUT_OF_SCOPE", …).
            resource: What was asked for ("cameras/door"), or empty when the method itself was refused.
        """
        ...

    def failed_login(self, peer: str, method: str, reason: str, credential_id: str) -> None:
        """A credential was missing or worth nothing.

        Args:
            peer: Address it came from.
            method: What was called with it.
            reason: Of the Unauthenticated ("CREDENTIALS_MISSING", "KEY_REVOKED", "TOKEN_EXPIRED", …).
            credential_id: The public part of what was shown, as far as it has the form of one; else empty.
        """
        ...


class Observers:
    """Tells several."""

    def __init__(self, observers: Sequence[AccessObserver] = ()) -> None:
        self._observers = tuple(observers)

    def denied(self, caller: Caller, method: str, reason: str, resource: str) -> None:
        """Tells each of a denial."""
        for observer in self._observers:
            observer.denied(caller, method, reason, resource)

    def failed_login(self, peer: str, method: str, reason: str, credential_id: str) -> None:
        """Tells each of a failed login."""
        for observer in self._observers:
            observer.failed_login(peer, method, reason, credential_id)
