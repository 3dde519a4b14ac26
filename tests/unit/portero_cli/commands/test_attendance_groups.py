"""`portero attendance` keeps groups, rosters, schedules, and which cameras watch which rooms."""

from __future__ import annotations

from pathlib import Path

import pytest
from portero.v1 import attendance_group_service_pb2 as pb2

from portero_cli.exits import ExitCode
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer

GROUP = ("attendance", "put-group", "1b", "--name", "1° básico B", "--time-zone", "America/Santiago")


@pytest.fixture
async def school(cli: Cli, server: FakeServer) -> FakeServer:
    """A server with one group."""
    assert (await cli(*GROUP, "--country", "CL", "--late-after", "5m")).code == ExitCode.OK
    return server


async def test_a_group_is_stored_listed_and_removed(cli: Cli, school: FakeServer) -> None:
    """With its rules; the document has every field."""
    stored = school.attendance.groups["attendanceGroups/1b"]
    assert (stored.country, stored.rules.late_after.seconds, stored.rules.leaves_before.seconds) == ("CL", 300, 600)
    assert "1° básico B" in (await cli("attendance", "groups")).out
    (document,) = (await cli("attendance", "groups", "--json")).document["groups"]
    assert document == {
        "name": "attendanceGroups/1b",
        "display_name": "1° básico B",
        "time_zone": "America/Santiago",
        "rules": {
            "opens_before": "900s",
            "late_after": "300s",
            "absent_after": None,
            "leaves_before": "600s",
            "grace": "0s",
            "unseen_for": "300s",
            "minimum_presence": "0s",
            "half_day_below": "0s",
            "sure_similarity": 0.0,
            "heeds_unclear_faces": True,
            "measure": "first_to_last",
            "held_on_holidays": False,
        },
        "country": "CL",
        "region": "",
        "free_days": {},
        "worked_days": [],
    }
    assert (await cli("attendance", "remove-group", "1b", "--yes")).code == ExitCode.OK
    assert (await cli("attendance", "remove-group", "1b", "--yes")).code == ExitCode.NOT_FOUND
    assert "no group" in (await cli("attendance", "groups")).out


async def test_a_roster_is_imported_after_a_dry_run(cli: Cli, school: FakeServer, tmp_path: Path) -> None:
    """A dry run stores nothing, and says so."""
    file = tmp_path / "1b.csv"
    file.write_text("alumno;desde;hasta\nana;2026-03-02;\nben;2026-03-02;2026-07-01\n", encoding="utf-8")
    tried = await cli("attendance", "import-roster", "1b", file, "--dry-run")
    assert "2 of 2 memberships would be stored" in tried.out
    assert "nobody" in (await cli("attendance", "roster", "1b")).out
    done = await cli("attendance", "import-roster", "1b", file, "--replace", "--json")
    assert done.document == {"changed_count": 2, "removed_count": 0, "dry_run": False}
    assert [each.dry_run for each in school.attendance.imports] == [True, False]
    listed = (await cli("attendance", "roster", "1b", "--json")).document["memberships"]
    assert listed == [
        {"person": "people/ana", "since": "2026-03-02", "until": None},
        {"person": "people/ben", "since": "2026-03-02", "until": "2026-07-01"},
    ]
    assert (await cli("attendance", "import-roster", "2a", file)).code == ExitCode.NOT_FOUND


async def test_a_schedule_is_stored_and_listed(cli: Cli, school: FakeServer) -> None:
    """By the clock on the wall, with rooms and recurrence."""
    told = ("--first-day", "2026-03-02", "--begins", "08:00", "--ends", "08:45", "--rule", "FREQ=WEEKLY;BYDAY=MO")
    done = await cli("attendance", "put-schedule", "math", "--group", "1b", "--room", "a", "--room", "b", *told)
    assert done.code == ExitCode.OK
    (document,) = (await cli("attendance", "schedules", "1b", "--json")).document["schedules"]
    assert document == {
        "name": "attendanceSchedules/math",
        "group": "attendanceGroups/1b",
        "rooms": ["a", "b"],
        "first_day": "2026-03-02",
        "begins": "08:00:00",
        "ends": "08:45:00",
        "recurrence": "FREQ=WEEKLY;BYDAY=MO",
        "last_day": None,
        "exceptions": [],
    }
    assert "08:00-08:45" in (await cli("attendance", "schedules", "1b")).out
    school.attendance.schedules["attendanceSchedules/math"].exceptions.append(
        pb2.ScheduleException(day="2026-03-09", moved_to="2026-03-10", begins="09:00", rooms=["c"], note="visita")
    )
    (document,) = (await cli("attendance", "schedules", "1b", "--json")).document["schedules"]
    assert document["exceptions"] == [
        {
            "day": "2026-03-09",
            "canceled": False,
            "moved_to": "2026-03-10",
            "begins": "09:00:00",
            "ends": None,
            "rooms": ["c"],
            "note": "visita",
        }
    ]


async def test_cameras_are_placed_and_moved(cli: Cli, school: FakeServer) -> None:
    """From when until when; one that never watched the room is removed."""
    placed = await cli("attendance", "place", "door", "a", "--from", "2026-03-01T00:00:00Z", "--json")
    assert placed.document["placement"] == {
        "name": "placements/p1",
        "camera": "cameras/door",
        "room": "a",
        "start_time": "2026-03-01T00:00:00Z",
        "end_time": None,
    }
    ended = await cli("attendance", "end-place", "p1", "--at", "2026-03-05T00:00:00Z", "--json")
    assert ended.document["placement"]["end_time"] == "2026-03-05T00:00:00Z"
    assert "door" in (await cli("attendance", "cameras")).out
    accepted = await cli("attendance", "accept-view", "door", "--json")
    assert accepted.document == {"accept_time": "2026-03-02T08:05:00Z"}
    assert "counts from" in (await cli("attendance", "accept-view", "door")).out
    assert (await cli("attendance", "accept-view", "attic")).code is ExitCode.NOT_FOUND
    assert "removed" in (await cli("attendance", "end-place", "p1")).out
    assert "no camera" in (await cli("attendance", "cameras")).out


@pytest.mark.parametrize("told", [("--begins", "8"), ("--begins", "25:00"), ("--first-day", "2-3")])
async def test_days_and_times_are_checked(cli: Cli, school: FakeServer, told: tuple[str, str]) -> None:
    """What is none is refused before anything is sent."""
    usual = {"--first-day": "2026-03-02", "--begins": "08:00", "--ends": "09:00"} | dict([told])
    words = [word for pair in usual.items() for word in pair]
    result = await cli("attendance", "put-schedule", "math", "--group", "1b", "--room", "a", *words)
    assert result.code == ExitCode.USAGE
    assert school.attendance.schedules == {}
