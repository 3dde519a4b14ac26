"""The public keys of a token issuer: fetched when needed, but not too often.

A key id that is not known may be of a new key, or made up. Either way one fetch is planned, for the moment when the
interval since the last one has passed, and it is made then whether or not anybody asks again. So made-up ids use
nothing up: a new key is known one interval and two fetches after its first token at the latest (two, since one that is
in progress may have asked too early), whatever else is shown meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from jwt import PyJWK, PyJWTError

from portero_server.clock import Clock
from portero_server.errors import Unauthenticated, Unavailable


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """How fresh keys are.

    Attributes:
        interval: Least seconds between two attempts, whoever asks for what.
        age: Seconds after which keys are fetched again, so that one the issuer took back ends here too.
    """

    interval: float = 10.0
    age: float = 600.0


class FetchPlan:
    """Decides when to fetch; `now` is monotonic seconds."""

    def __init__(self, policy: FetchPolicy) -> None:
        self._policy = policy
        self._tried: float | None = None
        self._fetched: float | None = None

    @property
    def have(self) -> bool:
        """Whether keys were ever fetched."""
        return self._fetched is not None

    def wait(self, now: float, *, known: bool) -> float | None:
        """Returns the seconds until the fetch that a token whose key is known or not makes necessary.

        0: now; None: no fetch is necessary.
        """
        if known and self._fetched is not None and now - self._fetched < self._policy.age:
            return None
        return 0.0 if self._tried is None else max(0.0, self._tried + self._policy.interval - now)

    def tried(self, now: float) -> None:
        """Records that a fetch starts."""
        self._tried = now

    def fetched(self, now: float) -> None:
        """Records that a fetch succeeded."""
        self._fetched = now


_log = structlog.get_logger(__name__)

_LEAST_RSA = 2048
# A larger key would cost time on every call.
_MOST_RSA = 8192
_MOST_KEYS = 100


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key, and the one algorithm it is used with: RS256 or ES256.

    Attributes:
        key: What verifies signatures.
        algorithm: Name of the algorithm of the signatures.
        member: The key's member of the key set, as the issuer tells it.
    """

    key: PyJWK
    algorithm: str
    member: Mapping[str, Any] = field(default_factory=dict, compare=False)


class IssuerKeys:
    """Looks up an issuer's keys."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Sequence[Any]]], clock: Clock, policy: FetchPolicy | None = None
    ) -> None:
        """Starts without keys; the first look-up fetches them.

        Args:
            fetch: Returns the members of the key set; raises Unavailable.
            clock: Measures their age.
            policy: How fresh they must be.
        """
        self._fetch = fetch
        self._clock = clock
        self._plan = FetchPlan(policy or FetchPolicy())
        self._keys: Mapping[str, IssuerKey] = {}
        self._fetching: asyncio.Task[None] | None = None
        self._planned: asyncio.TimerHandle | None = None

    async def find(self, key_id: str) -> IssuerKey:
        """Returns the key with this id.

        A known key is returned at once, while old keys are refreshed in the background. An unknown key may be new: it
        is fetched, or, less than an interval after the last fetch, refused while a fetch is planned.

        Raises:
            Unauthenticated: The issuer had no such key when it was last asked; says when it is asked again.
            Unavailable: The issuer's keys could never be fetched.
        """
        found = self._keys.get(key_id)
        wait = self._plan.wait(self._clock.monotonic(), known=found is not None)
        if wait is not None:
            self._plan_fetch(wait)
        if found is not None:
            return found
        if self._fetching is not None:
            await asyncio.shield(self._fetching)
            found = self._keys.get(key_id)
        if found is not None:
            return found
        if not self._plan.have:
            raise Unavailable(
                "the keys of the issuer of tokens cannot be had now", retry_after=30.0, reason="ISSUER_UNAVAILABLE"
            )
        refusal = Unauthenticated("the token is signed with a key its issuer does not have", reason="TOKEN_UNKNOWN_KEY")
        refusal.retry_after = self._plan.wait(self._clock.monotonic(), known=False)
        raise refusal

    def _plan_fetch(self, wait: float) -> None:
        if self._fetching is not None:
            return
        if wait <= 0:
            self._begin()
        elif self._planned is None:
            self._planned = asyncio.get_running_loop().call_later(wait, self._begin)

    def _begin(self) -> None:
        if self._planned is not None:
            self._planned.cancel()
            self._planned = None
        if self._fetching is None:
            self._plan.tried(self._clock.monotonic())
            self._fetching = asyncio.create_task(self._refresh())

    async def _refresh(self) -> None:
        try:
            fetched = await self._fetch()
        except Unavailable as error:
            # Known keys stay valid: an issuer that is down for an hour must not end every stream.
            _log.warning("issuer_keys_not_fetched", reason=error.reason, known=len(self._keys))
        else:
            read = dict(filter(None, map(_read, fetched[:_MOST_KEYS])))
            # A key that stays the same stays the same object: what was verified with it is known to be.
            self._keys = {key_id: self._unchanged(key_id, key) for key_id, key in read.items()}
            self._plan.fetched(self._clock.monotonic())
            _log.info("issuer_keys_fetched", keys=len(self._keys))
        finally:
            self._fetching = None

    def _unchanged(self, key_id: str, key: IssuerKey) -> IssuerKey:
        known = self._keys.get(key_id)
        return known if known is not None and known.member == key.member else key


def _read(member: Any) -> tuple[str, IssuerKey] | None:
    """Returns a key from a member of a key set, or None if it is not a supported signature key."""
    if not isinstance(member, dict) or not isinstance(key_id := member.get("kid"), str):
        return None
    if member.get("use", "sig") != "sig":
        return None
    algorithm = "RS256" if member.get("kty") == "RSA" else "ES256" if member.get("crv") == "P-256" else None
    if algorithm is None or member.get("alg", algorithm) != algorithm:
        return None
    try:
        key = PyJWK(member, algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    if algorithm == "RS256" and not _LEAST_RSA <= cast("Any", key.key).key_size <= _MOST_RSA:
        return None
    return key_id, IssuerKey(key, algorithm, member)
