"""Limits per caller and per address: connections, logins, requests, streams, frames and bytes.

Every limit applies to an identity; multiplied, it applies to an address too, so that many identities at one address
cannot together do what none of them may.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from portero_server.clock import Clock
from portero_server.domain.access.logins import FailedLogins, LoginPolicy
from portero_server.domain.access.rates import Buckets, Limit, Rate
from portero_server.errors import LimitReached

_STREAM_RETRY = 5.0
_BURST_SECONDS = 2.0


class LimitObserver(Protocol):
    """Receives refusals, for metrics."""

    def limit_reached(self, limit: Limit) -> None:
        """Something was refused because of this limit."""
        ...


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """The limits of one identity.

    Attributes:
        connections: New connections a minute from one address.
        requests: Calls that are no streams, a second.
        streams: Streams and watchers open at once.
        frames: Frames a second, of all its streams.
        frame_bytes: Bytes of frames a second, of all its streams.
        by_address: How many times as much all identities of one address may have together; 0: no limit by address,
            where all callers come through one proxy.
        logins: What failed logins cost.
        most: Identities and addresses remembered.
    """

    connections: float = 600.0
    requests: float = 100.0
    streams: int = 300
    frames: float = 1000.0
    frame_bytes: float = 128 * 1024 * 1024
    by_address: float = 4.0
    logins: LoginPolicy = field(default_factory=LoginPolicy)
    most: int = 10_000


@dataclass(frozen=True, slots=True)
class LimitSubject:
    """The identity and address that a limit counts.

    Attributes:
        subject: Of the identity.
        address: Of the peer.
        exempt: Whether nothing is counted: the local admin on its own machine.
    """

    subject: str
    address: str
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class TooFast:
    """The limit that a frame exceeds; the stream may continue after `wait` seconds."""

    limit: Limit
    wait: float


class Limits:
    """Counts usage, and refuses what exceeds a limit."""

    def __init__(self, policy: LimitPolicy, observer: LimitObserver, clock: Clock) -> None:
        self._policy = policy
        self._observer = observer
        self._clock = clock
        self._failed = FailedLogins(policy.logins)
        self._connections: Buckets[str] = Buckets(
            Rate(policy.connections / 60, max(1.0, policy.connections)), policy.most
        )
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._requests = _Shared(policy.requests, policy)
        self._frames = _Shared(policy.frames, policy)
        self._bytes = _Shared(policy.frame_bytes, policy)
        self._streams: Counter[str] = Counter()

    def connected(self, peer: str, holder: str) -> None:
        """Counts a connection at its first call; gRPC does not report connections themselves.

        Callers with a valid credential are counted by identity. Addresses are counted only for callers without one, so
        that nobody at an address can keep the others there from connecting.

        Args:
            peer: The connection's other end with its port, whatever its form.
            holder: Subject of an identity, or, for callers without a valid credential, an address.

        Raises:
            LimitReached: The holder has opened too many; each call of this connection is refused until it has not.
        """
        if peer in self._seen:
            return
        if wait := self._connections.take(network_of(holder), self._clock.monotonic()):
            most = f"{self._policy.connections:g} connections a minute"
            raise self._refusal(Limit.CONNECTIONS, f"you opened more than {most}", wait)
        self._seen[peer] = None
        if len(self._seen) > self._policy.most:
            self._seen.popitem(last=False)

    def stranger(self, peer: str, address: str) -> None:
        """Counts a connection of a caller without a valid credential. Raises LimitReached."""
        if self._policy.by_address:
            self.connected(peer, address)

    def login_failed(self, address: str) -> float:
        """Counts a failed login from this address.

        Returns:
            Seconds after which the next attempt makes sense, ever longer. It only advises, and holds nobody up: a
            valid credential is let in at any time.
        """
        if not self._policy.by_address:
            return 0.0
        now, network = self._clock.monotonic(), network_of(address)
        self._failed.failed(network, now)
        wait = self._failed.wait(network, now)
        if wait:
            self._observer.limit_reached(Limit.LOGINS)
        return wait

    def request(self, who: LimitSubject) -> None:
        """Counts a call that is not a stream. Raises LimitReached if there are too many per second."""
        if wait := self._requests.take(who, self._clock.monotonic(), 1.0):
            raise self._refusal(Limit.REQUESTS, f"more than {self._policy.requests:g} requests a second", wait)

    @contextmanager
    def stream(self, who: LimitSubject) -> Iterator[None]:
        """Counts a stream while it is open. Raises LimitReached if there are too many."""
        if who.exempt:
            yield
            return
        most = {f"s {who.subject}": float(self._policy.streams)}
        if self._policy.by_address:
            most[f"a {network_of(who.address)}"] = self._policy.streams * self._policy.by_address
        if any(self._streams[key] >= limit for key, limit in most.items()):
            raise self._refusal(Limit.STREAMS, f"more than {self._policy.streams} open streams", _STREAM_RETRY)
        self._streams.update(most.keys())
        try:
            yield
        finally:
            self._streams.subtract(most.keys())
            for key in most:
                if not self._streams[key]:
                    del self._streams[key]

    @property
    def open_streams(self) -> int:
        """Number of identities and addresses with open streams."""
        return len(self._streams)

    def frame(self, who: LimitSubject, size: int) -> TooFast | None:
        """Counts a frame of `size` bytes. Returns the limit it exceeds, or None."""
        if who.exempt:
            return None
        now = self._clock.monotonic()
        for limit, shared, amount in ((Limit.FRAMES, self._frames, 1.0), (Limit.BYTES, self._bytes, float(size))):
            if wait := shared.take(who, now, amount):
                self._observer.limit_reached(limit)
                return TooFast(limit, wait)
        return None

    def _refusal(self, limit: Limit, message: str, wait: float) -> LimitReached:
        self._observer.limit_reached(limit)
        reason = f"LIMIT_{limit.name}"
        return LimitReached(f"{message}; try again in {wait:.1f} s", retry_after=wait, reason=reason)


class _Shared:
    """A rate for each identity, and a multiple of it for each address."""

    def __init__(self, per_second: float, policy: LimitPolicy) -> None:
        self._by_subject: Buckets[str] = Buckets(Rate(per_second, per_second * _BURST_SECONDS), policy.most)
        self._by_address: Buckets[str] | None = None
        if policy.by_address:
            most = per_second * policy.by_address
            self._by_address = Buckets(Rate(most, most * _BURST_SECONDS), policy.most)

    def take(self, who: LimitSubject, now: float, amount: float) -> float:
        """Takes from both buckets. Returns the seconds to wait, 0 if taken."""
        if who.exempt:
            return 0.0
        if wait := self._by_subject.take(who.subject, now, amount):
            return wait
        return 0.0 if self._by_address is None else self._by_address.take(network_of(who.address), now, amount)


# It is asked with every frame, and reading an address takes microseconds.
@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Returns the part of an address that counts as one: in IPv6, what one subscriber may be assigned (a /64)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4 or parsed.is_loopback:
        return address
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
