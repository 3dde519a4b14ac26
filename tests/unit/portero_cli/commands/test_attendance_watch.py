"""`portero attendance watch` follows changes of published statuses."""

from __future__ import annotations

import pytest
from portero.v1 import attendance_service_pb2 as pb2

from portero_cli.exits import ExitCode
from tests.support.client.attendance import SESSION, stamp
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


@pytest.fixture
def lesson(server: FakeServer) -> FakeServer:
    """A server on which Ben was absent first, and late after a correction."""
    decided, corrected = pb2.ATTENDANCE_CHANGE_CAUSE_DECIDED, pb2.ATTENDANCE_CHANGE_CAUSE_CORRECTION
    late, absent = pb2.ATTENDANCE_STATUS_LATE, pb2.ATTENDANCE_STATUS_ABSENT
    server.attendance.changes += [
        pb2.AttendanceChange(person="people/ana", new_status=late, cause=decided),
        pb2.AttendanceChange(person="people/ben", new_status=absent, cause=decided),
        pb2.AttendanceChange(person="people/ben", old_status=absent, new_status=late, cause=corrected, reference="k1"),
    ]
    for change in server.attendance.changes:
        change.session = SESSION
        change.change_time.CopyFrom(stamp(62))
    return server


async def test_changes_are_followed_line_by_line(cli: Cli, lesson: FakeServer) -> None:
    """Who, what it was and is, and because of what; from a position on, of one person."""
    words = ("attendance", "watch", "--after", "1", "--count", "2", "--group", "1b", "--person", "ben")
    result = await cli(*words)
    assert result.code == ExitCode.OK
    first, second = result.out.splitlines()
    assert first.endswith("math/2026-03-02  ben: no record -> absent (decided)")
    assert second.endswith("math/2026-03-02  ben: absent -> late (correction)")
    (asked,) = lesson.attendance.watches
    assert (asked.after_position, asked.group, asked.person) == (1, "attendanceGroups/1b", "people/ben")


async def test_a_program_gets_a_document_a_line(cli: Cli, lesson: FakeServer) -> None:
    """With the position to resume after."""
    result = await cli("attendance", "watch", "--after", "2", "--count", "1", "--json")
    assert result.document == {
        "position": 3,
        "change": {
            "session": SESSION,
            "person": "people/ben",
            "old_status": "absent",
            "new_status": "late",
            "cause": "correction",
            "reference": "k1",
            "change_time": "2026-03-02T09:02:00Z",
        },
    }
