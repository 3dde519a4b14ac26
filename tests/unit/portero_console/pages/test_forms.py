"""Forms without a script, and where they lead."""

from __future__ import annotations

import pytest

from portero_console.pages.forms import local_path
from tests.support.console.browser import Browser

_FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/people/ana?x=1", "/people/ana?x=1"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\\..\\b", "/"),
        ("/a\r\nset-cookie: x", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("/" + "x" * 600, "/"),
    ],
)
def test_no_form_leads_elsewhere(wanted: str, path: str) -> None:
    """Only a path on this console is gone on to."""
    assert local_path(wanted) == path


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{}", {"content-type": "application/json"}, 415),
        (b"key=" + b"x" * 70_000, _FORM, 413),
        ("key=ñ".encode(), _FORM, 400),
        (b"&".join(b"a%d=1" % number for number in range(30)), _FORM, 400),
    ],
)
async def test_what_is_no_form_is_refused(
    content: bytes, headers: dict[str, str], status: int, browser: Browser
) -> None:
    """Other types, large bodies, other alphabets and hundreds of fields are turned away."""
    assert (await browser.http.post("/login", content=content, headers=headers)).status_code == status
