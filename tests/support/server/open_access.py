"""Entrances for tests of the edge: one for everybody, and the parts to build others of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portero_server.access.authenticator import Authenticator
from portero_server.access.authorized_cameras import Sites
from portero_server.access.keys import KeyRing
from portero_server.access.limits import LimitPolicy, Limits
from portero_server.clock import Clock, SystemClock
from portero_server.domain.access.keys import StoredKey
from portero_server.domain.access.rates import Limit
from portero_server.domain.cameras import Camera
from portero_server.rpc.auth.caller import Caller
from portero_server.rpc.auth.interceptor import AuthInterceptor


class NoKeys:
    """A store without keys."""

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, StoredKey]:
        """Knows none."""
        return {}

    async def used(self, uses: object) -> None:
        """Notes nothing."""


class NoCameras:
    """Knows no camera."""

    async def list(self, limit: int, after_id: str | None = None, site: str | None = None) -> Sequence[Camera]:
        """Returns none."""
        return ()


@dataclass
class Refusals:
    """Implements AccessObserver and LimitObserver; remembers what it was told."""

    denials: list[tuple[str, str, str, str]] = field(default_factory=list)
    failed: list[tuple[str, str, str, str]] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)

    def denied(self, caller: Caller, method: str, reason: str, resource: str) -> None:
        """A known caller was refused."""
        self.denials.append((caller.identity.subject, method, reason, resource))

    def failed_login(self, peer: str, method: str, reason: str, credential_id: str) -> None:
        """A credential was worth nothing."""
        self.failed.append((peer, method, reason, credential_id))

    def limit_reached(self, limit: Limit) -> None:
        """Something was too much."""
        self.limits.append(limit)


def unlimited(clock: Clock) -> Limits:
    """Returns limits that no test reaches by accident; the local admin is not counted at all."""
    return Limits(LimitPolicy(), Refusals(), clock)


def open_access() -> AuthInterceptor:
    """Returns the entrance of a server without authentication."""
    clock, refusals = SystemClock(), Refusals()
    authenticator = Authenticator(KeyRing(NoKeys(), clock), None, {}, clock, required=False)
    return AuthInterceptor(authenticator, Sites(NoCameras(), clock), unlimited(clock), refusals)
