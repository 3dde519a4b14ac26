"""Who makes the call that is being served: set by the interceptor, read by servicers and by whoever keeps records."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from portero_server.access.authorized_cameras import AuthorizedCameras, everywhere
from portero_server.domain.access.identities import LOCAL_ADMIN, Identity


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and from where.

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
    """Returns the caller of the call that this task serves; outside of any call, the server itself."""
    return _caller.get()


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """Makes `caller` the current one; tasks made within inherit it."""
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


# Asked twice a call, and reading an address takes microseconds.
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
