"""What a kind of destination does: it checks what is asked for, and makes what sends.

Another kind is a module of its own with a `Sink`, a value of `SinkKind`, and a line in `composition/subscriptions.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from portero_server.domain.events.subscriptions import SinkKind
from portero_server.events.relay_ports import Sender
from portero_server.store.subscriptions import SealedSubscription


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a subscription sends, as it was asked for or checked.

    Attributes:
        urls: Secret.
        language: In which people are told; empty: it is no sink of people, or in English.
    """

    urls: tuple[str, ...]
    language: str = ""


@dataclass(frozen=True, slots=True)
class CheckedDestination:
    """A destination that can be used.

    Attributes:
        text: What is sealed, and opened again to send.
        origin: The part of it that may be shown.
        language: In which people are told; empty: it is no sink of people.
    """

    text: str
    origin: str
    language: str = ""


class Sink(Protocol):
    """One kind of destination."""

    @property
    def concurrency(self) -> int:
        """How many messages are in flight, unless somebody asks for another number."""
        ...

    @property
    def most_concurrent(self) -> int:
        """How many messages may be in flight at most."""
        ...

    @property
    def turns(self) -> AbstractAsyncContextManager[object] | None:
        """What a sender enters before it claims and reads what it sends; None: it has to wait for nobody.

        So neither the claim nor what was read grows old while others have their turn.
        """
        ...

    @property
    def signs(self) -> bool:
        """Whether its messages are signed with a secret of the subscription."""
        ...

    async def checked(self, asked: Destination) -> CheckedDestination:
        """Returns a destination, checked.

        Raises:
            InvalidInput: It cannot be used, or leads to where nothing may be sent.
        """
        ...

    def sender(self, sealed: SealedSubscription) -> AbstractAsyncContextManager[Sender]:
        """Returns what sends to a subscription.

        Raises:
            FailedPrecondition: What is sealed of it cannot be opened.
        """
        ...


Sinks = Mapping[SinkKind, Sink]


def one_url(urls: Sequence[str]) -> str:
    """Returns the only URL of a destination that has one; empty: it has none."""
    return urls[0] if len(urls) == 1 else ""
