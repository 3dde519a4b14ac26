"""Verifies tokens of an OIDC issuer (RFC 7519, RFC 8725), and maps their claims to roles.

An access token of Amazon Cognito has no `aud`, but the `client_id` it was made for; its ID token has `aud`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

import jwt
from jwt.types import Options
from jwt.utils import base64url_decode

from portero_server.access.issuer_keys import IssuerKey
from portero_server.access.strict_json import strict_object
from portero_server.access.token_checks import TokenChecks
from portero_server.clock import Clock
from portero_server.domain.access.identities import AuthMethod, Grant, Identity
from portero_server.errors import Unauthenticated

ALGORITHMS = frozenset({"RS256", "ES256"})
"""The only algorithms accepted: with HS256 or "none", anybody who knows the public key could forge a token."""

_MOST_SUBJECT = 128
_MOST_KEY_ID = 256
_PARTS = 3
_LATEST_TIME = 32_503_680_000
"""The year 3000, in seconds since 1970: no token is valid that long, and a time in milliseconds is beyond it."""
_SIGNATURE_ONLY: Options = {
    "verify_signature": True,
    "verify_aud": False,
    "verify_exp": False,
    "verify_iat": False,
    "verify_iss": False,
    "verify_jti": False,
    "verify_nbf": False,
    "verify_sub": False,
}
_UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, RecursionError)

ROLES_CLAIM = "cognito:groups"
LEEWAY = 30.0


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """Which tokens are accepted, and what their claims grant.

    Attributes:
        issuer: `iss`, exactly.
        audiences: One of these must be in `aud`, or, where there is no `aud`, be the `client_id`.
        grants: What a value of the roles' claim grants.
        roles_claim: Name of that claim; a word or a list of words.
        leeway: By how much the clocks of issuer and server may differ, seconds.
        remembered: Tokens remembered as verified; the one not shown for the longest is forgotten.
    """

    issuer: str
    audiences: frozenset[str]
    grants: Mapping[str, Sequence[Grant]]
    roles_claim: str = ROLES_CLAIM
    leeway: float = LEEWAY
    remembered: int = 4096


class KeySource(Protocol):
    """Looks up the issuer's keys."""

    async def find(self, key_id: str) -> IssuerKey:
        """Returns the key with this id. Raises Unauthenticated or Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class _Verified:
    """What a token proved, and the key that its signature was verified with."""

    identity: Identity
    key_id: str
    key: IssuerKey


class TokenVerifier:
    """Verifies tokens of one issuer.

    A token that was verified is remembered by its digest until it expires or its key changes, so that a caller's next
    calls neither wait nor cost a signature.
    """

    def __init__(self, policy: TokenPolicy, keys: KeySource, checks: TokenChecks, clock: Clock) -> None:
        self._policy = policy
        self._keys = keys
        self._checks = checks
        self._clock = clock
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def identify(self, text: str, address: str = "") -> Identity:
        """Returns the identity that a token proves.

        Args:
            text: The unchecked text of the request.
            address: Where it came from; unknown tokens of one address wait for each other.

        Raises:
            Unauthenticated: It is not a token, or one of another issuer or for another audience, has expired, or its
                signature is wrong.
            LimitReached: Too many unknown tokens of this address wait to be verified.
            Unavailable: The issuer's keys cannot be fetched.
        """
        if text.count(".") != _PARTS - 1 or not text.isascii():
            raise _invalid("the bearer is neither an API key nor a token")
        digest = sha256(text.encode()).digest()
        if (known := await self._remembered(digest)) is not None:
            return known
        async with self._checks.turn(address):
            verified = await self._verify(text)
        self._verified[digest] = verified
        if len(self._verified) > self._policy.remembered:
            self._verified.popitem(last=False)
        return verified.identity

    async def _remembered(self, digest: bytes) -> Identity | None:
        known = self._verified.get(digest)
        if known is None:
            return None
        if not known.identity.expired(self._clock.now()):
            try:
                # Asked each time: keys are fetched again when they are old, and one the issuer took back ends here too.
                valid = await self._keys.find(known.key_id) is known.key
            except Unauthenticated:
                valid = False
            if valid:
                self._verified.move_to_end(digest)
                return known.identity
        self._verified.pop(digest, None)
        return None

    async def _verify(self, text: str) -> _Verified:
        algorithm, key_id, claimed = _unverified(text)
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise Unauthenticated("the token must be signed with RS256 or ES256", reason="TOKEN_WRONG_ALGORITHM")
        if claimed.get("iss") != self._policy.issuer:
            raise Unauthenticated("the token is not of this server's issuer", reason="TOKEN_WRONG_ISSUER")
        # Looked at before the keys are: what has expired is never worth a fetch.
        self._end(claimed)
        if not isinstance(key_id, str) or len(key_id) > _MOST_KEY_ID:
            raise Unauthenticated("the token names no key", reason="TOKEN_UNKNOWN_KEY")
        found = await self._keys.find(key_id)
        if found.algorithm != algorithm:
            raise Unauthenticated("the token's key is not for its algorithm", reason="TOKEN_WRONG_ALGORITHM")
        return _Verified(self._identity(_verified(text, found)), key_id, found)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject, end = claims.get("sub"), self._end(claims)
        if not isinstance(subject, str) or not 0 < len(subject) <= _MOST_SUBJECT or not subject.isprintable():
            raise _invalid("the token names nobody")
        if not self._is_for_us(claims):
            raise Unauthenticated("the token was made for somebody else", reason="TOKEN_WRONG_AUDIENCE")
        said = claims.get(self._policy.roles_claim)
        words = said if isinstance(said, list) else [said]
        grants = tuple(grant for word in words if isinstance(word, str) for grant in self._policy.grants.get(word, ()))
        token_id = claims.get("jti")
        shown = token_id if isinstance(token_id, str) and len(token_id) <= _MOST_SUBJECT else ""
        return Identity(f"users/{subject}", AuthMethod.TOKEN, grants, end, shown)

    def _is_for_us(self, claims: Mapping[str, Any]) -> bool:
        audience = claims.get("aud")
        if audience is None:
            client = claims.get("client_id")
            return isinstance(client, str) and client in self._policy.audiences
        named = audience if isinstance(audience, list) else [audience]
        return any(isinstance(word, str) and word in self._policy.audiences for word in named)

    def _end(self, claims: Mapping[str, Any]) -> datetime:
        """Returns when the token expires. Raises an error if it has expired, or is not valid yet."""
        now, leeway = self._clock.now(), timedelta(seconds=self._policy.leeway)
        begin = _time("nbf", claims.get("nbf", 0))
        end = _time("exp", claims.get("exp")) + leeway
        if now >= end:
            raise Unauthenticated("the token has expired", reason="TOKEN_EXPIRED")
        if now < begin - leeway:
            raise _invalid("the token is not valid yet")
        return end


def _unverified(text: str) -> tuple[object, object, Mapping[str, Any]]:
    try:
        header, claims = (strict_object(base64url_decode(part)) for part in text.split(".")[:2])
        # Judges the form of the whole token, signature included.
        jwt.get_unverified_header(text)
    except _UNREADABLE:
        raise _invalid("the bearer is neither an API key nor a token") from None
    return header.get("alg"), header.get("kid"), claims


def _verified(text: str, found: IssuerKey) -> Mapping[str, Any]:
    # What else there is to check is checked here, by the server's clock and with a reason for each.
    try:
        claims: Mapping[str, Any] = jwt.decode(text, found.key, algorithms=[found.algorithm], options=_SIGNATURE_ONLY)
    except _UNREADABLE:
        raise _invalid("the token's signature is wrong") from None
    return claims


def _time(claim: str, seconds: object) -> datetime:
    """Returns the time in a claim: a finite JSON number of seconds since 1970, before the year 3000.

    Raises:
        Unauthenticated: It is anything else; NaN and the infinities included, whoever parsed them.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _LATEST_TIME:
        raise _invalid(f"the token's {claim} must be a number of seconds since 1970, at most {_LATEST_TIME}")
    return datetime.fromtimestamp(seconds, UTC)


def _invalid(message: str) -> Unauthenticated:
    return Unauthenticated(message, reason="TOKEN_INVALID")
