"""Which connection makes so many calls that come to nothing that it is better closed.

A call that is canceled or refused at once still costs the server a good part of one that is served. HTTP/2 lets one
connection begin tens of thousands of them a second (CVE-2023-44487, "rapid reset"), and gRPC refuses everybody's calls
when its queue of new calls is full of one client's. No caller in good faith comes near the limits here.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum

from portero_server.domain.rates import Buckets, Rate


class Waste(Enum):
    """Why a call came to nothing; the words are labels of a metric."""

    CANCELED = "canceled"
    REFUSED = "refused"
    OPEN = "open"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class WastePolicy:
    """How many calls may come to nothing.

    Attributes:
        per_second: Of one connection; 0: no limit, nothing is ever closed.
        by_address: How many times as many all connections of one address may make; 0: no limit by address.
        probation: Seconds for which an address is watched more closely after a connection of it was closed.
        probation_share: The share of the limits that its connections have meanwhile.
        most: Connections and addresses remembered.
    """

    per_second: float = 50.0
    by_address: float = 4.0
    probation: float = 60.0
    probation_share: float = 0.1
    most: int = 10_000


class WastedCalls:
    """Counts them, and decides."""

    def __init__(self, policy: WastePolicy) -> None:
        self._policy = policy
        self._calm = self._limits(1.0)
        self._strict = self._limits(policy.probation_share)
        self._probation: OrderedDict[str, float] = OrderedDict()

    def count(self, connection: str, address: str, now: float) -> bool:
        """Counts a call that came to nothing.

        Args:
            connection: Names the connection.
            address: What it comes from; an address whose port does not matter.
            now: Monotonic seconds, never going back.

        Returns:
            Whether the connection has made too many and is to be closed.
        """
        if not self._policy.per_second:
            return False
        limits = self._strict if self.on_probation(address, now) else self._calm
        if not limits.exceeded(connection, address, now):
            return False
        self._probation[address] = now + self._policy.probation
        self._probation.move_to_end(address)
        if len(self._probation) > self._policy.most:
            self._probation.popitem(last=False)
        return True

    def on_probation(self, address: str, now: float) -> bool:
        """Returns whether a connection of this address was closed a short while ago."""
        return self._probation.get(address, now) > now

    def _limits(self, share: float) -> _Limits:
        return _Limits(self._policy, share)


class _Limits:
    """The buckets of connections and of addresses; both hold one second's worth."""

    def __init__(self, policy: WastePolicy, share: float) -> None:
        rate = (policy.per_second or 1.0) * share
        self._connections: Buckets[str] = Buckets(_rate(rate), policy.most)
        self._addresses: Buckets[str] | None = None
        if policy.by_address:
            self._addresses = Buckets(_rate(rate * policy.by_address), policy.most)

    def exceeded(self, connection: str, address: str, now: float) -> bool:
        over = self._connections.take(connection, now) > 0
        if self._addresses is not None:
            over |= self._addresses.take(address, now) > 0
        return over


def _rate(per_second: float) -> Rate:
    return Rate(per_second, max(1.0, per_second))
