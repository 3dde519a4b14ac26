"""`portero attendance import-schedules` takes a timetable in an iCalendar file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from portero.v1 import attendance_group_service_pb2 as pb2

from portero_cli.exits import ExitCode
from tests.support.client.calendars import MATH, calendar, lesson
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer

GROUP = "attendanceGroups/1b"
HOLIDAY = ("UID:h", "SUMMARY:Día del alumno", "DTSTART;VALUE=DATE:20260511")
Write = Callable[..., Path]


@pytest.fixture
def school(server: FakeServer) -> FakeServer:
    """A server with one group, and a camera in its room."""
    server.attendance.groups[GROUP] = pb2.AttendanceGroup(name=GROUP, display_name="1° B", time_zone="America/Santiago")
    placement = pb2.CameraPlacement(name="placements/p1", camera="cameras/door", room="sala-3-b")
    server.attendance.placements[placement.name] = placement
    return server


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a timetable."""

    def written(*events: tuple[str, ...] | list[str]) -> Path:
        file = tmp_path / "1b.ics"
        file.write_bytes(calendar(*events))
        return file

    return written


async def test_a_timetable_is_imported_after_a_dry_run(cli: Cli, school: FakeServer, write: Write) -> None:
    """A dry run stores nothing and says so; a repeated import changes nothing."""
    words = ("attendance", "import-schedules", "1b", write(MATH, HOLIDAY), "--free-days")
    tried = await cli(*words, "--dry-run")
    assert tried.code == ExitCode.OK
    assert "2 new, 0 changed, 0 unchanged, 0 refused; nothing was stored" in tried.err
    assert school.attendance.schedules == {}
    assert len(school.attendance.groups[GROUP].free_days) == 0
    done = await cli(*words, "--json")
    (schedule,) = school.attendance.schedules.values()
    assert done.document["dry_run"] is False
    assert done.document["events"][0] == {
        "event": 1,
        "uid": "math@school.example",
        "title": "Matemáticas",
        "outcome": "new",
        "schedule": schedule.name.removeprefix("attendanceSchedules/"),
        "field": "",
        "reason": "",
    }
    assert [each.day for each in schedule.exceptions] == ["2026-03-09", "2026-03-11"]
    assert [each.day for each in school.attendance.groups[GROUP].free_days] == ["2026-05-11"]
    assert "0 new, 0 changed, 2 unchanged, 0 refused" in (await cli(*words)).err


async def test_what_was_said_of_a_session_stays(cli: Cli, school: FakeServer, write: Write) -> None:
    """An exception of a day of which the file says nothing is kept, until it is asked to be replaced."""
    words = ("attendance", "import-schedules", "1b", write(MATH))
    await cli(*words)
    (schedule,) = school.attendance.schedules.values()
    schedule.exceptions.append(pb2.ScheduleException(day="2026-03-16", canceled=True, note="paro"))
    assert "1 unchanged" in (await cli(*words)).err
    assert "1 changed" in (await cli(*words, "--replace")).err
    (schedule,) = school.attendance.schedules.values()
    assert [each.day for each in schedule.exceptions] == ["2026-03-09", "2026-03-11"]


@pytest.mark.parametrize("dry_run", [True, False])
async def test_what_is_refused_is_named_and_the_rest_is_taken(
    cli: Cli, school: FakeServer, write: Write, *, dry_run: bool
) -> None:
    """Here and by the server alike, in a dry run too: the property and the reason."""
    file = write(MATH, HOLIDAY, lesson("hours", "SUMMARY:Turno", "RRULE:FREQ=HOURLY", "LOCATION:Sala 3 B"))
    result = await cli("attendance", "import-schedules", "1b", file, *(["--dry-run"] if dry_run else []))
    assert result.code == ExitCode.INVALID_INPUT
    assert "1 new, 0 changed, 0 unchanged, 2 refused" in result.err
    assert "with --free-days" in " ".join(result.out.split())
    assert "RRULE" in result.out
    assert len(school.attendance.schedules) == (0 if dry_run else 1)


async def test_each_event_of_a_series_has_a_line(cli: Cli, school: FakeServer, write: Write) -> None:
    """One that stands for another day is told with its series, and so is a room that no camera watches."""
    moved = ("UID:math@school.example", "RECURRENCE-ID:20260316T080000", "LOCATION:Gimnasio", *lesson("")[1:])
    result = await cli("attendance", "import-schedules", "1b", write(moved, MATH), "--json")
    first, second = result.document["events"]
    assert (first["event"], first["outcome"], first["reason"]) == (1, "new", "with event 2")
    assert (second["event"], second["reason"][:27]) == (2, "no camera watches gimnasio:")


async def test_a_file_that_is_no_timetable_is_refused(cli: Cli, school: FakeServer, tmp_path: Path) -> None:
    """Before anything is sent."""
    file = tmp_path / "1b.csv"
    file.write_text("alumno;desde\n", encoding="utf-8")
    result = await cli("attendance", "import-schedules", "1b", file)
    assert result.code == ExitCode.INVALID_INPUT
    assert "is not an iCalendar file" in result.err
