"""Who is let in: logins, keys in the request, and anybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from portero.v1 import access_service_pb2 as access

from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.support.console.browser import KEY, Browser

Open = Callable[..., Browser]

_NO_KEY = Refusal(grpc.StatusCode.UNAUTHENTICATED, "no credential", reason="NO_CREDENTIAL")
_REVOKED = Refusal(grpc.StatusCode.UNAUTHENTICATED, "the key was revoked", reason="REVOKED")
_ELSEWHERE: dict[str, Any] = {
    "listen": "0.0.0.0:8080",
    "plaintext_off_loopback": True,
    "base": "http://192.0.2.7:8080",
    "address": "192.0.2.9",
}


def _asks_for_keys(server: FakeServer) -> None:
    server.keys.caller = access.GetCallerResponse(subject="keys/k1", grants=[access.Grant(role=access.ROLE_OPERATOR)])


async def test_on_this_machine_a_server_without_auth_needs_no_login(browser: Browser) -> None:
    """Pages and calls are open, as the server is."""
    assert (await browser.http.get("/now")).status_code == 200
    assert (await browser.json("GET", "/caller"))["subject"] == "local"


async def test_a_server_that_asks_for_keys_gets_one(browser: Browser, server: FakeServer) -> None:
    """Without a key pages lead to the login, and calls are refused."""
    server.keys.refusal = _NO_KEY
    page = await browser.http.get("/people?x=1")
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Fpeople%3Fx%3D1")
    answer = await browser.http.get("/api/v1/people")
    assert (answer.status_code, answer.json()["reason"]) == (401, "LOGIN_NEEDED")
    assert server.calls["ListPeople"] == 0


async def test_whoever_the_server_takes_by_certificate_is_nobody_here(browser: Browser, server: FakeServer) -> None:
    """Only a server that knows everybody as local lets anybody in; an identity of the console itself is not lent."""
    server.keys.caller = access.GetCallerResponse(subject="bridges/lobby")
    assert (await browser.http.get("/api/v1/cameras")).status_code == 401


async def test_a_login_is_a_cookie_that_scripts_cannot_read(browser: Browser, server: FakeServer) -> None:
    """The browser holds a random word: HttpOnly, of this site, and never the key."""
    _asks_for_keys(server)
    answer = await browser.http.post("/login", data={"key": KEY, "next": "/people"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/people")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert KEY not in answer.headers["set-cookie"]
    assert (await browser.http.get("/people")).status_code == 200


async def test_over_tls_the_cookie_belongs_to_this_very_host(open_browser: Open, server: FakeServer) -> None:
    """The cookie is Secure, and its name keeps other hosts of the domain from setting it."""
    _asks_for_keys(server)
    browser = open_browser(base="https://127.0.0.1:8080")
    cookie = (await browser.http.post("/login", data={"key": KEY})).headers["set-cookie"]
    assert cookie.startswith("__Host-portero_console=")
    assert "secure" in cookie.lower()


async def test_changes_by_a_login_need_the_word_of_its_page(browser: Browser, server: FakeServer) -> None:
    """Without the word, or with another one, nothing is changed; with it, it is."""
    _asks_for_keys(server)
    csrf = await browser.log_in()
    for headers in ({}, {"x-csrf-token": "wrong"}):
        answer = await browser.http.post("/api/v1/people", json={"display_name": "Ana"}, headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (403, "NO_CSRF_TOKEN")
    assert server.calls["CreatePerson"] == 0
    await browser.json("POST", "/people", json={"display_name": "Ana"}, headers={"x-csrf-token": csrf})


async def test_programs_show_their_key_and_need_no_word(browser: Browser, server: FakeServer) -> None:
    """A key in the request goes before a login, and no page elsewhere can make a browser send it."""
    _asks_for_keys(server)
    await browser.json("POST", "/people", json={"display_name": "Ana"}, headers={"authorization": f"Bearer {KEY}"})


async def test_a_revoked_key_ends_its_logins(browser: Browser, server: FakeServer) -> None:
    """The first call that the server refuses ends every login of the key, and the next page leads to the login."""
    _asks_for_keys(server)
    await browser.log_in()
    server.refuse("ListPeople", _REVOKED)
    answer = await browser.http.get("/api/v1/people")
    assert (answer.status_code, answer.json()["reason"]) == (401, "REVOKED")
    server.keys.refusal = _NO_KEY
    assert (await browser.http.get("/now")).headers["location"].startswith("/login")


async def test_logging_out_ends_the_login_itself(browser: Browser, server: FakeServer) -> None:
    """A copy of the cookie is worth nothing afterward."""
    _asks_for_keys(server)
    await browser.log_in()
    copied = dict(browser.http.cookies)
    await browser.http.post("/logout")
    server.keys.refusal = _NO_KEY
    browser.http.cookies.update(copied)
    assert (await browser.http.get("/now")).status_code == 303


async def test_other_machines_do_not_come_in_without_a_key(open_browser: Open, server: FakeServer) -> None:
    """Where the server takes anybody, no page, no call, no made-up key and no login is enough."""
    browser = open_browser(**_ELSEWHERE)
    for headers in ({}, {"authorization": "Bearer anything"}):
        answer = await browser.http.get("/api/v1/people", headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (403, "SERVER_WITHOUT_AUTH")
    login = await browser.http.post("/login", data={"key": "anything"}, headers={"accept": "text/html"})
    assert login.status_code == 403
    assert server.calls["ListPeople"] == 0


async def test_a_setting_lets_other_machines_in_as_this_one(open_browser: Open) -> None:
    """PORTERO_CONSOLE_ANYONE_OFF_LOOPBACK is the explicit word for it."""
    browser = open_browser(**_ELSEWHERE, anyone_off_loopback=True)
    assert (await browser.http.get("/now")).status_code == 200


@pytest.mark.parametrize("key", ["", "two words", "\x00", "k" * 20000])
async def test_what_is_no_key_is_refused_as_a_key(key: str, browser: Browser, server: FakeServer) -> None:
    """A malformed key gets the form again, with words."""
    _asks_for_keys(server)
    answer = await browser.http.post("/login", data={"key": key})
    assert answer.status_code in (400, 401)
    assert 'name="key"' in answer.text


@pytest.mark.parametrize("header", ["forwarded", "x-forwarded-for"])
async def test_a_proxy_on_this_machine_lets_nobody_in(header: str, open_browser: Open, server: FakeServer) -> None:
    """A request that says that it was forwarded needs a key, unless the settings let anybody in."""
    for headers in ({header: "for=192.0.2.9"}, {header: "192.0.2.9", "authorization": "Bearer anything"}):
        answer = await open_browser().http.get("/api/v1/people", headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (403, "SERVER_WITHOUT_AUTH")
    assert server.calls["ListPeople"] == 0
    told = open_browser(anyone_off_loopback=True)
    assert (await told.http.get("/api/v1/people", headers={header: "192.0.2.9"})).status_code == 200
