"""The demo's lesson: when it is, what its cameras saw, and how the class attended."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from portero_cli.demo.classroom import EXPECTED, Lesson, as_expected, attended, hold_lesson
from portero_client import AttendanceStatus, PorteroClient, PorteroError
from tests.support.client.server import FakeServer

NOW = datetime(2026, 3, 2, 8, 6, 42, tzinfo=UTC)
LESSON = Lesson.before(NOW)
CLASSROOM, LAB = "demo-classroom", "demo-lab"


def test_the_lesson_is_over_and_of_whole_minutes() -> None:
    """A schedule knows no seconds; just after midnight, the lesson is of the day before."""
    schedule = LESSON.schedule()
    assert (schedule.first_day, schedule.begins, schedule.ends) == (date(2026, 3, 2), time(8), time(8, 3))
    assert LESSON.session == "demo-lesson/2026-03-02"
    assert Lesson.before(NOW.replace(hour=0, minute=2)).session == "demo-lesson/2026-03-01"


def test_one_comes_late_while_both_rooms_are_watched() -> None:
    """Otherwise it could not be proven that she was not there before; the lab goes dark only then."""
    shown = [moment for moment, somebody in LESSON.moments(CLASSROOM) if somebody]
    assert (shown[0], shown[-1]) == (LESSON.begins + timedelta(seconds=90), LESSON.begins + timedelta(seconds=112.5))
    lab = LESSON.moments(LAB)
    assert not any(somebody for _, somebody in lab)
    assert lab[-1][0] == LESSON.begins + timedelta(seconds=120)
    assert LESSON.moments(CLASSROOM)[-1][0] == LESSON.begins + timedelta(minutes=3)


@pytest.mark.parametrize("camera", [CLASSROOM, LAB])
def test_pictures_leave_no_hole(camera: str) -> None:
    """The server takes pictures at most two seconds apart for watching."""
    moments = [moment for moment, _ in LESSON.moments(camera)]
    assert max(late - early for early, late in pairwise(moments)) <= timedelta(seconds=2)


async def test_records_are_read_until_they_are_as_expected(server: FakeServer) -> None:
    """One late, one unproven; whatever else they say is returned when the patience is over."""
    server.attendance.hold_lesson()
    async with PorteroClient(server.address) as client:
        found = await attended(client, LESSON, 0.01)
    assert found == []
    assert not as_expected(found)
    assert sorted(EXPECTED.values(), key=lambda each: each.value) == [AttendanceStatus.LATE, AttendanceStatus.UNPROVEN]


async def test_the_class_is_stored_before_its_cameras_upload(server: FakeServer) -> None:
    """Two pupils, two rooms with a camera each, and one lesson; uploading needs a real server."""
    async with PorteroClient(server.address) as client:
        with pytest.raises(PorteroError):
            await hold_lesson(client)
    (group,) = server.attendance.groups
    assert [each.person for each in server.attendance.rosters[group]] == list(EXPECTED)
    assert {each.camera: each.room for each in server.attendance.placements.values()} == {
        f"cameras/{CLASSROOM}": "classroom",
        f"cameras/{LAB}": "lab",
    }
    (schedule,) = server.attendance.schedules.values()
    assert list(schedule.rooms) == ["classroom", "lab"]
