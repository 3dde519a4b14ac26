"""People and faces over REST."""

from __future__ import annotations

from uuid import uuid4

from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser

_JPEG = {"content-type": "image/jpeg"}


async def test_a_person_is_added_changed_and_listed(browser: Browser) -> None:
    """What was added is returned by id and found by a part of the name; only named fields change."""
    added = await browser.json(
        "POST", "/people", json={"display_name": "Ana Luz", "id": "ana", "labels": {"room": "7"}}
    )
    assert (added["name"], added["labels"], added["face_count"]) == ("people/ana", {"room": "7"}, 0)
    changed = await browser.json("PATCH", "/people/ana", json={"display_name": "Ana Sol"})
    assert (changed["display_name"], changed["labels"]) == ("Ana Sol", {"room": "7"})
    assert (await browser.json("PATCH", "/people/ana", json={}))["display_name"] == "Ana Sol"
    assert (await browser.json("GET", "/people/ana"))["display_name"] == "Ana Sol"
    await browser.json("POST", "/people", json={"display_name": "Berta", "id": "berta"})
    found = await browser.json("GET", "/people", params={"display_name_contains": "sol"})
    assert [each["name"] for each in found["items"]] == ["people/ana"]


async def test_a_list_is_read_page_by_page(browser: Browser) -> None:
    """The token of a page leads exactly behind it, and the last page has none."""
    for number in range(5):
        await browser.json("POST", "/people", json={"display_name": f"P{number}", "id": f"p{number}"})
    names, token = [], ""
    while True:
        page = await browser.json("GET", "/people", params={"page_size": 2, "page_token": token})
        names.append([each["name"] for each in page["items"]])
        token = page["next_page_token"]
        if not token:
            break
    assert names == [["people/p0", "people/p1"], ["people/p2", "people/p3"], ["people/p4"]]
    answer = await browser.http.get("/api/v1/people", params={"page_size": 1001})
    assert [each["field"] for each in answer.json()["violations"]] == ["page_size"]


async def test_the_same_idempotency_key_adds_one_person(browser: Browser, server: FakeServer) -> None:
    """A call that is repeated with its key returns the first answer."""
    headers = {"idempotency-key": str(uuid4())}
    first = await browser.json("POST", "/people", json={"display_name": "Ana"}, headers=headers)
    again = await browser.json("POST", "/people", json={"display_name": "Ana"}, headers=headers)
    assert first == again
    assert len(server.gallery.known) == 1
    answer = await browser.http.post("/api/v1/people", json={"display_name": "A"}, headers={"idempotency-key": "x"})
    assert answer.json()["violations"][0]["field"] == "Idempotency-Key"


async def test_a_photo_is_checked_enrolled_and_removed(browser: Browser) -> None:
    """The face of a photo is listed after it was enrolled, and gone after it was removed."""
    await browser.json("POST", "/people", json={"display_name": "Ana", "id": "ana"})
    check = await browser.json("POST", "/photos/check", content=photo("ana"), headers=_JPEG)
    assert (check["reason"], check["advice"]) == ("", [])
    face = await browser.json("POST", "/people/ana/faces", content=photo("ana"), headers=_JPEG)
    assert face["name"].startswith("people/ana/faces/")
    faces = await browser.json("GET", "/people/ana/faces")
    assert [each["name"] for each in faces["items"]] == [face["name"]]
    await browser.json("DELETE", f"/{face['name']}")
    assert (await browser.json("GET", "/people/ana/faces"))["items"] == []


async def test_a_photo_that_does_not_serve_says_why(browser: Browser) -> None:
    """The server's reason is passed on, and what is poor about a photo comes before it is enrolled."""
    await browser.json("POST", "/people", json={"display_name": "Ana", "id": "ana"})
    answer = await browser.http.post("/api/v1/people/ana/faces", content=photo("a", "b"), headers=_JPEG)
    assert (answer.status_code, answer.json()["reason"]) == (400, "SEVERAL_FACES")
    check = await browser.json("POST", "/photos/check", content=photo("a", quality=0.1), headers=_JPEG)
    assert (check["reason"], check["advice"][0]["flaw"]) == ("LOW_QUALITY", "blurred")
