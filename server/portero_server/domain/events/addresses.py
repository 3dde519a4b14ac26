"""Decides which network addresses a webhook may be sent to: a URL must not reach what only this machine can reach."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: a gateway sends what goes there on to the IPv4 address in the last four bytes."""
_COMPATIBLE = ipaddress.IPv6Network("::/96")
"""RFC 4291, deprecated: some systems take the last four bytes for an IPv4 address."""
_NEVER = (
    # Where clouds answer with credentials: no setting allows it.
    ipaddress.IPv4Network("169.254.0.0/16"),
    ipaddress.IPv6Network("fe80::/10"),
    ipaddress.IPv6Network("fd00:ec2::/32"),
)


def refusal_of(address: Address, allowed: Iterable[Network], *, public: bool = True) -> str | None:
    """Returns why nothing is sent to an address, in words, or None if it may be.

    Args:
        address: As a name was resolved, or as the URL has it.
        allowed: Networks of the site that may be reached although they are private.
        public: Whether addresses of the internet may be reached.
    """
    meant = (address, *_within(address))
    for each in meant:
        if each.is_multicast or each.is_unspecified or any(each in network for network in _NEVER):
            return f"{address} is {_kind(each)}, to which nothing is sent"
    innermost = meant[-1]
    if any(innermost in network for network in allowed):
        return None
    if not innermost.is_global:
        return f"{address} is {_kind(innermost)}, and not in PORTERO_WEBHOOK_NETWORKS"
    return None if public else f"{address} is not in PORTERO_WEBHOOK_NETWORKS, and http is sent to no other"


def _within(address: Address) -> tuple[Address, ...]:
    """Returns the addresses that an IPv6 address stands for, outermost first."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return (address.teredo[1],)
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return (ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF),)
    return ()


def _kind(address: Address) -> str:
    if address.is_loopback:
        return "this machine itself"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    if address.is_unspecified:
        return "no address"
    return "private" if address.is_private else "not a public address"
