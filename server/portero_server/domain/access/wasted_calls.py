"""Decides which connections waste so many calls that they should be closed.

A call that is canceled or refused at once still costs the server a good part of one that is served. HTTP/2 lets one
connection start tens of thousands of them per second (CVE-2023-44487, "rapid reset"), and gRPC refuses everybody's
calls while its queue of new calls is full of one client's. Legitimate clients stay far below the limits here.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum

from portero_server.domain.access.rates import Buckets, Rate

NO_MESSAGE = "TOO_MANY_WAITING_CALLS"
"""Why a call without a message gave way to others."""


class Waste(Enum):
    """How a call was wasted; the values are labels of a metric."""

    CANCELED = "canceled"
    REFUSED = "refused"
    OPEN = "open"
    UNKNOWN = "unknown"


_REFUSALS = frozenset({"PERMISSION_DENIED", "RESOURCE_EXHAUSTED"})


def waste_of(code: str, reason: str, *, open_method: bool, identified: bool) -> Waste | None:
    """Returns why a call that ended with this status came to nothing, or None: that was not its caller's doing.

    A caller with a valid credential who is told to wait is busy, not hostile: a hundred threads that share a
    connection and ask too fast, or more images than there are places for. It may not lose the connection, and with it
    what is being served. A caller who sends no message is not spared so. The server's own failures (UNAVAILABLE while
    it drains, or while the database is away) count for no caller.

    Args:
        code: Name of the status.
        reason: Reason of the refusal, or empty.
        open_method: Whether nobody has to say who they are to call the method.
        identified: Whether the caller, or another on its connection, has shown a valid credential.
    """
    if code == "UNIMPLEMENTED":
        return Waste.UNKNOWN
    if open_method:
        return Waste.OPEN
    if code == "UNAUTHENTICATED":
        return Waste.REFUSED
    if code not in _REFUSALS or (identified and code == "RESOURCE_EXHAUSTED" and reason != NO_MESSAGE):
        return None
    return Waste.REFUSED


@dataclass(frozen=True, slots=True)
class WastePolicy:
    """How many calls may be wasted.

    Attributes:
        per_second: Wasted calls a second that one connection may make; 0: no limit, nothing is ever closed.
        by_address: How many times as many all connections of one identity, or of strangers at one address, may make;
            0: no such limit.
        probation: Seconds for which these are watched more closely after one of their connections was closed.
        probation_share: The share of the limits that its connections have meanwhile.
        most: Connections and holders remembered.
    """

    per_second: float = 50.0
    by_address: float = 4.0
    probation: float = 60.0
    probation_share: float = 0.1
    most: int = 10_000


class WastedCalls:
    """Counts wasted calls, and decides when to close a connection."""

    def __init__(self, policy: WastePolicy) -> None:
        self._policy = policy
        self._calm = self._limits(1.0)
        self._strict = self._limits(policy.probation_share)
        self._probation: OrderedDict[str, float] = OrderedDict()

    def count(self, connection: str, holder: str, now: float) -> bool:
        """Counts a wasted call.

        Args:
            connection: Names the connection.
            holder: Whose it is: an identity, or, of strangers, the address it comes from.
            now: Monotonic seconds, never going back.

        Returns:
            Whether the connection has made too many and is to be closed.
        """
        if not self._policy.per_second:
            return False
        limits = self._strict if self.on_probation(holder, now) else self._calm
        if not limits.exceeded(connection, holder, now):
            return False
        self._probation[holder] = now + self._policy.probation
        self._probation.move_to_end(holder)
        if len(self._probation) > self._policy.most:
            self._probation.popitem(last=False)
        return True

    def on_probation(self, holder: str, now: float) -> bool:
        """Returns whether a connection of this holder was closed recently."""
        return self._probation.get(holder, now) > now

    def _limits(self, share: float) -> _Limits:
        return _Limits(self._policy, share)


class _Limits:
    """The buckets of connections and of holders; both hold one second's worth."""

    def __init__(self, policy: WastePolicy, share: float) -> None:
        rate = (policy.per_second or 1.0) * share
        self._connections: Buckets[str] = Buckets(_rate(rate), policy.most)
        self._holders: Buckets[str] | None = None
        if policy.by_address:
            self._holders = Buckets(_rate(rate * policy.by_address), policy.most)

    def exceeded(self, connection: str, holder: str, now: float) -> bool:
        over = self._connections.take(connection, now) > 0
        if self._holders is not None:
            over |= self._holders.take(holder, now) > 0
        return over


def _rate(per_second: float) -> Rate:
    return Rate(per_second, max(1.0, per_second))
