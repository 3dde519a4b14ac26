"""Limits per identity and per address: connections, logins, requests, streams, frames and bytes.

Requests, streams, frames and bytes are limited for each identity and, at a multiple, for each address, so that many
identities at one address cannot together do what none of them may. Connections are limited for each identity, and for
each address only those of callers without a valid credential. Failed logins are counted for each address.
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

# Seconds. When a stream will end cannot be known, unlike when a bucket fills.
_STREAM_RETRY = 5.0
# A caller that was silent may send at once what the rate allows in so many seconds.
_BURST_SECONDS = 2.0


class LimitObserver(Protocol):
    """Receives refusals, for metrics."""

    def limit_reached(self, limit: Limit) -> None:
        """Something was refused because of this limit."""
        ...


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """The limits of one identity, and how they apply to an address.

    Attributes:
        connections: New connections a minute; also of all callers without a valid credential at one address.
        requests: Unary calls a second.
        streams: Streams and watchers open at once.
        frames: Frames a second, of all its streams together.
        frame_bytes: Bytes of frames a second, of all its streams together.
        by_address: How many times an identity's requests, streams, frames and bytes all identities of one address may
            have together; 0: nothing is limited by address, for where all callers come through one proxy.
        logins: How long callers are told to wait after failed logins.
        most: Identities, addresses and connections remembered, each; beyond it the one unused for the longest is
            forgotten.
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
    """The identity and the address for which a call or frame is counted.

    Attributes:
        subject: Subject of the identity ("keys/ana").
        address: IP address of the peer, without port; "local" for a Unix socket.
        exempt: Whether nothing is counted; so for the local admin on its own machine.
    """

    subject: str
    address: str
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class TooFast:
    """The limit that a frame exceeds; a frame of its size may pass after `wait` seconds."""

    limit: Limit
    wait: float


class Limits:
    """Counts what callers do, and refuses what exceeds a limit."""

    def __init__(self, policy: LimitPolicy, observer: LimitObserver, clock: Clock) -> None:
        self._policy = policy
        self._observer = observer
        self._clock = clock
        self._failed_logins = FailedLogins(policy.logins)
        self._connections: Buckets[str] = Buckets(
            Rate(policy.connections / 60, max(1.0, policy.connections)), policy.most
        )
        # Peers of connections that were counted already.
        self._counted: OrderedDict[str, None] = OrderedDict()
        self._requests = _SharedRate(policy.requests, policy)
        self._frames = _SharedRate(policy.frames, policy)
        self._bytes = _SharedRate(policy.frame_bytes, policy)
        # Open streams of each identity and address; the keys are made in `stream`.
        self._streams: Counter[str] = Counter()

    def connected(self, peer: str, holder: str) -> None:
        """Counts a connection at its first call; gRPC does not report connections themselves.

        Callers with a valid credential are counted by identity. Addresses are counted only for callers without one, so
        that nobody at an address can keep the others there from connecting.

        Args:
            peer: The connection's other end with its port, as gRPC writes it ("ipv4:192.0.2.7:51034").
            holder: Subject of an identity, or, for callers without a valid credential, an address.

        Raises:
            LimitReached: The holder has opened too many. The connection is not counted yet, so each of its calls is
                refused until the rate allows one more.
        """
        if peer in self._counted:
            return
        # A subject is not an address, and is its own network.
        if wait := self._connections.take(network_of(holder), self._clock.monotonic()):
            message = f"you opened more than {self._policy.connections:g} connections a minute"
            raise self._refusal(Limit.CONNECTIONS, message, wait)
        self._counted[peer] = None
        if len(self._counted) > self._policy.most:
            self._counted.popitem(last=False)

    def stranger(self, peer: str, address: str) -> None:
        """Counts a connection of a caller without a valid credential; does nothing where addresses are not limited.

        Args:
            peer: As for `connected`.
            address: The peer's IP address, without port.

        Raises:
            LimitReached: As `connected`.
        """
        if self._policy.by_address:
            self.connected(peer, address)

    def login_failed(self, address: str) -> float:
        """Counts a failed login from this address.

        Returns:
            Seconds that the caller is advised to wait before the next attempt, longer with each failure. Nothing
            enforces them: a valid credential is let in at any time.
        """
        if not self._policy.by_address:
            return 0.0
        now, network = self._clock.monotonic(), network_of(address)
        self._failed_logins.failed(network, now)
        wait = self._failed_logins.wait(network, now)
        if wait:
            self._observer.limit_reached(Limit.LOGINS)
        return wait

    def request(self, who: LimitSubject) -> None:
        """Counts a unary call. Raises LimitReached if there are too many per second."""
        if wait := self._requests.take(who, self._clock.monotonic(), 1.0):
            raise self._refusal(Limit.REQUESTS, f"more than {self._policy.requests:g} requests a second", wait)

    @contextmanager
    def stream(self, who: LimitSubject) -> Iterator[None]:
        """Counts a stream while it is open. Raises LimitReached if there are too many."""
        if who.exempt:
            yield
            return
        # One counter for both, so the first letter keeps a subject and an address apart that read alike.
        limits = {f"s {who.subject}": float(self._policy.streams)}
        if self._policy.by_address:
            limits[f"a {network_of(who.address)}"] = self._policy.streams * self._policy.by_address
        for key, limit in limits.items():
            if self._streams[key] >= limit:
                whose = "" if key.startswith("s ") else " of all callers at your address"
                raise self._refusal(Limit.STREAMS, f"more than {limit:g} open streams{whose}", _STREAM_RETRY)
        self._streams.update(limits.keys())
        try:
            yield
        finally:
            self._streams.subtract(limits.keys())
            for key in limits:
                if not self._streams[key]:
                    del self._streams[key]

    @property
    def stream_holders(self) -> int:
        """Number of identities and addresses with open streams; an exempt caller is not among them."""
        return len(self._streams)

    def frame(self, who: LimitSubject, size: int) -> TooFast | None:
        """Counts a frame of `size` bytes. Returns the limit that it exceeds, and then it must be rejected, or None."""
        if who.exempt:
            return None
        now = self._clock.monotonic()
        limit = Limit.FRAMES
        wait = self._frames.take(who, now, 1.0)
        if not wait:
            limit = Limit.BYTES
            wait = self._bytes.take(who, now, float(size))
            if not wait:
                return None
            self._frames.put_back(who, 1.0)
        self._observer.limit_reached(limit)
        return TooFast(limit, wait)

    def _refusal(self, limit: Limit, message: str, wait: float) -> LimitReached:
        self._observer.limit_reached(limit)
        reason = f"LIMIT_{limit.name}"
        return LimitReached(f"{message}; try again in {max(0.1, wait):.1f} s", retry_after=wait, reason=reason)


class _SharedRate:
    """A rate for each identity, and a multiple of it that all identities of an address share."""

    def __init__(self, per_second: float, policy: LimitPolicy) -> None:
        """Creates full buckets; `per_second` is an identity's, in the units that `take` is given."""
        self._by_subject: Buckets[str] = Buckets(Rate(per_second, per_second * _BURST_SECONDS), policy.most)
        self._by_address: Buckets[str] | None = None
        if policy.by_address:
            of_address = per_second * policy.by_address
            self._by_address = Buckets(Rate(of_address, of_address * _BURST_SECONDS), policy.most)

    def take(self, who: LimitSubject, now: float, amount: float) -> float:
        """Takes from the identity's bucket and from the address's, or from neither.

        Returns:
            0 if both gave it; else the seconds after which the one that refused has enough.
        """
        if who.exempt:
            return 0.0
        if wait := self._by_subject.take(who.subject, now, amount):
            return wait
        wait = 0.0 if self._by_address is None else self._by_address.take(network_of(who.address), now, amount)
        if wait:
            self._by_subject.put_back(who.subject, amount)
        return wait

    def put_back(self, who: LimitSubject, amount: float) -> None:
        """Puts back what was taken a moment ago, since it led to nothing."""
        self._by_subject.put_back(who.subject, amount)
        if self._by_address is not None:
            self._by_address.put_back(network_of(who.address), amount)


# Cached because every frame asks, and parsing an address takes microseconds.
@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Returns what is counted for an address: in IPv6 its /64, which one subscriber has whole; else it as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4 or parsed.is_loopback:
        return address
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
