"""The caller of an RPC, and the observers of refused callers."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from urllib.parse import unquote

from portero_server.access.authorized_cameras import AuthorizedCameras, everywhere
from portero_server.domain.access.identities import LOCAL_ADMIN, Identity


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated caller of an RPC, and its address.

    Attributes:
        identity: As proven by the call's credential.
        peer: Address of the connection's other end without its port ("192.0.2.7", "2001:db8::1"), or "unknown".
            Behind a proxy or a load balancer that opens connections of its own, this is the proxy's.
        authorized: The cameras that this call may touch: those of the roles that its method takes.
    """

    identity: Identity
    peer: str = "unknown"
    authorized: AuthorizedCameras = field(default_factory=everywhere)


_caller: ContextVar[Caller] = ContextVar("portero_caller", default=Caller(LOCAL_ADMIN, "local"))  # noqa: B039 - frozen


def current_caller() -> Caller:
    """Returns the caller whose call this task serves; outside of any call, the server itself."""
    return _caller.get()


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """Makes `caller` the current caller within the block; tasks started in it inherit the caller."""
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


# Cached: parsing an address takes microseconds, and happens twice per call.
@lru_cache(maxsize=4096)
def peer_address(peer: str) -> str:
    """Returns the address in what gRPC calls the peer: "ipv4:192.0.2.7:5000", "ipv6:%5B::1%5D:5000", "unix:…".

    Returns:
        The address in its shortest form without port, an IPv4 address mapped into IPv6 as IPv4; "local" for a
        Unix socket, "unknown" for anything else.
    """
    kind, _, place = peer.partition(":")
    if kind == "unix":
        return "local"
    host = unquote(place).rpartition(":")[0].strip("[]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


class AccessObserver(Protocol):
    """Receives refused callers, for metrics and the audit trail.

    Its methods never wait and never raise: a refusal must not depend on them.
    """

    def denied(self, caller: Caller, method: str, reason: str, resource: str) -> None:
        """An authenticated caller asked for something it may not have.

        Args:
            caller: The caller and its address.
            method: "package.Service/Method", or "/metrics".
            reason: Reason of the PermissionDenied ("ROLE_MISSING", "OUT_OF_SCOPE", …).
            resource: What was asked for ("cameras/door"), or empty when the method itself was refused.
        """
        ...

    def failed_login(self, peer: str, method: str, reason: str, credential_id: str) -> None:
        """A credential was missing or invalid.

        Args:
            peer: Address it came from.
            method: What was called with it.
            reason: Reason of the Unauthenticated ("CREDENTIALS_MISSING", "KEY_REVOKED", "TOKEN_EXPIRED", …).
            credential_id: The public part of what was shown, if it has the form of one; else empty.
        """
        ...


class Observers:
    """Forwards reports to several observers."""

    def __init__(self, observers: Sequence[AccessObserver] = ()) -> None:
        self._observers = tuple(observers)

    def denied(self, caller: Caller, method: str, reason: str, resource: str) -> None:
        """Reports a denial to each observer."""
        for observer in self._observers:
            observer.denied(caller, method, reason, resource)

    def failed_login(self, peer: str, method: str, reason: str, credential_id: str) -> None:
        """Reports a failed login to each observer."""
        for observer in self._observers:
            observer.failed_login(peer, method, reason, credential_id)
