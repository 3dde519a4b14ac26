"""Asks the network for cameras: one question a network interface, by UDP multicast, and whatever answers come."""

import asyncio
import socket
import struct
import sys
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from portero_bridge.discovery.findings import Findings
from portero_bridge.discovery.messages import probe_message
from portero_bridge.errors import SettingsError, SourceFault
from portero_client.streaming.clock import Clock, SystemClock

GROUP = "239.255.255.250"
"""Where devices listen for WS-Discovery."""
PORT = 3702

# UDP loses messages; the standard has them sent again, and devices answer each once.
_REPEATS = 3
_REPEAT_AFTER = 0.3


@dataclass(frozen=True, slots=True)
class Search:
    """How to look for cameras.

    Attributes:
        seconds: How long to wait for answers.
        interfaces: Names of network interfaces; none: all.
        port: Where devices listen.
    """

    seconds: float = 4.0
    interfaces: tuple[str, ...] = ()
    port: int = PORT


@dataclass(slots=True)
class _Asked(asyncio.DatagramProtocol):
    """One interface's socket.

    Attributes:
        failure: Why the question could not be sent, or None.
    """

    findings: Findings
    failure: str | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.findings.take(addr[0], data)

    def error_received(self, exc: Exception) -> None:
        self.failure = self.failure or _reason(exc)


async def find_cameras(search: Search, findings: Findings, clock: Clock) -> list[str]:
    """Asks on each interface and collects the answers. Returns the lines that tell what was found.

    Raises:
        SettingsError: An interface does not exist.
        SourceFault: The question could not be sent on any.
    """
    loop = asyncio.get_running_loop()
    asked: dict[str, _Asked] = {}
    failed: dict[str, str] = {}
    with ExitStack() as closing:
        transports: dict[str, asyncio.DatagramTransport] = {}
        for name, index in _interfaces(search.interfaces).items():
            try:
                made = await loop.create_datagram_endpoint(partial(_Asked, findings), sock=_socket(index))
            except OSError as error:
                failed[name] = _reason(error)
                continue
            transports[name], asked[name] = made
            closing.callback(made[0].close)
        message = probe_message(str(uuid.uuid4()))
        for _ in range(_REPEATS):
            for transport in transports.values():
                transport.sendto(message, (GROUP, search.port))
            await clock.sleep(min(_REPEAT_AFTER, search.seconds / _REPEATS))
        await clock.sleep(max(0.0, search.seconds - _REPEATS * _REPEAT_AFTER))
    failed |= {name: protocol.failure for name, protocol in asked.items() if protocol.failure is not None}
    sent = [name for name in asked if name not in failed]
    reasons = [f"{name}: {reason}" for name, reason in failed.items()]
    if not sent:
        raise SourceFault(f"no network interface could ask for cameras: {'; '.join(reasons) or 'there is none'}")
    return findings.lines(sent, reasons)


def run_search(search: Search) -> bool:
    """Searches, and writes what was found to standard output. Returns whether there was a camera.

    Raises:
        SettingsError: An interface does not exist.
        SourceFault: The question could not be sent.
    """
    findings = Findings()
    lines = asyncio.run(find_cameras(search, findings, SystemClock()))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return bool(findings.cameras)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _interfaces(wanted: Sequence[str]) -> dict[str, int]:
    """Returns network interfaces by name."""
    there = {name: index for index, name in socket.if_nameindex()}
    for name in wanted:
        if name not in there:
            raise SettingsError(f"--interface {name}: there is none of this name, only {', '.join(there)}")
    return {name: index for name, index in there.items() if not wanted or name in wanted}


def _socket(index: int) -> socket.socket:
    """Returns a socket that sends multicast over one interface."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        # By its number, since it may have no address, or several.
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", b"", b"", index))
        made.bind(("", 0))
    except BaseException:
        made.close()
        raise
    return made
