"""Verifies tokens of an OIDC issuer (RFC 7519, RFC 8725), and maps their claims to roles.

An access token of Amazon Cognito has no `aud`, but the `client_id` it was made for; its ID token has `aud`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import jwt
from jwt.types import Options
from jwt.utils import base64url_decode

from portero_server.access.issuer_keys import IssuerKey
from portero_server.access.strict_json import strict_object
from portero_server.clock import Clock
from portero_server.domain.access.identities import AuthMethod, Grant, Identity
from portero_server.errors import Unauthenticated

ALGORITHMS = frozenset({"RS256", "ES256"})
"""The only algorithms accepted: with HS256 or "none", anybody who knows the public key could forge a token."""

_MOST_SUBJECT = 128
_MOST_KEY_ID = 256
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


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """Which tokens are accepted, and what their claims grant.

    Attributes:
        issuer: `iss`, exactly.
        audiences: One of these must be in `aud`, or, where there is no `aud`, be the `client_id`.
        grants: What a value of the roles' claim grants.
        roles_claim: Name of that claim; a word or a list of words.
        leeway: By how much the clocks of issuer and server may differ, seconds.
    """

    issuer: str
    audiences: frozenset[str]
    grants: Mapping[str, Sequence[Grant]]
    roles_claim: str = "cognito:groups"
    leeway: float = 30.0


class KeySource(Protocol):
    """Looks up the issuer's keys."""

    async def find(self, key_id: str) -> IssuerKey:
        """Returns the key with this id. Raises Unauthenticated or Unavailable."""
        ...


class TokenVerifier:
    """Verifies tokens of one issuer."""

    def __init__(self, policy: TokenPolicy, keys: KeySource, clock: Clock) -> None:
        self._policy = policy
        self._keys = keys
        self._clock = clock

    async def identify(self, text: str) -> Identity:
        """Returns the identity that a token proves.

        Raises:
            Unauthenticated: It is no token, of another issuer, for somebody else, expired, or its signature is wrong.
            Unavailable: The issuer's keys cannot be fetched.
        """
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
        return self._identity(_verified(text, found))

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
