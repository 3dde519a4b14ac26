"""Addresses to which a webhook may, and may not, be sent."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.events.addresses import refusal_of

SITE = (
    ipaddress.ip_network("192.168.7.0/24"),
    ipaddress.ip_network("fd12:3456::/48"),
    ipaddress.ip_network("127.0.0.1/32"),
)

_PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.7",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.9",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "fc00::1",
    "fd12::1",
    "2001:db8::1",
    "100::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::7f00:1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.1.2.3",
    "2002:7f00:1::",
    "2002:c0a8:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
]
_NEVER = [
    "169.254.169.254",
    "169.254.170.2",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "fe80::1",
    "fd00:ec2::254",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "0.0.0.0",
    "::",
]
_PUBLIC = ["1.1.1.1", "8.8.8.8", "200.27.2.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize("text", _PRIVATE + _NEVER)
def test_what_only_this_machine_can_reach_is_refused(text: str) -> None:
    """Loopback, private, shared and reserved addresses, however they are written into IPv6."""
    reason = refusal_of(ipaddress.ip_address(text), ())
    assert reason is not None
    assert reason.startswith(str(ipaddress.ip_address(text)))


@pytest.mark.parametrize("text", _PUBLIC)
def test_public_addresses_are_reached(text: str) -> None:
    """By https; by plain http no address outside the site's networks is."""
    address = ipaddress.ip_address(text)
    assert refusal_of(address, SITE) is None
    assert "http is sent to no other" in str(refusal_of(address, SITE, public=False))


@pytest.mark.parametrize("text", ["192.168.7.9", "fd12:3456::1", "::ffff:192.168.7.1", "127.0.0.1"])
def test_the_sites_own_networks_are_reached(text: str) -> None:
    """With and without encryption."""
    assert refusal_of(ipaddress.ip_address(text), SITE) is None
    assert refusal_of(ipaddress.ip_address(text), SITE, public=False) is None


@pytest.mark.parametrize("text", _NEVER)
def test_no_network_allows_where_clouds_answer_with_credentials(text: str) -> None:
    """Link-local and multicast addresses are refused even if everything is allowed."""
    everything = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
    assert refusal_of(ipaddress.ip_address(text), everything) is not None


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_the_same_in_every_disguise(address: ipaddress.IPv4Address) -> None:
    """IPv4-mapped and NAT64 forms of an address are refused exactly when it is."""
    mapped = ipaddress.ip_address(f"::ffff:{address}")
    translated = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(address))
    plain = refusal_of(address, SITE) is None
    assert [refusal_of(each, SITE) is None for each in (mapped, translated)] == [plain, plain]
