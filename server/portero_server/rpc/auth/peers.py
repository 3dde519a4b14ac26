"""The peer of a connection, as identified by the transport."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portero_server.rpc.auth.caller import peer_address
from portero_server.rpc.requests import Context

_BRIDGE = re.compile(r"portero://bridges/(?P<name>[a-z0-9][a-z0-9-]{0,62})")


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """A client certificate that the handshake verified against the client authorities.

    Attributes:
        bridge: Name in its one URI `portero://bridges/NAME`; None when it has none, or several.
        fingerprint: SHA-256 of its DER form, hexadecimal; names this very certificate.
        not_after: When it expires. The handshake looked at this once; a stream may last longer.
    """

    bridge: str | None
    fingerprint: str
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a call's connection.

    Attributes:
        address: Its IP address; behind a load balancer, perhaps that of the balancer; "local" for a Unix socket,
            "unknown" for what is neither.
        encrypted: Whether the connection is TLS.
        certificate: Its verified client certificate, or None.
    """

    address: str
    encrypted: bool
    certificate: PeerCertificate | None


def peer_of(context: Context) -> Peer:
    """Returns the peer of a call. What the peer may do is decided elsewhere."""
    facts = context.auth_context()
    encrypted = next(iter(facts.get("transport_security_type", ())), b"") == b"ssl"
    # gRPC reports a certificate only if the port requires one, and has then verified it in the handshake.
    pem = next(iter(facts.get("x509_pem_cert", ())), None) if encrypted else None
    return Peer(peer_address(context.peer()), encrypted, None if pem is None else _certificate(pem))


@lru_cache(maxsize=1024)
def _certificate(pem: bytes) -> PeerCertificate:
    certificate = x509.load_pem_x509_certificate(pem)
    der = certificate.public_bytes(Encoding.DER)
    return PeerCertificate(_bridge(certificate), hashlib.sha256(der).hexdigest(), certificate.not_valid_after_utc)


def _bridge(certificate: x509.Certificate) -> str | None:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        return None
    found = [match["name"] for uri in uris if (match := _BRIDGE.fullmatch(uri))]
    return found[0] if len(found) == 1 else None
