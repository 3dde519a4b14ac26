"""Where the calls are found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.console.browser import KEY, Browser
from tests.support.console.program import Program

Open = Callable[..., Browser]


async def test_nothing_is_offered_unless_the_setting_says_so(browser: Browser) -> None:
    """Without the setting the paths are not there."""
    answer = await browser.http.get("/api/v1/recognition/subjects", headers={"x-api-key": KEY})
    assert (answer.status_code, answer.json()["reason"]) == (404, "NOT_FOUND")


async def test_the_consoles_own_calls_stay_as_they_are(program: Program) -> None:
    """The console's REST is beside it, described without it."""
    assert (await program.browser.json("GET", "/people"))["items"] == []
    document = await program.browser.json("GET", "/openapi.json")
    assert not any(path.startswith("/api/v1/recognition") for path in document["paths"])


@pytest.mark.parametrize(("method", "path"), [("GET", "/recognition/nothing"), ("GET", "/recognition/recognize")])
async def test_what_is_no_call_is_not_found(method: str, path: str, program: Program) -> None:
    """Unknown paths and methods are both answered with 404 and a code."""
    status, document = await program.ask(method, path)
    assert (status, document["code"]) == (404, 0)


async def test_a_fault_is_told_without_its_text(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error never shows what somebody sent."""

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("portero_client.resources.People.list", fail)
    answer = await program.ask("GET", "/recognition/subjects")
    assert answer == (500, {"message": "Something went wrong, please try again", "code": 0})
