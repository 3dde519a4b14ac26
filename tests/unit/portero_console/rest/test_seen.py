"""Cameras, sightings, searches and usage over REST."""

from __future__ import annotations

from portero.v1 import camera_service_pb2 as cameras
from portero.v1 import usage_service_pb2 as usage

from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser

_JPEG = {"content-type": "image/jpeg"}


async def test_cameras_are_listed_with_their_status(browser: Browser, server: FakeServer) -> None:
    """A camera is found by id, and its status says whether it streams."""
    server.cameras.cameras["cameras/door"] = cameras.Camera(name="cameras/door", display_name="Door", site="north")
    server.cameras.statuses["cameras/door"] = cameras.CameraStatus(streaming=True, frame_rate=5.0)
    listed = await browser.json("GET", "/cameras", params={"site": "north"})
    assert [each["display_name"] for each in listed["items"]] == ["Door"]
    assert (await browser.json("GET", "/cameras/door"))["site"] == "north"
    status = await browser.json("GET", "/cameras/door/status")
    assert (status["streaming"], status["frame_rate"]) == (True, 5.0)


async def test_sightings_are_found_by_camera_person_and_time(browser: Browser, server: FakeServer) -> None:
    """Each condition is passed on, and a malformed one is named."""
    server.sightings.store("s1", "door", "ana")
    server.sightings.store("s2", "yard", seconds=3600)
    latest = await browser.json("GET", "/sightings")
    assert [each["name"] for each in latest["items"]] == ["sightings/s2", "sightings/s1"]
    for params, found in (
        ({"camera": "door"}, ["sightings/s1"]),
        ({"person": "ana"}, ["sightings/s1"]),
        ({"kind": "unknown"}, ["sightings/s2"]),
        ({"since": "2025-06-15T15:40:00Z"}, ["sightings/s2"]),
    ):
        page = await browser.json("GET", "/sightings", params=params)
        assert [each["name"] for each in page["items"]] == found
    assert (await browser.json("GET", "/sightings/s1"))["similarity"] > 0.89
    answer = await browser.http.get("/api/v1/sightings", params={"kind": "some"})
    assert answer.json()["violations"][0]["field"] == "kind"


async def test_a_photo_is_searched(browser: Browser) -> None:
    """Every face comes with its match, its candidates and the lead over the next person."""
    await browser.json("POST", "/people", json={"display_name": "Ana", "id": "ana"})
    await browser.json("POST", "/people/ana/faces", content=photo("ana"), headers=_JPEG)
    faces = await browser.json("POST", "/images/search", content=photo("ana", "eve"), headers=_JPEG)
    assert [face["match"] and face["match"]["person"] for face in faces] == ["people/ana", None]
    assert faces[1]["candidates"][0]["display_name"] == "Ana"


async def test_usage_is_summed_up(browser: Browser, server: FakeServer) -> None:
    """Calls and dollars are those that the server says."""
    server.usage.answer = usage.GetUsageResponse(dollars=1.5)
    assert (await browser.json("GET", "/usage"))["dollars"] == 1.5
