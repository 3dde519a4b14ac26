"""Names and addresses that a webhook's URL may not have."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

import pytest

from portero_server.events.guard import AddressGuard, AddressRefused, GuardedResolver, look_up

_SITE = (ipaddress.ip_network("192.168.7.0/24"),)


def _resolver(*answers: Sequence[str], guard: AddressGuard | None = None) -> GuardedResolver:
    """Returns a resolver whose name server gives these answers, one after the other."""
    waiting = list(answers)

    async def lookup(host: str, port: int) -> Sequence[str]:
        return waiting.pop(0)

    return GuardedResolver(guard or AddressGuard(_SITE), lookup)


async def test_a_name_gives_the_addresses_that_were_checked() -> None:
    """As numbers, so that nobody resolves them again."""
    (four, six) = await _resolver(["1.1.1.1", "2606:4700::1111"]).resolve("hooks.example", 443)
    assert (four["host"], four["family"], four["port"]) == ("1.1.1.1", socket.AF_INET, 443)
    assert (six["host"], six["family"]) == ("2606:4700::1111", socket.AF_INET6)
    assert four["flags"] == six["flags"] == socket.AI_NUMERICHOST


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["169.254.169.254"], ["fe80::1%eth0"]])
async def test_a_name_that_leads_inside_is_refused(answer: list[str]) -> None:
    """Even if another of its addresses is a public one."""
    with pytest.raises(AddressRefused, match=r"PORTERO_WEBHOOK_NETWORKS|nothing is sent"):
        await _resolver(answer).resolve("hooks.example", 443)


async def test_a_name_that_changes_its_mind_is_checked_each_time() -> None:
    """A first answer that is public does not vouch for a second one."""
    resolver = _resolver(["1.1.1.1"], ["127.0.0.1"])
    await resolver.resolve("hooks.example", 443)
    with pytest.raises(AddressRefused):
        await resolver.resolve("hooks.example", 443)


async def test_a_name_without_an_address_cannot_be_reached() -> None:
    """It is an error, not an empty list."""
    with pytest.raises(OSError, match="has no address"):
        await _resolver([]).resolve("hooks.example", 443)


async def test_names_are_looked_up_as_the_machine_does() -> None:
    """Numbers in old notations, too, which some programs take for names."""
    assert "127.0.0.1" in await look_up("localhost", 80)
    assert await look_up("2130706433", 80) == ["127.0.0.1"]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://127.0.0.1:8443/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
        "https://10.1.2.3/x", "https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/",
        "https://0.0.0.0/", "https://[fe80::1%25eth0]/",
    ],
)  # fmt: skip
def test_an_address_in_the_url_is_checked(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(AddressRefused):
        AddressGuard(_SITE).check_host(url)


def test_names_and_allowed_addresses_in_the_url_pass() -> None:
    """A name is checked when it is resolved."""
    guard = AddressGuard(_SITE)
    for url in ("https://hooks.example/x", "http://192.168.7.3:8080/", "https://1.1.1.1/", "https://2130706433/"):
        guard.check_host(url)
