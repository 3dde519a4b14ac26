"""By which names the console is called, and from whose pages: against DNS rebinding and requests forged elsewhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_API = "/api/"
_OURS = frozenset({"localhost"})


def host_of(header: str) -> str:
    """Returns the name in a Host header without its port, in lower case."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def is_our_name(header: str, listen_host: str, names: Collection[str]) -> bool:
    """Returns whether browsers may call the console by this Host header.

    A page elsewhere can have its own name lead to this machine; the browser then takes the console for that page's
    site. So only known names count. Addresses are nobody's name, and cannot be made to lead elsewhere.

    Args:
        header: The Host header.
        listen_host: The host that the console listens at.
        names: Further names; `*` is any.
    """
    host = host_of(header)
    if "*" in names or host in names or host in _OURS or host == listen_host.lower():
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_forged(method: str, path: str, headers: Mapping[str, str], origin: str) -> bool:
    """Returns whether a change, or a call of the API, is asked for by a page of another site.

    Browsers say where a request comes from, and pages cannot change what they say; what says nothing is no browser.
    Links from elsewhere to a page are harmless. Calls of the API are not, though their answers cannot be read: each
    takes a place among the live views or a call of the server.

    Args:
        method: The method of the request.
        path: Its path.
        headers: Its headers, in lower case.
        origin: The console's own origin, as `https://console.example`.
    """
    if method in SAFE_METHODS and not path.startswith(_API):
        return False
    said = headers.get("sec-fetch-site")
    if said is not None:
        return said not in ("same-origin", "none")
    named = headers.get("origin")
    return named is not None and named.lower() != origin.lower()
