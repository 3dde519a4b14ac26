"""Who is at the other end of a connection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from portero_server.rpc.auth.peers import Peer, peer_of
from tests.support.tls.certificates import Authority


class _Call:
    """As much of a call's context as tells of the connection."""

    def __init__(self, peer: str, facts: Mapping[str, list[bytes]] | None = None) -> None:
        self._peer = peer
        self._facts = facts or {}

    def peer(self) -> str:
        """The other end, in gRPC's words."""
        return self._peer

    def auth_context(self) -> Mapping[str, list[bytes]]:
        """What the transport knows."""
        return self._facts


def _seen(peer: str, facts: Mapping[str, list[bytes]] | None = None) -> Peer:
    return peer_of(cast("Any", _Call(peer, facts)))


def _bridge_of(*uris: str) -> str | None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    if uris:
        names = [x509.UniformResourceIdentifier(uri) for uri in uris]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    certificate = _seen("ipv4:192.0.2.1:1", {"transport_security_type": [b"ssl"], "x509_pem_cert": [pem]}).certificate
    assert certificate is not None
    return certificate.bridge


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.7:4711", "192.0.2.7"),
        ("ipv6:[2001:db8::1]:4711", "2001:db8::1"),
        ("ipv6:%5B2001:db8::1%5D:4711", "2001:db8::1"),
        ("unix:/run/portero.sock", "local"),
        ("", "unknown"),
    ],
)
def test_the_address_is_what_grpc_calls_the_peer(peer: str, address: str) -> None:
    """Port, brackets and escapes are taken off; a Unix socket has no address."""
    assert _seen(peer).address == address


def test_plaintext_has_no_certificate() -> None:
    """Without TLS nothing that is called a certificate counts."""
    assert _seen("ipv4:192.0.2.7:1", {"x509_pem_cert": [b"whatever"]}) == Peer("192.0.2.7", False, None)


def test_one_uri_names_the_bridge() -> None:
    """Only a URI of our own form names a bridge, and only when it is the only one."""
    assert _bridge_of("portero://bridges/lobby-pi") == "lobby-pi"
    assert _bridge_of("https://example.com/", "portero://bridges/lobby-pi") == "lobby-pi"
    assert _bridge_of("portero://bridges/a", "portero://bridges/b") is None
    assert _bridge_of() is None


@pytest.mark.parametrize(
    "uri",
    [
        "portero://bridges/",
        "portero://bridges/-a",
        "portero://bridges/A",
        "portero://bridges/a/b",
        "portero://bridges/a\n",
        "portero://people/a",
        "xportero://bridges/a",
        f"portero://bridges/{'a' * 64}",
    ],
)
def test_a_uri_of_another_form_names_no_bridge(uri: str) -> None:
    """What merely resembles a bridge's URI is not taken for one."""
    assert _bridge_of(uri) is None


def test_a_fingerprint_names_one_certificate(tmp_path: Path) -> None:
    """Two certificates of one bridge have different fingerprints, each of 64 hexadecimal digits."""
    authority = Authority(tmp_path)
    prints = set()
    for _ in range(2):
        facts = {
            "transport_security_type": [b"ssl"],
            "x509_pem_cert": [authority.bridge("a").certificate_pem],
        }
        certificate = _seen("ipv4:192.0.2.1:1", facts).certificate
        assert certificate is not None
        prints.add(certificate.fingerprint)
    assert len(prints) == 2
    assert all(len(print_) == 64 and int(print_, 16) for print_ in prints)
