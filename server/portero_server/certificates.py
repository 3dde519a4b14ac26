"""Creates a development certificate authority, and certificates for the server and for bridges.

For laptops and tests: the authority's key lies in a file beside the certificates. Production installations use
certificates of their own authority; settings and documentation are the same.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from portero_server.errors import StartupProblem
from portero_server.private_files import Readers, readers_of

AUTHORITY_DAYS = 365
LEAF_DAYS = 30
# Clocks of devices differ; a certificate made this minute must hold for one that is a little behind.
_LEEWAY = timedelta(minutes=5)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as files hold it."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as files hold it, not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def __repr__(self) -> str:
        return f"Issued({self.certificate.subject.rfc4514_string()})"


@dataclass(frozen=True, slots=True)
class Order:
    """The certificates to create.

    Attributes:
        server: Host names and addresses of the server; none: no certificate for it.
        bridges: Names of bridges, one certificate each.
        days: How long they hold.
        renew: Whether certificates that exist are replaced, under the same authority.
    """

    server: Sequence[str] = ()
    bridges: Sequence[str] = ()
    days: float = LEAF_DAYS
    renew: bool = False


def make_certificates(folder: Path, order: Order, now: datetime) -> list[Path]:
    """Writes `ca.crt`, `server.crt`, `bridge-NAME.crt` and their keys into a folder.

    An authority that is there already is used again, so that a bridge can be added later.

    Returns:
        The files written.

    Raises:
        StartupProblem: A file exists, a name is malformed, or the folder cannot be written; nothing was written.
    """
    for name in order.server:
        _server_name(name)
    if not 0 < order.days <= AUTHORITY_DAYS:
        raise StartupProblem(f"certificates hold for more than 0 and at most {AUTHORITY_DAYS} days")
    for name in order.bridges:
        if not _NAME.fullmatch(name):
            raise StartupProblem(f"a bridge's name has small letters, digits and hyphens, at most 63, not {name!r}")
    wanted = [*(["server"] if order.server else []), *(f"bridge-{name}" for name in order.bridges)]
    there = [f"{stem}{end}" for stem in wanted for end in (".crt", ".key") if (folder / f"{stem}{end}").exists()]
    if there and not order.renew:
        raise StartupProblem(f"{folder} holds {', '.join(there)} already; add --renew to replace them")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        authority, written = _authority(folder, now)
        lasting = timedelta(days=order.days)
        if order.server:
            written += _store(folder, "server", issue_server(authority, order.server, now, lasting))
        for name in order.bridges:
            written += _store(folder, f"bridge-{name}", issue_bridge(authority, name, now, lasting))
    except OSError as error:
        raise StartupProblem(f"{error.filename or folder} cannot be written ({error.strerror})") from None
    return written


def issue_authority(now: datetime, lasting: timedelta = timedelta(days=AUTHORITY_DAYS)) -> Issued:
    """Creates a root authority that can sign certificates, but no further authorities."""
    key = _key()
    name = _named("Portero development authority")
    return Issued(
        _builder(name, name, key, now, now + lasting)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256()),
        key,
    )


def issue_server(authority: Issued, names: Sequence[str], now: datetime, lasting: timedelta) -> Issued:
    """Creates a server certificate for host names and IP addresses; the first is also its subject.

    Raises:
        StartupProblem: A name is malformed.
    """
    alternatives = [_server_name(name) for name in names]
    return _issue(authority, names[0], alternatives, ExtendedKeyUsageOID.SERVER_AUTH, now, lasting)


def issue_bridge(authority: Issued, name: str, now: datetime, lasting: timedelta) -> Issued:
    """Creates a client certificate that names a bridge by the URI `portero://bridges/NAME`."""
    uri = x509.UniformResourceIdentifier(f"portero://bridges/{name}")
    return _issue(authority, name, [uri], ExtendedKeyUsageOID.CLIENT_AUTH, now, lasting)


def _issue(
    authority: Issued,
    subject: str,
    alternatives: Sequence[x509.GeneralName],
    purpose: x509.ObjectIdentifier,
    now: datetime,
    lasting: timedelta,
) -> Issued:
    key = _key()
    issuer = x509.SubjectKeyIdentifier.from_public_key(authority.key.public_key())
    # None outlives its authority.
    until = min(now + lasting, authority.certificate.not_valid_after_utc)
    return Issued(
        _builder(_named(subject), authority.certificate.subject, key, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        # One authority may sign for both sides: a server's certificate must not pass for a bridge's.
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(authority.key, hashes.SHA256()),
        key,
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LEEWAY)
        .not_valid_after(until)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(folder: Path, now: datetime) -> tuple[Issued, list[Path]]:
    certificate, key = folder / "ca.crt", folder / "ca.key"
    if not certificate.exists() and not key.exists():
        authority = issue_authority(now)
        return authority, _store(folder, "ca", authority)
    if readers_of(key) is Readers.EVERYBODY:
        raise StartupProblem(
            f"everybody on this machine may read {key}: run `chmod 600 {key}`, or make a new authority"
        )
    try:
        private = load_pem_private_key(key.read_bytes(), password=None)
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError, TypeError):
        raise StartupProblem(f"{folder} holds no whole authority: ca.crt and ca.key must both be sound") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != found.public_key():
        raise StartupProblem(f"{folder}/ca.key is not the key of {folder}/ca.crt")
    if found.not_valid_after_utc <= now:
        raise StartupProblem(f"the authority in {folder} has expired; make another in another folder")
    return Issued(found, private), []


def _store(folder: Path, stem: str, issued: Issued) -> list[Path]:
    files = [(folder / f"{stem}.key", issued.key_pem, 0o600), (folder / f"{stem}.crt", issued.certificate_pem, 0o644)]
    for path, content, mode in files:
        # Written to a temporary file and renamed, so that no reader sees half a file.
        aside = path.with_name(f".{path.name}.new")
        aside.unlink(missing_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
        aside.replace(path)
    return [path for path, _, _ in files]


def _server_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        pass
    if not re.fullmatch(r"[A-Za-z0-9*]([A-Za-z0-9.*-]{0,251}[A-Za-z0-9])?", name):
        raise StartupProblem(f"a server's name is a host name or an IP address, not {name!r}")
    return x509.DNSName(name)


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
