"""Every setting of the console, its default and what it is for; declared here and nowhere else."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from portero_client.errors import InvalidArgument

PREFIX = "PORTERO_CONSOLE_"
MIB = 1024 * 1024

_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})")


class ConsoleSettings(BaseSettings):
    """Settings of the console, from PORTERO_CONSOLE_… variables. An empty variable counts as unset."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    listen: str = Field("127.0.0.1:8080", description="Address of the pages, HOST:PORT; port 0 takes any free one.")
    tls_certificate: Path | None = Field(
        None, description="Certificate of the console, PEM, followed by its intermediates; read at start-up."
    )
    tls_key: Path | None = Field(None, description="Its private key, PEM.")
    plaintext_off_loopback: bool = Field(
        False,
        description="Whether pages are served without TLS to other machines: only where something in front encrypts.",
    )
    anyone_off_loopback: bool = Field(
        False,
        description="Whether other machines need no login where the server asks for no keys: everybody who reaches the "
        "console may then do everything. Behind a proxy, or with PORTERO_CONSOLE_HOSTS, this machine is one of them.",
    )
    hosts: str = Field(
        "",
        description="Names by which browsers may call the console, separated by commas, as `console.example`; beside "
        "this machine's own and the address of PORTERO_CONSOLE_LISTEN. `*` takes any, if something in front checks.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses of proxies, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are "
        "believed. Without them every caller behind a proxy has the proxy's address.",
    )
    session_lifetime: float = Field(12 * 3600.0, gt=0, description="Longest time that a login holds, seconds.")
    session_idle: float = Field(
        3600.0, gt=0, description="A login ends after so many seconds without a request and without an open live view."
    )
    sessions: int = Field(
        1000,
        gt=0,
        description="Most logins at once, of one key 20; one more ends the login that was not used for the longest.",
    )
    login_rate: float = Field(
        10.0, gt=0, description="Failed logins a minute of one address; further ones are refused with 429."
    )
    upload_rate: float = Field(
        120.0, gt=0, description="Photos a minute of one caller; further ones are refused with 429."
    )
    uploads: int = Field(
        8,
        gt=0,
        description="Most photos looked at at once; of one key half, arriving ones too. More are refused with 429.",
    )
    max_upload: int = Field(5 * MIB, gt=0, le=5 * MIB, description="Largest photo, bytes; the server takes 5 MiB.")
    upload_timeout: float = Field(60.0, gt=0, description="Longest time that a photo may take to arrive, seconds.")
    connections: int = Field(1000, gt=0, description="Most connections at once; more are refused with 503.")
    viewers: int = Field(500, gt=0, description="Most live views at once; more are refused with 429.")
    compreface: bool = Field(
        False,
        description="Whether the calls of CompreFace are offered beside the console's own, for Double Take, Home "
        "Assistant and others: [what is the same and what differs](../COMPREFACE.md).",
    )
    camera_interval: float = Field(
        2.0, gt=0, description="Seconds between two looks at the cameras, once for all viewers of one key."
    )

    @field_validator("listen")
    @classmethod
    def _is_address(cls, value: str) -> str:
        found = _ADDRESS.fullmatch(value)
        if found is None or int(found["port"]) > 65535:
            raise ValueError("must be HOST:PORT, as 127.0.0.1:8080")
        return value

    @model_validator(mode="after")
    def _is_protected(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError(f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY must be set together")
        for path in (self.tls_certificate, self.tls_key):
            if path is not None and not path.is_file():
                raise ValueError(f"{path} is no file that can be read")
        if not (self.is_loopback or self.tls_certificate or self.plaintext_off_loopback):
            raise ValueError(
                f"{PREFIX}LISTEN={self.listen} is reached from other machines, and keys would travel unprotected: set "
                f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY, or {PREFIX}PLAINTEXT_OFF_LOOPBACK=true where something "
                "in front encrypts"
            )
        return self

    @property
    def host(self) -> str:
        """The host of `listen`, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port of `listen`."""
        return int(self.listen.rpartition(":")[2])

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the console."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def admits_anyone(self) -> bool:
        """Whether a server that asks for no keys is enough to come in without a login."""
        # Where other names or proxies lead here, who comes in from loopback may be anybody.
        is_alone = self.is_loopback and not self.trusted_proxies and not self.host_names
        return is_alone or self.anyone_off_loopback

    @property
    def host_names(self) -> frozenset[str]:
        """The names of `hosts`, in lower case."""
        return frozenset(name.strip().lower() for name in self.hosts.split(",") if name.strip())


def load_settings(**given: object) -> ConsoleSettings:
    """Reads the settings from the environment; `given` ones that are not None go before it.

    Raises:
        InvalidArgument: A value is malformed, the values do not fit together, or there is no setting of a name.
    """
    _check_names()
    try:
        return ConsoleSettings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise InvalidArgument(_sentence(error), field="environment", reason="BAD_SETTING") from None


def _check_names() -> None:
    known = [f"{PREFIX}{name.upper()}" for name in ConsoleSettings.model_fields]
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            nearest = difflib.get_close_matches(name.upper(), known, n=1)
            meant = f" (did you mean {nearest[0]}?)" if nearest else ""
            raise InvalidArgument(f"{name} is not a setting{meant}", field="environment", reason="BAD_SETTING")


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    words = str(first["msg"]).removeprefix("Value error, ")
    words = words[:1].lower() + words[1:] if first["type"] != "value_error" else words
    return f"{PREFIX}{str(first['loc'][0]).upper()}: {words}" if first["loc"] else words
