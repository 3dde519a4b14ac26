"""Sends one text with Apprise, in a process of its own: `python -m portero_server.events.people_process`.

Apprise blocks, brings the HTTP and SMTP clients of many services, and follows redirects. Here all of them resolve names
through one guard, nothing of the server is in reach, and whoever waits too long ends the process. What is to be sent
comes as JSON on the standard input, so that no list of processes shows it; nothing is logged. Each destination is
answered for on a line of its own, as soon as it is known: whoever ends the process has the answers so far.
"""

from __future__ import annotations

import contextvars
import ipaddress
import json
import logging
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portero_server.domain.events.addresses import Network, refusal_of

_INCOMPLETE = "its URL is not complete"
_SEVERAL = "it names several recipients; give each a URL of its own"


class _Refused(OSError):
    """Nothing is sent to an address."""


@dataclass(slots=True)
class _Turn:
    """One destination's: whether it may reach the internet, and why its last address was refused."""

    public: bool
    refusal: str = ""


class _Guard:
    """Resolves names for the whole process, and refuses those that lead to where nothing may be sent."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._resolve = socket.getaddrinfo
        # Of the context, which Apprise copies into its own threads: a thread of no destination has none.
        self._turn: contextvars.ContextVar[_Turn] = contextvars.ContextVar("turn")

    def begin(self, *, public: bool) -> None:
        """Lets this context resolve names, those of the internet if `public`; no other context may."""
        self._turn.set(_Turn(public))

    @property
    def refusal(self) -> str:
        """Why the last address of this context was refused; empty: none was."""
        return self._turn.get().refusal

    def getaddrinfo(self, *args: Any, **kwargs: Any) -> Any:
        """Does what `socket.getaddrinfo` does; all clients connect to what it returns, and to nothing else."""
        turn = self._turn.get(None)
        if turn is None:
            raise _Refused("what sends to no destination resolves no name")
        found = self._resolve(*args, **kwargs)
        for *_, place in found:
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            if (reason := refusal_of(address, self._networks, public=turn.public)) is not None:
                turn.refusal = reason
                raise _Refused(reason)
        return found


def main() -> None:
    """Reads an order, does it, and writes one line of JSON a destination: its number, and a problem or nothing."""
    order = json.load(sys.stdin.buffer)
    logging.disable(logging.CRITICAL)
    guard = _Guard([ipaddress.ip_network(text) for text in order["networks"]])
    socket.getaddrinfo = guard.getaddrinfo
    services = [_service(each["url"]) for each in order["destinations"]]
    if "title" not in order:
        for number, service in enumerate(services):
            _answer(number, _problem_of(service))
        return
    _tell_all(services, order, guard)
    # Threads that still wait for somebody's answer are left behind.
    os._exit(0)


def _answer(number: int, problem: str) -> None:
    sys.stdout.write(json.dumps([number, problem]) + "\n")
    sys.stdout.flush()


def _service(url: str) -> Any:
    """Returns the Apprise service of a URL; None: there is none."""
    # Here, so that the guard is in place before any of its clients.
    from apprise import Apprise, AppriseAsset, PersistentStoreMode

    asset = AppriseAsset(
        app_id="Portero",
        app_desc="Portero",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        # Without its own limit Apprise stays in the thread of the destination: its pool is smaller than ten.
        service_timeout=0,
        secure_logging=True,
        # Tokens and the like are not written to this machine's disk.
        storage_mode=PersistentStoreMode.MEMORY,
    )
    return Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


def _problem_of(service: Any) -> str:
    if service is None:
        return _INCOMPLETE
    return _SEVERAL if _recipients(service) > 1 else ""


def _tell_all(services: Sequence[Any], order: dict[str, Any], guard: _Guard) -> None:
    """Sends to every destination in a thread of its own, so that one that hangs holds up no other."""
    answers: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()

    def tell(number: int, service: Any) -> None:
        guard.begin(public=order["destinations"][number]["public"])
        answers.put((number, _told(service, order, guard)))

    # All begin now: the time of each ends at the same moment.
    until = time.monotonic() + order["seconds"]
    for number, service in enumerate(services):
        threading.Thread(target=tell, args=(number, service), daemon=True).start()
    waiting = set(range(len(services)))
    while waiting:
        try:
            number, problem = answers.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        waiting.remove(number)
        _answer(number, problem)
    for number in sorted(waiting):
        _answer(number, f"it did not answer within {order['seconds']:g} s")


def _told(service: Any, order: dict[str, Any], guard: _Guard) -> str:
    from apprise import Apprise, NotifyFormat

    if service is None:
        return _INCOMPLETE
    try:
        taken = Apprise([service], asset=service.asset).notify(
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
