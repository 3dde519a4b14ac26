"""Pages as they are rendered: language, theme, and nothing that somebody typed as HTML."""

from __future__ import annotations

import re

import pytest
from portero.v1 import access_service_pb2 as access

from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser

_PAGES = ("/now", "/wall", "/people", "/enroll", "/people/ana", "/search", "/sightings", "/review", "/login")


@pytest.mark.parametrize("path", _PAGES)
@pytest.mark.parametrize("language", ["en", "es"])
async def test_each_page_is_in_the_browsers_language(path: str, language: str, browser: Browser) -> None:
    """Every page has its language, one heading, a title and no inline script or style."""
    answer = await browser.http.get(path, headers={"accept-language": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.text
    assert len(re.findall(r"<h1[ >]", answer.text)) == 1
    assert re.search(r"<title>[^<]+ · Portero</title>", answer.text)
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", answer.text)
    assert "Accept-Language" in answer.headers["vary"]


async def test_language_and_theme_are_kept_by_the_browser(browser: Browser) -> None:
    """A choice holds on every page from then on, and the form leads back."""
    for chosen in ({"language": "es"}, {"theme": "dark"}, {"theme": "purple"}):
        answer = await browser.http.post("/preferences", data={**chosen, "next": "/people"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/people")
    page = (await browser.http.get("/now", headers={"accept-language": "en"})).text
    assert '<html lang="es" data-theme="dark">' in page


async def test_what_a_request_says_is_text_in_the_page(browser: Browser, server: FakeServer) -> None:
    """Neither an address nor a name of a key becomes HTML."""
    server.keys.caller = access.GetCallerResponse(
        subject='keys/"><img src=x onerror=alert(1)>', grants=[access.Grant(role=access.ROLE_ADMIN)]
    )
    for path in ('/now?"><script>alert(1)</script>', "/login?next=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E"):
        text = (await browser.http.get(path)).text
        assert "<script>" not in text
        assert "<img" not in text
