"""The certificates of a client: their files, and the current contents."""

from __future__ import annotations

import logging
import os
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path

import grpc

from portero_client.errors import InvalidArgument

_LOG = logging.getLogger(__name__)
_TOLD: set[Path] = set()


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of PEM files, all of them optional.

    Attributes:
        ca: Authorities that may have signed the server's certificate; None: those of the system.
        certificate: The client's own certificate, followed by its intermediates.
        key: Its private key, not encrypted.

    Raises:
        InvalidArgument: A certificate comes without its key, or a key without its certificate.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InvalidArgument(
                "a client's certificate and its key must be given together",
                field="key" if self.key is None else "certificate",
                reason="HALF_A_CERTIFICATE",
            )

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths that were given."""
        return tuple(path for path in (self.ca, self.certificate, self.key) if path is not None)

    def load(self) -> TlsMaterial:
        """Reads the files and checks that they can be used.

        Raises:
            InvalidArgument: One cannot be read, is not a PEM file, or the key is not the certificate's.
        """
        material = self._read()
        if self.key is not None:
            warn_of_readers(self.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.ca is not None:
            _check_authorities(context, self.ca, material.ca or b"")
        if self.certificate is not None and self.key is not None:
            _check_pair(context, self.certificate, self.key)
            if self._read() != material:
                raise _unsound(self.certificate, "is being written just now")
        return material

    def _read(self) -> TlsMaterial:
        ca = _system_authorities() if self.ca is None else _read(self.ca)
        return TlsMaterial(
            ca,
            None if self.certificate is None else _read(self.certificate),
            None if self.key is None else _read(self.key),
        )


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """The contents of the files, PEM. `repr` hides the key."""

    ca: bytes | None
    certificate: bytes | None
    key: bytes | None

    def __repr__(self) -> str:
        return "TlsMaterial(...)"

    def credentials(self) -> grpc.ChannelCredentials:
        """Returns channel credentials."""
        return grpc.ssl_channel_credentials(self.ca, self.key, self.certificate)


def warn_of_readers(path: Path) -> None:
    """Logs a warning, once per file, if everybody on this machine may read a secret.

    This is not refused: secrets that are mounted into a container are often readable by everybody in it.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if os.name == "posix" and mode & stat.S_IROTH and path not in _TOLD:
        _TOLD.add(path)
        _LOG.warning("everybody on this machine may read %s, which holds a secret: run `chmod 600` on it", path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unsound(path, f"cannot be read ({error.strerror})") from None


def _system_authorities() -> bytes | None:
    """Returns the system's certificate authorities, or None to use those that gRPC includes."""
    file = ssl.get_default_verify_paths().cafile
    try:
        return Path(file).read_bytes() if file else None
    except OSError:
        return None


def _check_authorities(context: ssl.SSLContext, path: Path, pem: bytes) -> None:
    try:
        context.load_verify_locations(cadata=pem.decode("ascii"))
    except (ssl.SSLError, ValueError):
        raise _unsound(path, "holds no certificates in PEM") from None


def _check_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        # An empty password: without one, a terminal would be asked.
        context.load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError, ValueError):
        raise _unsound(key, f"is not the key, in PEM and not encrypted, of the certificate in {certificate}") from None


def _unsound(path: Path, problem: str) -> InvalidArgument:
    return InvalidArgument(f"{path} {problem}", field="tls", reason="BAD_CERTIFICATE_FILES")
