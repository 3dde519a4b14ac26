"""The form for a key."""

from __future__ import annotations

from collections.abc import Callable

import grpc
from portero.v1 import access_service_pb2 as access

from portero_client import ConnectionSettings
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.support.console.browser import KEY, Browser, browser_of

Open = Callable[..., Browser]
_WRONG = Refusal(grpc.StatusCode.UNAUTHENTICATED, "there is no such key", reason="NO_SUCH_KEY")


async def test_a_wrong_key_gets_the_form_again(browser: Browser, server: FakeServer) -> None:
    """The words say what may be wrong, no cookie is set, and the key is not repeated."""
    server.keys.refusal = _WRONG
    answer = await browser.http.post("/login", data={"key": KEY, "next": "/people"})
    assert answer.status_code == 401
    assert "mistyped, expired or revoked" in answer.text
    assert 'name="next" value="/people"' in answer.text
    assert "set-cookie" not in answer.headers
    assert KEY not in answer.text


async def test_guessing_is_slowed_down(open_browser: Open, server: FakeServer) -> None:
    """After so many refused keys an address waits, also with the right key; another address does not."""
    browser = open_browser(login_rate=3.0)
    server.keys.refusal = _WRONG
    statuses = [(await browser.http.post("/login", data={"key": KEY})).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    server.keys.refusal = None
    server.keys.caller = access.GetCallerResponse(subject="keys/k1", grants=[access.Grant(role=access.ROLE_ADMIN)])
    assert (await browser.http.post("/login", data={"key": KEY})).status_code == 429
    calls = server.calls["GetCaller"]
    other = open_browser(login_rate=3.0, address="127.0.0.2")
    assert (await other.http.post("/login", data={"key": KEY})).status_code == 303
    assert server.calls["GetCaller"] == calls + 1


async def test_logging_in_leads_on_within_the_console(browser: Browser, server: FakeServer) -> None:
    """An address elsewhere is not followed."""
    server.keys.caller = access.GetCallerResponse(subject="keys/k1", grants=[access.Grant(role=access.ROLE_ADMIN)])
    answer = await browser.http.post("/login", data={"key": KEY, "next": "https://evil.example"})
    assert answer.headers["location"] == "/"


async def test_a_server_that_is_away_is_not_a_wrong_key(server: FakeServer) -> None:
    """The page says that the server does not answer."""
    away = browser_of("127.0.0.1:1")
    answer = await away.http.post("/login", data={"key": KEY}, headers={"accept-language": "es"})
    assert answer.status_code == 503
    assert "El servidor no responde" in answer.text
    await away.parts.aclose()


async def test_a_key_that_would_travel_unprotected_is_not_sent() -> None:
    """A console that calls a server elsewhere without TLS says so, and does not call the key wrong."""
    elsewhere = browser_of(ConnectionSettings("portero.example:50051", tls=False))
    answer = await elsewhere.http.post("/login", data={"key": KEY})
    assert answer.status_code == 400
    assert "a token is not sent to portero.example:50051 without TLS" in answer.text
    await elsewhere.parts.aclose()


async def test_a_new_login_ends_the_one_before(browser: Browser, server: FakeServer) -> None:
    """A browser has one login: a copy of its old cookie is worth nothing."""
    server.keys.caller = access.GetCallerResponse(subject="keys/k1", grants=[access.Grant(role=access.ROLE_OPERATOR)])
    await browser.log_in()
    copied = dict(browser.http.cookies)
    await browser.log_in()
    server.keys.refusal = Refusal(grpc.StatusCode.UNAUTHENTICATED, "no credential", reason="NO_CREDENTIAL")
    browser.http.cookies.clear()
    browser.http.cookies.update(copied)
    assert (await browser.http.get("/now")).status_code == 303
