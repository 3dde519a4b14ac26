"""What every answer says to the browser, and who is turned away at once."""

from __future__ import annotations

import pytest

from portero_console.security.headers import CONTENT_SECURITY_POLICY
from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser, browser_of


@pytest.mark.parametrize("path", ["/now", "/login", "/api/v1/people", "/nowhere", "/api/v1/nowhere", "/static/x"])
async def test_every_answer_is_protected(path: str, browser: Browser) -> None:
    """Pages, documents and errors forbid foreign content, frames, sniffing, foreign referrers and caching."""
    headers = (await browser.http.get(path)).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    # With "no-referrer" forms without TLS come from the origin "null", and nobody could log in.
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_the_policy_allows_nothing_inline() -> None:
    """No word of the policy allows inline code, evaluation, plugins or frames."""
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


async def test_over_tls_browsers_are_told_to_stay_there(server: FakeServer) -> None:
    """Strict-Transport-Security goes out with TLS and only then."""
    over_tls = browser_of(server.address, base="https://127.0.0.1:8080")
    plain = browser_of(server.address)
    assert "strict-transport-security" in (await over_tls.http.get("/login")).headers
    assert "strict-transport-security" not in (await plain.http.get("/login")).headers
    for each in (over_tls, plain):
        await each.parts.aclose()


async def test_a_foreign_name_is_misdirected(server: FakeServer) -> None:
    """A page whose name was made to lead here reads nothing, and is told which setting has the names."""
    foreign = browser_of(server.address, base="http://evil.example:8080")
    answer = await foreign.http.get("/api/v1/people")
    assert (answer.status_code, answer.json()["reason"]) == (421, "UNKNOWN_HOST")
    assert "PORTERO_CONSOLE_HOSTS" in answer.json()["detail"]
    await foreign.parts.aclose()


async def test_a_foreign_page_changes_nothing(browser: Browser, server: FakeServer) -> None:
    """A form of another site is refused before the server is called."""
    answer = await browser.http.post(
        "/api/v1/people", json={"display_name": "Eve"}, headers={"origin": "http://evil.example"}
    )
    assert (answer.status_code, answer.json()["reason"]) == (403, "FOREIGN_ORIGIN")
    assert server.calls["CreatePerson"] == 0
