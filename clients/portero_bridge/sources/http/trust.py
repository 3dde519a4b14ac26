"""Which certificates of cameras are trusted; makes each TLS context once."""

import hashlib
import re
import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from portero_bridge.errors import SourceFault

# Contexts are few: one for the system's authorities, one for each file and for each state of it.
_MOST_CONTEXTS = 64


@dataclass(frozen=True, slots=True)
class Trust:
    """What makes a camera's certificate good; without either, the system's authorities do.

    Attributes:
        ca_file: Authorities, or the certificate itself, PEM.
        fingerprint: SHA-256 of the one certificate that is right, as 64 hex digits; then it may be self-signed,
            expired, and made out to any name.
    """

    ca_file: Path | None = None
    fingerprint: str | None = None

    def context(self) -> ssl.SSLContext:
        """Returns the TLS context: the same one as before, unless the file was changed.

        Raises:
            SourceFault: The file cannot be read, or holds no certificates.
        """
        if self.fingerprint is not None:
            return _pinning_context()
        if self.ca_file is None:
            return _system_context()
        try:
            return _file_context(self.ca_file, self.ca_file.stat().st_mtime_ns)
        except (OSError, ssl.SSLError) as error:
            raise self._unreadable() from error

    def own_context(self) -> ssl.SSLContext:
        """Returns a new TLS context, which the caller may add to.

        Raises:
            SourceFault: The file cannot be read, or holds no certificates.
        """
        if self.fingerprint is not None:
            return _new_pinning_context()
        try:
            return ssl.create_default_context(cafile=self.ca_file and str(self.ca_file))
        except (OSError, ssl.SSLError) as error:
            raise self._unreadable() from error

    def _unreadable(self) -> SourceFault:
        return SourceFault(f"ca_file {self.ca_file} holds no certificates that can be read")

    def check(self, certificate: bytes | None) -> None:
        """Compares the certificate of a new connection with the fingerprint, if there is one.

        Args:
            certificate: DER.

        Raises:
            SourceFault: It is another one.
        """
        if self.fingerprint is None:
            return
        found = hashlib.sha256(certificate or b"").hexdigest()
        if found != self.fingerprint:
            raise SourceFault(f"certificate not trusted: its fingerprint is {found}, not certificate_sha256")


def normal_fingerprint(text: str) -> str:
    """Returns a SHA-256 fingerprint as 64 lower-case digits; colons, blanks and the prefix `sha256:` may be in it.

    Raises:
        ValueError: The text is not a SHA-256 fingerprint.
    """
    digits = re.sub(r"^sha-?256[:=]?|[:\s]", "", text.strip(), flags=re.IGNORECASE).lower()
    if re.fullmatch(r"[0-9a-f]{64}", digits) is None:
        raise ValueError("must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons")
    return digits


def tls_fault(
    error: ssl.SSLError, *, peer: str = "the camera", schemes: tuple[str, str] = ("http://", "https://")
) -> SourceFault:
    """Returns what went wrong with a camera's TLS, in words for its operator.

    Args:
        error: What TLS says.
        peer: Whom the bridge speaks with.
        schemes: How addresses without and with TLS begin.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        why = " ".join(str(getattr(error, "verify_message", "")).split()).rstrip(".") or "no reason given"
        hint = f"name {peer}'s authorities in ca_file, or its certificate's fingerprint in certificate_sha256"
        return SourceFault(f"certificate not trusted: {why}; {hint}")
    # The library sets no attribute where OpenSSL has no reason.
    code = getattr(error, "reason", None) or type(error).__name__
    if code in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        plain, secure = schemes
        return SourceFault(f"{peer} does not speak TLS at this address: try {plain} in place of {secure}")
    return SourceFault(f"no TLS with {peer}: {code.replace('_', ' ').lower()}")


@lru_cache(maxsize=1)
def _system_context() -> ssl.SSLContext:
    return ssl.create_default_context()


@lru_cache(maxsize=1)
def _pinning_context() -> ssl.SSLContext:
    return _new_pinning_context()


def _new_pinning_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@lru_cache(maxsize=_MOST_CONTEXTS)
def _file_context(ca_file: Path, changed: int) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca_file))
