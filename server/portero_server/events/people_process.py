"""Sends one text with Apprise, in a process of its own: `python -m portero_server.events.people_process`.

Apprise blocks, brings the HTTP and SMTP clients of many services, and follows redirects. Here all of them resolve names
through one guard, nothing of the server is in reach, and whoever waits too long ends the process. What is to be sent
comes as JSON on the standard input, so that no list of processes shows it; nothing is logged.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import socket
import sys
from collections.abc import Sequence
from typing import Any

from portero_server.domain.events.addresses import Network, refusal_of

_SEVERAL = "it names several recipients; give each a URL of its own"


class _Refused(OSError):
    """Nothing is sent to an address."""


class _Guard:
    """Resolves names for the whole process, and refuses those that lead to where nothing may be sent."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._resolve = socket.getaddrinfo
        self.public = False
        self.refusal = ""

    def getaddrinfo(self, *args: Any, **kwargs: Any) -> Any:
        """Does what `socket.getaddrinfo` does; all clients connect to what it returns, and to nothing else."""
        found = self._resolve(*args, **kwargs)
        for *_, place in found:
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            if (reason := refusal_of(address, self._networks, public=self.public)) is not None:
                self.refusal = reason
                raise _Refused(reason)
        return found


def main() -> None:
    """Reads an order, does it, and writes one answer a URL: empty, or what went wrong in words without the URL."""
    order = json.load(sys.stdin.buffer)
    logging.disable(logging.CRITICAL)
    guard = _Guard([ipaddress.ip_network(text) for text in order["networks"]])
    socket.getaddrinfo = guard.getaddrinfo
    problems = [_told(each, order, guard) for each in order["destinations"]]
    sys.stdout.write(json.dumps(problems))


def _told(destination: dict[str, Any], order: dict[str, Any], guard: _Guard) -> str:
    # Here, so that the guard is in place before any of its clients.
    from apprise import Apprise, AppriseAsset, NotifyFormat, PersistentStoreMode

    asset = AppriseAsset(
        app_id="Portero",
        app_desc="Portero",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        secure_logging=True,
        # Tokens and the like are not written to this machine's disk.
        storage_mode=PersistentStoreMode.MEMORY,
    )
    guard.public, guard.refusal = destination["public"], ""
    service = Apprise.instantiate(destination["url"], asset=asset, suppress_exceptions=True)
    if service is None:
        return "its URL is not complete"
    if "title" not in order:
        return _SEVERAL if _recipients(service) > 1 else ""
    try:
        taken = Apprise([service], asset=asset).notify(
            title=order["title"], body=order["body"], body_format=NotifyFormat.TEXT
        )
    except Exception as error:  # noqa: BLE001 - whatever a service's client raises, the others are told
        return guard.refusal or f"it could not be told ({type(error).__name__})"
    return "" if taken else guard.refusal or "it did not take the message"


def _recipients(service: Any) -> int:
    """Returns to how many a service sends; Apprise does not count the copies of an e-mail."""
    return len(service) + len(getattr(service, "cc", ())) + len(getattr(service, "bcc", ()))


if __name__ == "__main__":
    main()
