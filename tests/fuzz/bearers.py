"""What strangers show as `authorization`: API keys, tokens, and whatever else."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

from portero_server.access.key_text import digest_of, key_id_of, matches, mint
from portero_server.access.token_checks import TokenChecks
from portero_server.access.tokens import TokenPolicy, TokenVerifier
from portero_server.domain.access.identities import Identity
from portero_server.domain.access.rates import Limit
from portero_server.domain.access.turns import TurnPolicy
from portero_server.errors import Unauthenticated
from portero_server.rpc.auth.interceptor import bearer_in
from tests.support.server.memory_keys import MemoryKeys
from tests.support.server.oidc_issuer import ec_key
from tests.support.time.virtual_time import ManualClock

_ISSUER = "https://issuer.example"
_EXPIRY = ManualClock().now().timestamp() + 3600


class _Unobserved:
    """Counts nothing."""

    def limit_reached(self, limit: Limit) -> None:
        """Does nothing."""


_verifier = TokenVerifier(
    TokenPolicy(_ISSUER, frozenset({"portero"}), {}),
    MemoryKeys(k1=ec_key()),
    TokenChecks(TurnPolicy(per_second=1e12), _Unobserved(), ManualClock()),
    ManualClock(),
)


def bearer_tokens(data: bytes) -> None:
    """A stranger's text is refused as unauthenticated, and claims that an issuer signed are read or refused."""
    text = bearer_in(data.decode("latin-1")) or ""
    if key_id_of(text) is not None:
        assert matches(text, digest_of(text))
    _refused(text)
    header, _, claims = data.partition(b"\n")
    _refused(".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (header, claims, b"no")))
    with suppress(Unauthenticated, ValueError, RecursionError):
        said = json.loads(claims)
        if isinstance(said, dict):
            assert isinstance(_verifier._identity(said), Identity)


def bearer_tokens_seeds() -> list[bytes]:
    """Returns a key, and headers and claims that almost make a token."""
    claims = {"iss": _ISSUER, "exp": _EXPIRY, "sub": "ana", "aud": "portero", "jti": "1"}
    header = {"alg": "ES256", "kid": "k1", "typ": "JWT"}
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (header, claims),
        ({**header, "alg": ["ES256"]}, claims),
        ({**header, "b64": False, "crit": ["b64"]}, claims),
        (header, {**claims, "nbf": -62_135_596_800}),
        (header, {**claims, "exp": 1e308}),
        (header, {**claims, "aud": None, "client_id": ["portero"]}),
        (header, {**claims, "aud": ["x"], "cognito:groups": [["admins"], 1, "admins"]}),
    ]
    return [
        b"Bearer " + mint()[1].encode(),
        b"bearer a.b.c",
        *(json.dumps(head).encode() + b"\n" + json.dumps(said).encode() for head, said in pairs),
    ]


def _refused(text: str) -> None:
    try:
        _verifier.identify(text).send(None)
    except Unauthenticated:
        return
    except StopIteration:
        raise AssertionError("a token that nobody signed was taken") from None
    raise AssertionError("something waited")
