"""The public keys of a token issuer: fetched when needed, but not too often."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import structlog
from jwt import PyJWK, PyJWTError

from portero_server.clock import Clock
from portero_server.errors import Unauthenticated, Unavailable


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """How fresh keys are.

    Attributes:
        interval: Least seconds between two attempts, whoever asks for what; a token with a key id never heard of
            may be the first of a new key, or one of a million made up.
        age: Seconds after which keys are fetched again, so that one the issuer took back ends here too.
    """

    interval: float = 30.0
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

    def due(self, now: float, *, known: bool) -> bool:
        """Whether to fetch now, for a token whose key is known or not."""
        if self._tried is not None and now - self._tried < self._policy.interval:
            return False
        return not known or self._fetched is None or now - self._fetched >= self._policy.age

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
    """A key, and the one algorithm it is used with: RS256 or ES256."""

    key: PyJWK
    algorithm: str


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

    async def find(self, key_id: str) -> IssuerKey:
        """Returns the key with this id.

        A known key is returned at once, while old keys are refreshed in the background. An unknown key may be new: it
        is fetched, at most once per interval; all other requests meanwhile are refused without a fetch.

        Raises:
            Unauthenticated: The issuer has no such key.
            Unavailable: The issuer's keys could never be fetched.
        """
        found = self._keys.get(key_id)
        if self._fetching is None and self._plan.due(self._clock.monotonic(), known=found is not None):
            self._plan.tried(self._clock.monotonic())
            self._fetching = asyncio.create_task(self._refresh())
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
        raise Unauthenticated("the token is signed with a key its issuer does not have", reason="TOKEN_UNKNOWN_KEY")

    async def _refresh(self) -> None:
        try:
            fetched = await self._fetch()
        except Unavailable as error:
            # Known keys stay valid: an issuer that is down for an hour must not end every stream.
            _log.warning("issuer_keys_not_fetched", reason=error.reason, known=len(self._keys))
        else:
            self._keys = dict(filter(None, map(_read, fetched[:_MOST_KEYS])))
            self._plan.fetched(self._clock.monotonic())
            _log.info("issuer_keys_fetched", keys=len(self._keys))
        finally:
            self._fetching = None


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
    return key_id, IssuerKey(key, algorithm)
