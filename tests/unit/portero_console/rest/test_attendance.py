"""Attendance over REST."""

from __future__ import annotations

import pytest
from portero.v1 import attendance_group_service_pb2 as groups

from tests.support.client.attendance import stamp
from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser

_CORRECTIONS = "/attendance/sessions/math/2026-03-02/corrections"


@pytest.fixture
def school(server: FakeServer) -> FakeServer:
    """The server with a group and a lesson, in the zone of Santiago."""
    name = "attendanceGroups/1b"
    server.attendance.groups[name] = groups.AttendanceGroup(name=name, display_name="1 B", time_zone="America/Santiago")
    server.attendance.hold_lesson()
    return server


async def test_a_day_is_that_of_the_groups_time_zone(browser: Browser, school: FakeServer) -> None:
    """What begins at 08:00 UTC is of the second of March in Santiago too, and not of the first."""
    assert [each["time_zone"] for each in (await browser.json("GET", "/attendance/groups"))["items"]] == [
        "America/Santiago"
    ]
    span = {"group": "1b", "first_day": "2026-03-02", "last_day": "2026-03-02"}
    sessions = await browser.json("GET", "/attendance/sessions", params=span)
    assert [each["name"] for each in sessions["items"]] == ["attendanceSessions/math/2026-03-02"]
    records = await browser.json("GET", "/attendance/records", params=span)
    assert [(each["person"], each["status"], each["reason"]) for each in records["items"]] == [
        ("people/ana", "late", "came_late"),
        ("people/ben", "unproven", "not_watched"),
    ]
    before = {"group": "1b", "first_day": "2026-03-01", "last_day": "2026-03-01"}
    assert (await browser.json("GET", "/attendance/records", params=before))["items"] == []


async def test_records_add_up_for_a_person(browser: Browser, school: FakeServer) -> None:
    """A person's days are those of the group that the records are of; moments need no group."""
    span = {"person": "ana", "first_day": "2026-03-01", "last_day": "2026-03-31"}
    report = await browser.json("GET", "/attendance/report", params=span)
    assert [(each["display_name"], each["late_count"]) for each in report["totals"]] == [("Ana Núñez", 1)]
    # Midnight in Santiago.
    assert school.attendance.reports[-1].start_time.ToJsonString() == "2026-03-01T03:00:00Z"
    moments = {"person": "ana", "since": "2026-03-02T08:00:00Z", "until": "2026-03-02T09:00:00Z"}
    await browser.json("GET", "/attendance/report", params=moments)
    assert school.attendance.reports[-1].start_time == stamp(0)


async def test_a_correction_is_made_listed_and_withdrawn(browser: Browser, school: FakeServer) -> None:
    """What was said stays in the list, with who said it, and when it was taken back."""
    said = await browser.json(
        "POST", _CORRECTIONS, json={"person": "ben", "status": "present", "reason": "stood at the door"}
    )
    assert (said["corrected_by"], said["status"], said["withdraw_time"]) == ("teacher", "present", None)
    withdrawn = await browser.json("POST", "/attendance/corrections/k1/withdraw")
    assert withdrawn["withdraw_time"] is not None
    assert await browser.json("GET", _CORRECTIONS) == [withdrawn]
    answer = await browser.http.post("/api/v1/attendance/corrections/k9/withdraw")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"person": "ben", "status": "present", "reason": ""}, "reason"),
        ({"person": "ben", "status": "present", "reason": "x" * 201}, "reason"),
        ({"person": "B N", "status": "present", "reason": "x"}, "person"),
        ({"person": "ben", "status": "asleep", "reason": "x"}, "status"),
        ({"person": "ben", "status": "unspecified", "reason": "x"}, "status"),
        ({"person": "ben", "status": "unproven", "reason": "x"}, "status"),
    ],
)
async def test_a_correction_that_says_nothing_is_refused(
    body: dict[str, str], field: str, browser: Browser, school: FakeServer
) -> None:
    """The field is named, and nothing reaches the server."""
    answer = await browser.http.post(f"/api/v1{_CORRECTIONS}", json=body)
    assert answer.status_code == 400
    assert answer.json()["violations"][0]["field"].startswith(field)
    assert school.attendance.corrections == {}
