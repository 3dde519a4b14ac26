"""An OIDC issuer on a loopback port: discovery and keys over HTTP, tokens as Amazon Cognito's, keys that rotate."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from portero_server.clock import Clock

CLIENT = "portero-app"
"""The client id that its tokens are made for."""


@cache
def rsa_key(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Makes an RSA key, once a test process; numbers tell them apart."""
    del number
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """Makes a key on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def jwk_of(kid: str, key: Any) -> dict[str, Any]:
    """Returns the member of a key set that tells a private key's public half."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig", "alg": "ES256"}
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig", "alg": "RS256"}


class OidcIssuer:
    """Signs tokens and tells its keys.

    Attributes:
        keys: Private keys by id; all are told, the one named is signed with.
        requests: Paths asked for.
        away: Whether it hangs up without an answer.
        extra: Members of the key set beside the keys.
        text_of: Returns the text answered for a path, or None for the usual document.
    """

    def __init__(self, clock: Clock) -> None:
        self.keys: dict[str, Any] = {"first": rsa_key(1)}
        self.requests: list[str] = []
        self.away = False
        self.extra: list[Any] = []
        self.text_of: Callable[[str], str | None] = lambda path: None
        self.url = ""
        self._clock = clock

    @property
    def fetches(self) -> int:
        """How often its keys were asked for."""
        return self.requests.count("/keys")

    def access_token(self, *groups: str, kid: str = "first", **claims: Any) -> str:
        """Makes an access token: it has a client id and no audience."""
        return self.token({"client_id": CLIENT, "token_use": "access", "cognito:groups": list(groups)} | claims, kid)

    def id_token(self, *groups: str, **claims: Any) -> str:
        """Makes an ID token: it has an audience."""
        return self.token({"aud": CLIENT, "token_use": "id", "cognito:groups": list(groups)} | claims)

    def token(self, claims: dict[str, Any], kid: str = "first", key: Any = None, algorithm: str | None = None) -> str:
        """Makes any token; a claim that is None is left out."""
        now = self._clock.now()
        usual = {"iss": self.url, "sub": "7d1f", "iat": now, "exp": now + timedelta(hours=1), "jti": "t-1"}
        body = {name: value for name, value in (usual | claims).items() if value is not None}
        key = key or self.keys[kid]
        algorithm = algorithm or ("ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256")
        return jwt.encode(body, key, algorithm, headers={"kid": kid})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request."""
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        self.requests.append(path)
        if not self.away:
            body = (self.text_of(path) or json.dumps(self._document(path))).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        writer.close()

    def _document(self, path: str) -> dict[str, Any]:
        if path == "/keys":
            return {"keys": [jwk_of(kid, key) for kid, key in self.keys.items()] + self.extra}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}


@asynccontextmanager
async def oidc_issuer(clock: Clock) -> AsyncIterator[OidcIssuer]:
    """Runs an issuer on a free port."""
    issuer = OidcIssuer(clock)
    server = await asyncio.start_server(issuer.serve, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield issuer
