"""Resolves the names of webhooks, and refuses those that lead to where nothing may be sent."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from portero_server.domain.events.addresses import Address, Network, refusal_of

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host name, for a port.

Raises:
    OSError: There are none.
"""


class AddressRefused(OSError):
    """A webhook's host has no address to which something may be sent; the text says why."""


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Which addresses may be reached.

    Attributes:
        allowed: Private networks of the site that may be.
        public: Whether the internet may be.
    """

    allowed: tuple[Network, ...] = ()
    public: bool = True

    def check(self, address: Address) -> None:
        """Checks one address.

        Raises:
            AddressRefused: Nothing may be sent to it.
        """
        if (reason := refusal_of(address, self.allowed, public=self.public)) is not None:
            raise AddressRefused(reason)

    def check_host(self, url: str) -> None:
        """Checks a URL's host if it is an address; a name is checked when it is resolved.

        Raises:
            AddressRefused: Nothing may be sent to it.
        """
        try:
            address = ipaddress.ip_address((URL(url).host or "").partition("%")[0])
        except ValueError:
            return
        self.check(address)


async def look_up(host: str, port: int) -> Sequence[str]:
    """Returns the addresses of a host name as the machine resolves it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


class GuardedResolver(AbstractResolver):
    """Resolves names for aiohttp, which connects to exactly these addresses: no second answer can differ."""

    def __init__(self, guard: AddressGuard, lookup: Lookup = look_up) -> None:
        """Creates a resolver; `lookup` asks the name servers."""
        self._guard = guard
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Returns the addresses of a host.

        Raises:
            AddressRefused: Nothing may be sent to one of them: a name that leads to both kinds is not trusted.
            OSError: The name has no address.
        """
        results: list[ResolveResult] = []
        for text in await self._lookup(host, port):
            address = ipaddress.ip_address(text.partition("%")[0])
            self._guard.check(address)
            kind = socket.AF_INET if address.version == 4 else socket.AF_INET6
            results.append(
                ResolveResult(hostname=host, host=text, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            )
        if not results:
            raise OSError(f"{host} has no address")
        return results

    async def close(self) -> None:
        """Does nothing: it holds nothing."""
