"""Attendance reports as files over REST."""

from __future__ import annotations

import sys

import pytest
from portero.v1 import attendance_group_service_pb2 as groups

from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser

_FILE = "/api/v1/attendance/report/file"
_MONTH = {"group": "1b", "first_day": "2026-03-01", "last_day": "2026-03-31"}


@pytest.fixture
def school(server: FakeServer) -> FakeServer:
    """The server with a group and a lesson."""
    name = "attendanceGroups/1b"
    server.attendance.groups[name] = groups.AttendanceGroup(name=name, display_name="1 B", time_zone="UTC")
    server.attendance.hold_lesson()
    return server


@pytest.mark.parametrize(("wanted", "beginning"), [("csv", b"person,name,"), ("xlsx", b"PK"), ("pdf", b"%PDF-")])
async def test_a_report_is_a_file_with_a_name(
    wanted: str, beginning: bytes, browser: Browser, school: FakeServer
) -> None:
    """Each format is what its type says, and is saved under the group and its days."""
    answer = await browser.http.get(_FILE, params={**_MONTH, "format": wanted, "language": "es"})
    assert answer.status_code == 200
    assert answer.content.startswith(beginning)
    assert answer.headers["content-disposition"] == f'attachment; filename="1b-2026-03-01-2026-03-31.{wanted}"'
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("params", "field"),
    [({"group": "1b"}, "first_day"), ({"first_day": "2026-03-01"}, "group"), ({**_MONTH, "format": "doc"}, "format")],
)
async def test_a_report_of_nothing_is_refused(
    params: dict[str, str], field: str, browser: Browser, school: FakeServer
) -> None:
    """Days, a group or person and a known format must be given."""
    answer = await browser.http.get(_FILE, params={"format": "csv", **params})
    assert answer.status_code == 400
    assert answer.json()["violations"][0]["field"] == field


async def test_a_console_without_the_packages_says_so(
    browser: Browser, school: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document is answered with what is missing; CSV needs nothing."""
    monkeypatch.setitem(sys.modules, "portero_reports.document", None)
    answer = await browser.http.get(_FILE, params={**_MONTH, "format": "pdf"})
    assert (answer.status_code, answer.json()["reason"]) == (501, "NO_REPORTS")
    assert (await browser.http.get(_FILE, params={**_MONTH, "format": "csv"})).status_code == 200
