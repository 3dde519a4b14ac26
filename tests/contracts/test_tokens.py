"""The contract of key sources on the real one, over HTTP from two servers, and on the one that tests use instead."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from portero_server.access.issuer_http import IssuerHttp
from portero_server.access.issuer_keys import IssuerKeys
from tests.contracts.token_contract import TokenCase, TokenContract
from tests.support.server.memory_keys import MemoryKeys
from tests.support.server.oidc_issuer import ec_key, jwk_of, oidc_issuer, rsa_key
from tests.support.time.virtual_time import ManualClock


def _keys() -> dict[str, Any]:
    return {"rsa": rsa_key(1), "ec": ec_key()}


class TestMemoryKeys(TokenContract):
    """Keys in memory."""

    @pytest.fixture
    async def case(self) -> TokenCase:
        """The fake alone."""
        fake = MemoryKeys(**_keys())

        def go_away(away: bool) -> None:
            fake.away = away

        return TokenCase("https://issuer.example", fake.keys, fake, ManualClock(), go_away)


class TestFakeIssuer(TokenContract):
    """The real source, and the issuer of the tests behind HTTP."""

    @pytest.fixture
    async def case(self) -> AsyncIterator[TokenCase]:
        """The issuer on a port of this machine; away, it hangs up."""
        clock = ManualClock()
        async with oidc_issuer(clock) as issuer:
            issuer.keys = _keys()

            def go_away(away: bool) -> None:
                issuer.away = away

            yield TokenCase(issuer.url, issuer.keys, IssuerKeys(IssuerHttp(issuer.url), clock), clock, go_away)


class _KeyServer(ThreadingHTTPServer):
    """A key set behind the web server of the standard library, with discovery in a folder of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.keys = _keys()
        self.away = False
        self.url = f"http://127.0.0.1:{self.server_port}/pools/one"


class _Answer(BaseHTTPRequestHandler):
    server: _KeyServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answers with the discovery document or the key set, or with 503 while it is away."""
        documents = {
            "/pools/one/.well-known/openid-configuration": {
                "issuer": self.server.url,
                "jwks_uri": f"{self.server.url}/jwks.json",
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            },
            "/pools/one/jwks.json": {"keys": [jwk_of(kid, key) for kid, key in self.server.keys.items()]},
        }
        body = json.dumps(documents[self.path]).encode()
        self.send_response(503 if self.server.away else 200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Logs nothing."""


@contextmanager
def _key_server() -> Iterator[_KeyServer]:
    with _KeyServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class TestKeyServer(TokenContract):
    """The real source, and a web server that is not of this project's making."""

    @pytest.fixture
    def case(self) -> Iterator[TokenCase]:
        """The server in a thread of this process; away, it answers with an error."""
        clock = ManualClock()
        with _key_server() as server:

            def go_away(away: bool) -> None:
                server.away = away

            yield TokenCase(server.url, server.keys, IssuerKeys(IssuerHttp(server.url), clock), clock, go_away)
