"""Which names and which pages are let through."""

from __future__ import annotations

import pytest

from portero_console.security.origins import host_of, is_forged, is_our_name

OURS = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("header", "host"),
    [("Console.Example:8080", "console.example"), ("[::1]:8080", "::1"), ("127.0.0.1", "127.0.0.1"), ("", "")],
)
def test_a_host_is_named_without_its_port(header: str, host: str) -> None:
    """Names are in lower case, addresses of IPv6 without brackets."""
    assert host_of(header) == host


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("localhost:8080", True),
        ("console.example", True),
        ("evil.example:8080", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_only_known_names_lead_here(header: str, known: bool) -> None:
    """A name that somebody else made lead to this machine is refused, an address is not."""
    assert is_our_name(header, "127.0.0.1", {"console.example"}) is known


def test_a_star_takes_any_name() -> None:
    """Where something in front checks, every name is ours."""
    assert is_our_name("evil.example", "127.0.0.1", {"*"})


@pytest.mark.parametrize(
    ("method", "headers", "forged"),
    [
        ("GET", {"sec-fetch-site": "cross-site", "origin": "http://evil.example"}, False),
        ("POST", {"sec-fetch-site": "same-origin"}, False),
        ("POST", {"sec-fetch-site": "none"}, False),
        ("POST", {"sec-fetch-site": "same-site", "origin": OURS}, True),
        ("POST", {"sec-fetch-site": "cross-site"}, True),
        ("DELETE", {"origin": "http://evil.example"}, True),
        ("DELETE", {"origin": "null"}, True),
        ("PATCH", {"origin": OURS}, False),
        ("POST", {}, False),
    ],
)
def test_changes_come_from_our_own_pages_or_from_programs(method: str, headers: dict[str, str], forged: bool) -> None:
    """What a browser says of a foreign page refuses a change; a request that says nothing is a program's."""
    assert is_forged(method, "/people", headers, OURS) is forged


def test_pages_elsewhere_do_not_call_the_api() -> None:
    """A foreign page may link here, and takes no place among the live views."""
    foreign = {"sec-fetch-site": "cross-site"}
    assert not is_forged("GET", "/now", foreign, OURS)
    assert is_forged("GET", "/api/v1/live", foreign, OURS)
    assert not is_forged("GET", "/api/v1/live", {"sec-fetch-site": "same-origin"}, OURS)
