"""The keys of a token issuer, held in memory: what stands in for an issuer where nothing is to be fetched."""

from __future__ import annotations

from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from portero_server.access.issuer_keys import IssuerKey
from portero_server.errors import Unauthenticated, Unavailable


class MemoryKeys:
    """Implements `access.tokens.KeySource`.

    Attributes:
        keys: Private keys by id.
        away: Whether the issuer does not answer; keys that were looked up before are still found.
    """

    def __init__(self, **keys: Any) -> None:
        self.keys: dict[str, Any] = keys
        self.away = False
        self._known: dict[str, IssuerKey] = {}

    async def find(self, key_id: str) -> IssuerKey:
        """Returns the key with this id. Raises Unauthenticated, or Unavailable if none could ever be had."""
        if not self.away:
            self._known = {name: issuer_key(key) for name, key in self.keys.items()}
        elif not self._known:
            raise Unavailable("the issuer is away", retry_after=30.0, reason="ISSUER_UNAVAILABLE")
        if key_id not in self._known:
            raise Unauthenticated("the issuer has no such key", reason="TOKEN_UNKNOWN_KEY")
        return self._known[key_id]


def issuer_key(private: Any) -> IssuerKey:
    """Returns the public half of a key, as the server holds it."""
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return IssuerKey(jwt.PyJWK.from_json(ECAlgorithm.to_jwk(private.public_key())), "ES256")
    return IssuerKey(jwt.PyJWK.from_json(RSAAlgorithm.to_jwk(private.public_key())), "RS256")
