"""TLS of the gRPC ports: certificates are read from files, and read again when the files change."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import grpc
import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from portero_server.errors import StartupProblem
from portero_server.private_files import Readers, readers_of

_log = structlog.get_logger(__name__)

_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of the PEM files that a port uses.

    Attributes:
        certificate: The server's certificate, followed by its intermediates.
        key: Its private key, not encrypted.
        client_ca: Authorities whose client certificates are accepted; None: no port asks for any.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths of all files, without those that are not set."""
        return (self.certificate, self.key, *((self.client_ca,) if self.client_ca else ()))


@dataclass(frozen=True, slots=True)
class Pair:
    """The certificate and key that a port serves, verified to be valid and to match. `repr` hides the key.

    Attributes:
        not_before: From when on the certificate and its intermediates hold.
        not_after: When the certificate, or an intermediate of it, expires.
        client_ca_not_after: When the first of the client authorities expires.
    """

    certificate: bytes
    key: bytes
    not_before: datetime
    not_after: datetime
    client_ca: bytes | None = None
    client_ca_not_after: datetime | None = None

    def __repr__(self) -> str:
        return f"Pair(not_after={self.not_after:%Y-%m-%d})"


class TlsObserver(Protocol):
    """Receives certificate changes, for metrics. Called from any thread."""

    def certificate_loaded(self, not_after: datetime, client_ca_not_after: datetime | None) -> None:
        """These files are served from now on."""
        ...

    def certificate_refused(self) -> None:
        """The changed files cannot be served; the last valid ones are still in use."""
        ...


class UnsoundFiles(Exception):
    """Files that cannot be served; the message names the file and its defect."""


class Certificates:
    """The latest valid certificate and key of a server.

    gRPC asks before each handshake, on its own thread, so asking costs three `stat` calls while nothing changes, and
    never raises.
    """

    def __init__(self, files: TlsFiles, observer: TlsObserver) -> None:
        """Reads the files for the first time.

        Raises:
            StartupProblem: They cannot be served; names the setting of each.
        """
        self._files = files
        self._observer = observer
        self._lock = threading.Lock()
        self._seen = _stamp(files)
        try:
            self._pair = load(files)
        except UnsoundFiles as unsound:
            raise StartupProblem(
                f"{unsound}; see PORTERO_TLS_CERTIFICATE, PORTERO_TLS_KEY and PORTERO_TLS_CLIENT_CA"
            ) from None
        observer.certificate_loaded(self._pair.not_after, self._pair.client_ca_not_after)

    def current(self) -> Pair:
        """Returns the certificate and key to serve now.

        Never raises, and never blocks for longer than reading three small files takes.
        """
        with self._lock:
            stamp = _stamp(self._files)
            if stamp != self._seen:
                self._seen = stamp
                self._read_again()
            return self._pair

    @property
    def verifies_clients(self) -> bool:
        """Whether client certificates are verified."""
        return self._files.client_ca is not None

    def faults(self, now: datetime) -> list[str]:
        """Returns why clients, or bridges, are refused because of dates: one sentence for each file, none if all hold.

        Files like these are served all the same: only their owner can replace them, and a renewal may be under way.
        """
        pair, files, found = self.current(), self._files, []
        if pair.not_after <= now:
            found.append(f"the certificate in {files.certificate} expired at {_said(pair.not_after)}")
        elif now < pair.not_before:
            found.append(f"the certificate in {files.certificate} holds only from {_said(pair.not_before)} on")
        if pair.client_ca_not_after is not None and pair.client_ca_not_after <= now:
            found.append(f"an authority in {files.client_ca} expired at {_said(pair.client_ca_not_after)}")
        return found

    def refresh(self) -> None:
        """Loads changed files even if nobody connects, so that metrics show a renewal that failed."""
        self.current()

    def _read_again(self) -> None:
        try:
            pair = load(self._files)
        except Exception as unsound:  # noqa: BLE001 - raised in a handshake, it would cut everybody off
            problem = str(unsound) if isinstance(unsound, UnsoundFiles) else type(unsound).__name__
            _log.error("certificate_refused", problem=problem, served_until=self._pair.not_after.isoformat())
            self._observer.certificate_refused()
            return
        if readers_of(self._files.key) is Readers.EVERYBODY:
            # Served anyway: refusing a certificate about to expire would cut off every client.
            _log.error("tls_key_readable_by_others", file=str(self._files.key), readers=Readers.EVERYBODY.value)
        if pair == self._pair:
            return
        self._pair = pair
        _log.info("certificate_renewed", not_after=pair.not_after.isoformat())
        self._observer.certificate_loaded(pair.not_after, pair.client_ca_not_after)


def load(files: TlsFiles) -> Pair:
    """Reads the files and verifies that they can be served.

    Raises:
        UnsoundFiles: One is missing, is not a PEM file of its kind, or the key is not the certificate's.
    """
    chain, key = _read(files.certificate), _read(files.key)
    certificates = _parsed(files.certificate, chain)
    try:
        public = load_pem_private_key(key, password=None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnsoundFiles(f"{files.key} holds no private key in PEM, not encrypted") from None
    try:
        belong_together = public == certificates[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise UnsoundFiles(f"the certificate in {files.certificate} has a key of an unknown kind") from None
    if not belong_together:
        raise UnsoundFiles(f"the key in {files.key} is not that of the certificate in {files.certificate}")
    authorities, until = None, None
    if files.client_ca is not None:
        authorities = _read(files.client_ca)
        until = _first_expiry(_parsed(files.client_ca, authorities))
    begins = max(certificate.not_valid_before_utc for certificate in certificates)
    return Pair(chain, key, begins, _first_expiry(certificates), authorities, until)


def port_credentials(certificates: Certificates, *, require_client: bool) -> grpc.ServerCredentials:
    """Returns the credentials of one port; each handshake uses the certificate of that moment.

    gRPC for Python either requests no client certificate or requires one; nothing in between. The transport speaks TLS
    1.2 and 1.3, with HTTP/2 negotiated by ALPN.

    Args:
        certificates: What is served.
        require_client: Whether a client must show a certificate of the client authorities.
    """
    pair = certificates.current()
    fetch = _fetcher(certificates, pair, require_client=require_client)
    return grpc.dynamic_ssl_server_credentials(
        _configuration(pair, require_client=require_client),
        fetch,  # type: ignore[arg-type]  # None is "no change", which the stubs do not know
        require_client_authentication=require_client,
    )


def _fetcher(
    certificates: Certificates, served: Pair, *, require_client: bool
) -> Callable[[], grpc.ServerCertificateConfiguration | None]:
    def fetch() -> grpc.ServerCertificateConfiguration | None:
        nonlocal served
        pair = certificates.current()
        if pair is served:
            return None
        served = pair
        return _configuration(pair, require_client=require_client)

    return fetch


def _configuration(pair: Pair, *, require_client: bool) -> grpc.ServerCertificateConfiguration:
    roots = pair.client_ca if require_client else None
    return grpc.ssl_server_certificate_configuration([(pair.key, pair.certificate)], root_certificates=roots)


def _stamp(files: TlsFiles) -> _Stamp:
    stamps: list[tuple[int, int, int] | None] = []
    for path in files.paths:
        try:
            # Follows symbolic links, with which cert-manager and certbot replace all files at once.
            state = os.stat(path)  # noqa: PTH116 - a third of the time of Path.stat, before each handshake
            stamps.append((state.st_mtime_ns, state.st_ino, state.st_size))
        except OSError:
            stamps.append(None)
    return tuple(stamps)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnsoundFiles(f"{path} cannot be read ({error.strerror})") from None


def _parsed(path: Path, pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise UnsoundFiles(f"{path} holds no certificates in PEM") from None


def _first_expiry(certificates: list[x509.Certificate]) -> datetime:
    return min(certificate.not_valid_after_utc for certificate in certificates)


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
