"""Certificates in a folder, and handshakes made by hand."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc

from portero_server.certificates import Issued, issue_authority, issue_bridge, issue_server
from portero_server.rpc.tls import TlsFiles
from tests.support.time.timeouts import PATIENCE

DAY = timedelta(days=1)


class Authority:
    """An authority, and certificates of it written into a folder.

    Whether a certificate holds is judged by the TLS libraries, by the machine's clock; hence these are made by it too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.issued = issue_authority(datetime.now(UTC) - 10 * DAY)
        self.file = folder / "ca.crt"
        self.file.write_bytes(self.issued.certificate_pem)

    @property
    def pem(self) -> bytes:
        """The authority's certificate."""
        return self.issued.certificate_pem

    def server(self, *names: str, expired: bool = False) -> Issued:
        """Makes a certificate of a server."""
        start = datetime.now(UTC) - 5 * DAY
        return issue_server(self.issued, names or ("localhost", "127.0.0.1"), start, DAY if expired else 30 * DAY)

    def bridge(self, name: str, *, expired: bool = False) -> Issued:
        """Makes a certificate of a bridge."""
        return issue_bridge(self.issued, name, datetime.now(UTC) - 5 * DAY, DAY if expired else 30 * DAY)

    def server_files(self, issued: Issued | None = None, *, client_ca: Path | None = None) -> TlsFiles:
        """Writes a server's files, or writes them anew."""
        certificate, key = self.write("server", issued or self.server())
        return TlsFiles(certificate, key, client_ca)

    def write(self, stem: str, issued: Issued) -> tuple[Path, Path]:
        """Writes a certificate and its key, each in one step, as a renewal does."""
        files = self.folder / f"{stem}.crt", self.folder / f"{stem}.key"
        for path, content in zip(files, (issued.certificate_pem, issued.key_pem), strict=True):
            aside = path.with_suffix(".new")
            aside.write_bytes(content)
            aside.chmod(0o600)
            aside.replace(path)
        return files

    def channel(self, port: int | None, client: Issued | None = None, *, host: str = "127.0.0.1") -> grpc.aio.Channel:
        """Opens a channel that trusts this authority, over a connection of its own."""
        credentials = grpc.ssl_channel_credentials(
            self.pem, client.key_pem if client else None, client.certificate_pem if client else None
        )
        return grpc.aio.secure_channel(f"{host}:{port}", credentials, options=[("grpc.use_local_subchannel_pool", 1)])


@dataclass(frozen=True, slots=True)
class Handshake:
    """What was agreed on: "TLSv1.3", the protocol above ("h2"), and the server's certificate in DER form."""

    version: str | None
    protocol: str | None
    certificate: bytes | None


def handshake(port: int, trusted: bytes, *, version: ssl.TLSVersion, protocol: str = "h2") -> Handshake:
    """Shakes hands in one version of TLS, even one too old for this machine's own taste.

    Raises:
        ssl.SSLError: The server did not agree.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=trusted.decode())
    context.set_alpn_protocols([protocol])
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        return Handshake(secured.version(), secured.selected_alpn_protocol(), secured.getpeercert(binary_form=True))


class RecordingTlsObserver:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.loaded: list[datetime] = []
        self.authorities: list[datetime | None] = []
        self.refused = 0

    def certificate_loaded(self, not_after: datetime, client_ca_not_after: datetime | None) -> None:
        """These are served."""
        self.loaded.append(not_after)
        self.authorities.append(client_ca_not_after)

    def certificate_refused(self) -> None:
        """These are not."""
        self.refused += 1


def server_context(authority: Authority) -> ssl.SSLContext:
    """Returns the TLS of a server at 127.0.0.1, with a certificate of an authority, written into its folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.write("camera", authority.server()))
    return context
