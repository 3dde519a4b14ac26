"""Devices that answer the question for cameras, over multicast on this machine's loopback interface."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from portero_bridge.discovery.messages import Match
from portero_bridge.discovery.search import GROUP

LOOPBACK = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")


def match(said: Match) -> str:
    """Returns the part of an answer that describes a device."""
    types = " ".join(f"dn:{each}" for each in said.types)
    return (
        "<d:ProbeMatch><a:EndpointReference>"
        f"<a:Address>{escape(said.endpoint)}</a:Address></a:EndpointReference><d:Types>{escape(types)}</d:Types>"
        f"<d:Scopes>{escape(' '.join(said.scopes))}</d:Scopes><d:XAddrs>{escape(' '.join(said.urls))}</d:XAddrs>"
        "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch>"
    )


def answer(*matches: str) -> bytes:
    """Returns an answer with these matches."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
        'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
        "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action></s:Header>"
        f"<s:Body><d:ProbeMatches>{''.join(matches)}</d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()


@dataclass
class Responder(asyncio.DatagramProtocol):
    """Devices behind one socket: each question gets all these answers.

    Attributes:
        answers: What is sent, as it is.
        port: Where it listens.
        questions: What came.
        transport: What it answers by.
    """

    answers: Sequence[bytes]
    port: int = 0
    questions: list[bytes] = field(default_factory=list)
    transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answers a question."""
        self.questions.append(data)
        assert self.transport is not None
        for each in self.answers:
            self.transport.sendto(each, addr)


@asynccontextmanager
async def responder(*answers: bytes) -> AsyncIterator[Responder]:
    """Runs devices until the end of the block."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.setblocking(False)
    listening.bind(("", 0))
    group = struct.pack("4s4si", socket.inet_aton(GROUP), b"", socket.if_nametoindex(LOOPBACK))
    listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    made = Responder(answers, listening.getsockname()[1])
    loop = asyncio.get_running_loop()
    made.transport, _ = await loop.create_datagram_endpoint(lambda: made, sock=listening)
    try:
        yield made
    finally:
        made.transport.close()
