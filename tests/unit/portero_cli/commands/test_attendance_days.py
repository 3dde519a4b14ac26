"""`portero attendance` cancels and moves single sessions, and keeps the free days of groups."""

from __future__ import annotations

import pytest
from portero.v1 import attendance_group_service_pb2 as pb2

from portero_cli.exits import ExitCode
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer

MATH = "attendanceSchedules/math"
GROUP = "attendanceGroups/1b"


@pytest.fixture
def school(server: FakeServer) -> FakeServer:
    """A server with one group, which meets on Mondays."""
    server.attendance.groups[GROUP] = pb2.AttendanceGroup(name=GROUP, display_name="1° B", time_zone="America/Santiago")
    server.attendance.schedules[MATH] = pb2.AttendanceSchedule(
        name=MATH,
        group=GROUP,
        rooms=["a"],
        first_day="2026-03-02",
        begins="08:00",
        ends="08:45",
        recurrence="FREQ=WEEKLY;BYDAY=MO",
    )
    return server


async def test_a_session_is_canceled_and_restored(cli: Cli, school: FakeServer) -> None:
    """Said of the session as it is listed; restoring twice says that there was nothing to restore."""
    done = await cli("attendance", "cancel-session", "math/2026-03-09", "--note", "paro")
    assert done.code == ExitCode.OK
    assert "math/2026-03-09" in done.out
    assert "canceled" in done.out
    assert list(school.attendance.schedules[MATH].exceptions) == [
        pb2.ScheduleException(day="2026-03-09", canceled=True, note="paro")
    ]
    restore = ("attendance", "restore-session", "attendanceSessions/math/2026-03-09")
    assert "takes place as by its schedule" in (await cli(*restore)).out
    assert (await cli(*restore, "--json")).document == {"removed": False}
    assert list(school.attendance.schedules[MATH].exceptions) == []


async def test_a_session_is_moved_or_held_on_a_holiday(cli: Cli, school: FakeServer) -> None:
    """To another day, time and room; the other exceptions of the schedule stay."""
    where = ("--to", "2026-03-10", "--begins", "10:00", "--ends", "10:45", "--room", "b", "--note", "visita")
    assert (await cli("attendance", "move-session", "math/2026-03-09", *where)).code == ExitCode.OK
    held = await cli("attendance", "hold-session", "math/2026-09-21")
    assert "2026-03-10 from 10:00 until 10:45" in held.out
    assert "held on any day" in held.out
    assert list(school.attendance.schedules[MATH].exceptions) == [
        pb2.ScheduleException(
            day="2026-03-09", moved_to="2026-03-10", begins="10:00", ends="10:45", rooms=["b"], note="visita"
        ),
        pb2.ScheduleException(day="2026-09-21"),
    ]


async def test_free_days_are_put_listed_and_removed(cli: Cli, school: FakeServer) -> None:
    """Each by itself; a day that was not free is said to have been none."""
    free = ("attendance", "put-free-day", "1b", "2026-05-11", "--name", "Día del alumno")
    assert "Día del alumno" in (await cli(*free)).out
    assert (await cli("attendance", "free-days", "1b", "--json")).document == {
        "free_days": {"2026-05-11": "Día del alumno"}
    }
    remove = ("attendance", "remove-free-day", "1b", "2026-05-11")
    assert "free no more" in (await cli(*remove)).out
    assert "was not free" in (await cli(*remove)).out
    assert "no free day" in (await cli("attendance", "free-days", "1b")).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cancel-session", "math"), "write math/2026-03-02"),
        (("cancel-session", "math/2026-02-30"), "write math/2026-03-02"),
        (("move-session", "math/2026-03-09"), "--to, --begins, --ends or --room"),
        (("put-free-day", "1b", "11-5", "--name", "x"), "write 2026-03-02"),
    ],
)
async def test_what_is_no_session_or_day_is_refused(
    cli: Cli, school: FakeServer, words: tuple[str, ...], said: str
) -> None:
    """Before anything is sent."""
    result = await cli("attendance", *words)
    assert result.code == ExitCode.USAGE
    assert said in result.err
    assert list(school.attendance.schedules[MATH].exceptions) == []
