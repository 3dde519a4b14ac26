"""The application as a whole: its description, its errors, its files."""

from __future__ import annotations

import re

import pytest

from portero_console.pages.rendering import STATIC, assets_version
from tests.support.client.server import FakeServer
from tests.support.client.wire import not_found
from tests.support.console.browser import Browser


async def test_the_description_has_every_route_with_its_errors(browser: Browser) -> None:
    """Each route says what it returns, that errors are problem documents, and how to show a key."""
    document = await browser.json("GET", "/openapi.json")
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) >= 24
    for operation in operations:
        assert operation["summary"]
        assert "application/problem+json" in operation["responses"]["default"]["content"]
        assert "422" not in operation["responses"]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert not any("Validation" in name for name in document["components"]["schemas"])
    assert document["components"]["schemas"]["Person"]["properties"]["face_count"]["type"] == "integer"


async def test_a_malformed_request_names_its_fields(browser: Browser) -> None:
    """Every field that cannot be used is listed with what is wrong."""
    answer = await browser.http.post("/api/v1/people", json={"display_name": "", "id": "UP"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["field"] for each in answer.json()["violations"]] == ["display_name", "id"]


async def test_the_servers_own_words_are_passed_on(browser: Browser) -> None:
    """A person who is not there is a problem document with the resource that the server named."""
    answer = await browser.http.get("/api/v1/people/nobody")
    assert (answer.status_code, answer.json()["reason"]) == (404, "NOT_FOUND")
    assert answer.json()["resource"] == "people/nobody"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/people", 405)]
)
async def test_what_is_no_route_is_a_problem_too(method: str, path: str, status: int, browser: Browser) -> None:
    """Unknown paths and methods are answered in the same form."""
    answer = await browser.http.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_fault_is_told_by_its_id_alone(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error never shows its text, which may hold what somebody sent."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("portero_client.resources.People.get", fail)
    answer = await browser.http.get("/api/v1/people/ana")
    assert (answer.status_code, answer.json()["reason"]) == (500, "INTERNAL")
    assert re.search(r"fault [0-9a-f]{12}$", answer.json()["detail"])
    assert "secret" not in answer.text


async def test_a_browser_gets_its_errors_as_pages(browser: Browser, server: FakeServer) -> None:
    """A path that is no page is a page that says so, with a way on."""
    answer = await browser.http.get("/nothing", headers={"accept": "text/html", "accept-language": "es"})
    assert answer.status_code == 404
    assert "Esa página no existe" in answer.text
    server.refuse("GetCaller", not_found("x"))
    assert (await browser.http.get("/people", headers={"accept": "text/html"})).status_code == 404


async def test_files_are_kept_by_browsers_until_they_change(browser: Browser) -> None:
    """The address of a file holds a word for its content, and no other address has it."""
    answer = await browser.http.get(f"/static/{assets_version()}/base.css")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await browser.http.get("/static/000000000000/base.css")).status_code == 404
    assert (await browser.http.get(f"/static/{assets_version()}/../words.py")).status_code == 404


def test_a_first_visit_is_small() -> None:
    """All files together, of every page and both languages, are below 200 KB."""
    assert sum(path.stat().st_size for path in STATIC.rglob("*") if path.is_file()) < 200_000


def test_nothing_comes_from_elsewhere() -> None:
    """No file of the pages names an address of the web, but for the name of SVG's vocabulary."""
    for path in [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), *STATIC.parent.rglob("*.html")]:
        assert "//" not in re.sub(r"(?m)^\s*//.*$|\s// .*$", "", path.read_text(encoding="utf-8")), path
