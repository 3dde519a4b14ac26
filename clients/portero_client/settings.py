"""The server's address, and how a client connects and authenticates."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from portero_client.backoff import Backoff
from portero_client.errors import InvalidArgument
from portero_client.tls import TlsFiles, warn_of_readers

DEFAULT_SERVER = "127.0.0.1:50051"
SERVER_VARIABLE = "PORTERO_SERVER"
_TLS_VARIABLE = "PORTERO_TLS"
_CA_VARIABLE = "PORTERO_CA_FILE"
_CERTIFICATE_VARIABLE = "PORTERO_CLIENT_CERTIFICATE"
_KEY_VARIABLE = "PORTERO_CLIENT_KEY"
_NAME_VARIABLE = "PORTERO_SERVER_NAME"
_TOKEN_VARIABLE = "PORTERO_TOKEN"  # noqa: S105 - the name of a variable, not a token
_TOKEN_FILE_VARIABLE = "PORTERO_TOKEN_FILE"  # noqa: S105 - see above

VARIABLES = (
    SERVER_VARIABLE,
    _TLS_VARIABLE,
    _CA_VARIABLE,
    _CERTIFICATE_VARIABLE,
    _KEY_VARIABLE,
    _NAME_VARIABLE,
    _TOKEN_VARIABLE,
    _TOKEN_FILE_VARIABLE,
)
"""Every variable that clients read: the SDK, the command line and the bridge."""

_PREFIX = "PORTERO_"
_SLIP = 0.9
"""How alike a mistyped name is to the right one; every variable of the server is less alike to any of these."""

DEFAULT_HELP = f"{SERVER_VARIABLE}, or {DEFAULT_SERVER}"
"""Which server is called where none is named, for help texts."""

_TLS_WORDS = {"": None, "auto": None, "on": True, "off": False}

_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})")
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """The server's address, how clients authenticate, and their timeouts.

    Attributes:
        server: HOST:PORT.
        timeout: Longest time of an ordinary call, retries included, seconds.
        image_timeout: Longest time of a call that carries an image, seconds.
        reconnect: Delays between attempts to resume a watch.
        tls: Whether TLS is spoken; None: when certificates are named, and with every server but one on this machine.
        tls_files: The client's certificates.
        server_name: Name to look for in the server's certificate, where it is not the host's.
        token: API key or token that is sent with each call.
        token_file: File that holds it; read before each call, so that it may be renewed.

    Raises:
        InvalidArgument: The address is malformed, or a token would travel unprotected.
    """

    server: str = DEFAULT_SERVER
    timeout: float = 10.0
    image_timeout: float = 30.0
    reconnect: Backoff = field(default_factory=Backoff)
    tls: bool | None = None
    tls_files: TlsFiles = field(default_factory=TlsFiles)
    server_name: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None

    def __post_init__(self) -> None:
        address = _ADDRESS.fullmatch(self.server)
        if address is None or not 1 <= int(address["port"]) <= 65535:
            raise InvalidArgument(
                f"the server's address must be HOST:PORT, as {DEFAULT_SERVER}{_instead(self.server)}",
                field="server",
                reason="MALFORMED_ADDRESS",
            )
        if self.tls is False and self.tls_files.paths:
            raise InvalidArgument(
                "certificates are named, and TLS is switched off", field="tls", reason="TLS_SWITCHED_OFF"
            )
        if (self.token or self.token_file) and not (self.is_encrypted or self.is_loopback):
            raise InvalidArgument(
                f"a token is not sent to {self.server} without TLS: anybody on the way could use it",
                field="token",
                reason="TOKEN_NOT_PROTECTED",
            )

    @classmethod
    def from_environment(cls, server: str | None = None, **given: Any) -> Self:
        """Returns the settings for a server, for PORTERO_SERVER, or for the default address.

        Missing values are taken from PORTERO_TLS (auto, on or off), PORTERO_CA_FILE, PORTERO_CLIENT_CERTIFICATE,
        PORTERO_CLIENT_KEY, PORTERO_SERVER_NAME, PORTERO_TOKEN and PORTERO_TOKEN_FILE.

        Raises:
            InvalidArgument: A value is malformed, a variable's name is mistyped, or the values do not fit together.
        """
        _check_names(os.environ)
        values = {**_from_variables(os.environ), **{name: value for name, value in given.items() if value is not None}}
        if given.get("token_file") is not None and given.get("token") is None:
            # What was named here counts more than a token of the environment.
            values.pop("token", None)
        return cls(server=server or os.environ.get(SERVER_VARIABLE) or DEFAULT_SERVER, **values)

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine; a name other than localhost may be anywhere."""
        host = self.server.rpartition(":")[0].strip("[]")
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is used."""
        if self.tls is None:
            return bool(self.tls_files.paths) or not self.is_loopback
        return self.tls

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Returns the metadata of every call: the token, as `authorization: Bearer …`, or nothing.

        Raises:
            InvalidArgument: The token's file cannot be read, or holds no token.
        """
        token = self.token
        if token is None and self.token_file is not None:
            warn_of_readers(self.token_file)
            try:
                token = self.token_file.read_text(encoding="ascii").strip()
            except (OSError, ValueError):
                raise InvalidArgument(
                    f"the token file {self.token_file} cannot be read", field="token_file", reason="NO_TOKEN"
                ) from None
        if token is None:
            return ()
        if not _TOKEN.fullmatch(token):
            raise InvalidArgument(
                "a token is one line of printable characters without blanks", field="token", reason="MALFORMED_TOKEN"
            )
        return (("authorization", f"Bearer {token}"),)


def _instead(address: str) -> str:
    # What holds an "@" may be a URL with a password, however it is written.
    return "" if "@" in address else f", not {address[:80]!r}"


def _check_names(environment: Iterable[str]) -> None:
    """Refuses names that are a slip away from one of ours; others may be the server's, which clients do not know."""
    for name in sorted(environment):
        if not name.startswith(_PREFIX) or name in VARIABLES:
            continue
        if nearest := difflib.get_close_matches(name, VARIABLES, n=1, cutoff=_SLIP):
            raise InvalidArgument(
                f"{name} is not a setting (did you mean {nearest[0]}?)", field="environment", reason="BAD_SETTING"
            )


def _from_variables(environment: Mapping[str, str]) -> dict[str, Any]:
    word = environment.get(_TLS_VARIABLE, "").strip().lower()
    if word not in _TLS_WORDS:
        raise InvalidArgument(f"{_TLS_VARIABLE} must be auto, on or off", field="tls", reason="BAD_SETTING")

    def path(name: str) -> Path | None:
        return Path(value) if (value := environment.get(name)) else None

    return {
        "tls": _TLS_WORDS[word],
        "tls_files": TlsFiles(path(_CA_VARIABLE), path(_CERTIFICATE_VARIABLE), path(_KEY_VARIABLE)),
        "server_name": environment.get(_NAME_VARIABLE) or None,
        "token": environment.get(_TOKEN_VARIABLE) or None,
        "token_file": path(_TOKEN_FILE_VARIABLE),
    }
