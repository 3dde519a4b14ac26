"""Reviews over REST."""

from __future__ import annotations

import pytest

from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser


async def test_a_doubtful_sighting_is_judged_and_the_judgment_undone(browser: Browser, server: FakeServer) -> None:
    """What is said takes the sighting out of the queue, and what is undone puts it back."""
    server.decisions.store("door", ("ana", 0.45), ("bob", 0.4))
    queue = await browser.json("GET", "/reviews/queue", params={"reasons": "just_below"})
    (item,) = queue["items"]
    assert [each["display_name"] for each in item["decisions"][-1]["candidates"]] == ["Ana", "Bob"]
    said = await browser.json("POST", "/sightings/s1/review", json={"action": "this_is", "person": "ana"})
    assert (said["sighting"]["person"], said["review"]["reviewer"]) == ("people/ana", "keys/me")
    assert (await browser.json("GET", "/reviews/queue"))["items"] == []
    undone = await browser.json("POST", "/reviews/v1/undo")
    assert undone["review"]["undo_time"] is not None
    assert len((await browser.json("GET", "/reviews/queue"))["items"]) == 1
    for judgment in ({"action": "not", "person": "ana"}, {"action": "ignore"}):
        said = await browser.json("POST", "/sightings/s1/review", json=judgment)
        assert said["review"]["action"] == judgment["action"]


@pytest.mark.parametrize(
    "judgment", [{"action": "this_is"}, {"action": "ignore", "person": "ana"}, {"action": "unspecified"}, {}]
)
async def test_a_judgment_that_says_nothing_is_refused(
    judgment: dict[str, str], browser: Browser, server: FakeServer
) -> None:
    """An action without its person, or with one too many, does not reach the server."""
    server.decisions.store("door", ("ana", 0.45))
    answer = await browser.http.post("/api/v1/sightings/s1/review", json=judgment)
    assert (answer.status_code, answer.json()["reason"]) == (400, "INVALID_ARGUMENT")
    assert server.decisions.reviews == []


async def test_the_picture_is_an_image_that_nobody_keeps(browser: Browser, server: FakeServer) -> None:
    """The file is passed on as JPEG with no-store; where there is none, the answer says so."""
    server.decisions.store("door", ("ana", 0.45))
    server.decisions.pictures["sightings/s1"] = b"jpeg"
    answer = await browser.http.get("/api/v1/sightings/s1/review-picture")
    assert (answer.content, answer.headers["content-type"]) == (b"jpeg", "image/jpeg")
    assert answer.headers["cache-control"] == "no-store"
    assert (await browser.http.get("/api/v1/sightings/s9/review-picture")).status_code == 404
