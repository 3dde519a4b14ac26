"""Addresses of RTSP cameras, with passwords as people write them."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

# Everything before the last "@" that a host can follow; a password may have "@", "#", "/" and "?" in it.
_WITH_CREDENTIALS = re.compile(
    r"(?P<scheme>[A-Za-z]+://)(?P<user>[^/?#@:]*)(?P<password>:.*)?@(?P<rest>[^@/?#]+(?:[/?#][^@]*)?)"
)
# A host and a port, and an "@" somewhere in the path.
_WITHOUT = re.compile(r"[A-Za-z]+://[^/?#@:]+:\d{1,5}/")
_REST = re.compile(r"(?P<host>\[[^\]]*\]|[^:/?#]*)(?::(?P<port>\d{1,5}))?")
# Characters that FFmpeg reads as they are; "%" too, since an escaped password stays as it is.
_PLAIN = "!$&'()*+,;=-._~"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PORTS = {"rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class RtspAddress:
    """The parts of an address.

    Attributes:
        url: The address as FFmpeg reads it.
        plain: The same without user name and password.
        host: Name or IP address.
        port: TCP port.
        is_secure: Whether TLS is spoken.
        user: User name, or empty.
        password: Password, or empty.
    """

    url: str
    plain: str
    host: str
    port: int
    is_secure: bool
    user: str
    password: str

    @property
    def has_credentials(self) -> bool:
        """Whether there is something to answer when the camera asks."""
        return bool(self.user or self.password)


def read_rtsp_address(address: str) -> RtspAddress:
    """Parses an address; user name and password may be escaped as in URLs, or not at all."""
    found = None if _WITHOUT.match(address) else _WITH_CREDENTIALS.fullmatch(address)
    scheme, _, rest = address.partition("://")
    user = password = ""
    url = address
    if found is not None:
        rest = found["rest"]
        user, password = _escaped(found["user"]), _escaped((found["password"] or "")[1:])
        url = f"{scheme}://{user}{':' if found['password'] else ''}{password}@{rest}"
    place = _REST.match(rest)
    host, port = (place["host"], place["port"]) if place else ("", None)
    return RtspAddress(
        url=url,
        plain=f"{scheme}://{rest}",
        host=host.strip("[]"),
        port=min(int(port), 65_535) if port else _PORTS.get(scheme.lower(), 554),
        is_secure=scheme.lower() == "rtsps",
        user=unquote(user),
        password=unquote(password),
    )


def _escaped(text: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", text), safe=f"%{_PLAIN}")
