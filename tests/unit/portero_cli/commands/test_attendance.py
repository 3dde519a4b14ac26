"""`portero attendance` shows sessions, records and reports, and takes corrections and excuses."""

from __future__ import annotations

from portero_cli.exits import ExitCode
from portero_client import AttendanceStatus, PorteroClient
from tests.support.client.attendance import SESSION
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


async def test_sessions_are_listed(cli: Cli, lesson: FakeServer) -> None:
    """With all their fields."""
    (document,) = (await cli("attendance", "sessions", "--group", "1b", "--json")).document["sessions"]
    assert document == {
        "name": SESSION,
        "group": "attendanceGroups/1b",
        "day": "2026-03-02",
        "start_time": "2026-03-02T08:00:00Z",
        "end_time": "2026-03-02T09:00:00Z",
        "rooms": ["a"],
        "state": "held",
        "note": "",
        "decide_time": "2026-03-02T09:02:00Z",
        "stale": False,
    }
    assert "math/2026-03-02" in (await cli("attendance", "sessions")).out
    assert "no session" in (await cli("attendance", "sessions", "--group", "2a")).out


async def test_records_say_what_shows_them(cli: Cli, lesson: FakeServer) -> None:
    """With all their fields; an unproven one says when and why."""
    ana, ben = (await cli("attendance", "records", "--session", "math/2026-03-02", "--json")).document["records"]
    assert ana == {
        "session": SESSION,
        "person": "people/ana",
        "session_start_time": "2026-03-02T08:00:00Z",
        "status": "late",
        "reason": "came_late",
        "decided_status": "late",
        "arrive_time": "2026-03-02T08:20:00Z",
        "leave_time": "2026-03-02T09:00:00Z",
        "present": "2400s",
        "late": "1200s",
        "early": "0s",
        "credit": 1.0,
        "sightings": ["sightings/s1"],
        "open_questions": [],
        "unproven": [],
        "correction": "",
        "publish_time": "2026-03-02T09:02:00Z",
        "group": "attendanceGroups/1b",
    }
    assert ben["open_questions"] == ["presence"]
    assert ben["unproven"] == [
        {"start_time": "2026-03-02T08:05:00Z", "end_time": "2026-03-02T08:09:00Z", "causes": ["gap"]}
    ]
    shown = (await cli("attendance", "records", "--person", "ben")).out
    assert "unproven" in shown
    assert "gap" in shown
    assert "no record" in (await cli("attendance", "records", "--person", "eva")).out


async def test_changes_have_their_cause(cli: Cli, lesson: FakeServer) -> None:
    """With all their fields."""
    (document,) = (await cli("attendance", "changes", "--person", "ana", "--json")).document["changes"]
    assert document == {
        "session": SESSION,
        "person": "people/ana",
        "old_status": "absent",
        "new_status": "late",
        "cause": "sighting",
        "reference": "s1",
        "change_time": "2026-03-02T09:30:00Z",
    }
    assert "sighting" in (await cli("attendance", "changes", "--person", "ana")).out
    lesson.attendance.changes.clear()
    assert "no change" in (await cli("attendance", "changes", "--person", "ana")).out


async def test_a_correction_is_made_and_taken_back(cli: Cli, lesson: FakeServer) -> None:
    """With its reason; the list has when it was taken back."""
    done = await cli("attendance", "correct", "math/2026-03-02", "ben", "present", "--reason", "vi a Ben", "--json")
    assert done.document["correction"] == {
        "name": "attendanceCorrections/k1",
        "session": SESSION,
        "person": "people/ben",
        "status": "present",
        "reason": "vi a Ben",
        "corrected_by": "teacher",
        "correct_time": "2026-03-02T09:30:00Z",
        "withdraw_time": None,
    }
    assert "vi a Ben" in (await cli("attendance", "corrections", "math/2026-03-02")).out
    assert (await cli("attendance", "uncorrect", "k1")).code == ExitCode.OK
    (document,) = (await cli("attendance", "corrections", "math/2026-03-02", "--json")).document["corrections"]
    assert document["withdraw_time"] == "2026-03-02T09:35:00Z"
    assert (await cli("attendance", "uncorrect", "k9")).code == ExitCode.NOT_FOUND


async def test_an_excuse_is_made_and_taken_back(cli: Cli, lesson: FakeServer) -> None:
    """For a time, with its reason."""
    told = ("--from", "2026-03-02T00:00:00Z", "--until", "2026-03-04T00:00:00Z", "--reason", "gripe")
    done = await cli("attendance", "excuse", "ben", *told, "--json")
    assert done.document["excuse"] == {
        "name": "attendanceExcuses/x1",
        "person": "people/ben",
        "start_time": "2026-03-02T00:00:00Z",
        "end_time": "2026-03-04T00:00:00Z",
        "reason": "gripe",
        "excused_by": "office",
        "excuse_time": "2026-03-02T09:30:00Z",
        "withdraw_time": None,
    }
    assert (await cli("attendance", "unexcuse", "x1")).code == ExitCode.OK
    assert "gripe" in (await cli("attendance", "excuses", "ben")).out
    (document,) = (await cli("attendance", "excuses", "ben", "--json")).document["excuses"]
    assert document["withdraw_time"] == "2026-03-02T09:35:00Z"


async def test_a_program_does_the_same_with_the_client(lesson: FakeServer) -> None:
    """Listings are walked, and what is said comes back."""
    async with PorteroClient(lesson.address) as client:
        people = [each.person async for each in client.attendance.records(session="math/2026-03-02")]
        said = await client.attendance.correct("math/2026-03-02", "ben", AttendanceStatus.PRESENT, "seen")
        listed = [each async for each in client.attendance.sessions(group="1b")]
    assert people == ["people/ana", "people/ben"]
    assert (said.status, listed[0].name) == (AttendanceStatus.PRESENT, SESSION)
