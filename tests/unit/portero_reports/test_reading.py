"""A report is read with the calls of the SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest
from portero.v1 import attendance_group_service_pb2 as group_pb2
from portero.v1 import attendance_service_pb2 as pb2

from portero_client import InvalidArgument, NotFound, PorteroClient
from portero_reports import reading
from portero_reports.period import Period
from portero_reports.reading import bounds_of, read_report
from tests.support.client.attendance import stamp
from tests.support.client.server import FakeServer

MARCH = Period.month_of(2026, 3)


@pytest.fixture
async def school() -> AsyncIterator[FakeServer]:
    """A server with the lesson of a class in Santiago, and another class in another zone."""
    async with FakeServer() as server:
        server.attendance.hold_lesson()
        for name, title, zone in (("1b", "1° básico B", "America/Santiago"), ("n1", "Noche", "America/Punta_Arenas")):
            group = group_pb2.AttendanceGroup(name=f"attendanceGroups/{name}", display_name=title, time_zone=zone)
            server.attendance.groups[group.name] = group
        yield server


async def test_a_groups_report_has_its_sessions_records_and_names(school: FakeServer) -> None:
    """With its title and its zone."""
    async with PorteroClient(school.address) as client:
        content = await read_report(client, MARCH, group="1b")
    assert (content.title, content.zones, content.of_person) == ("1° básico B", ["America/Santiago"], False)
    assert [(person.name, len(person.records)) for person in content.people] == [("Ana Núñez", 1), ("", 0)]
    assert list(content.sessions) == ["attendanceSessions/math/2026-03-02"]


async def test_a_persons_report_is_by_the_zone_of_their_group(school: FakeServer) -> None:
    """The group is known from the records, and the person's name is the title."""
    async with PorteroClient(school.address) as client:
        content = await read_report(client, Period.day_of(date(2026, 3, 2)), person="ana")
    assert (content.title, content.of_person) == ("Ana Núñez", True)
    assert school.attendance.reports[-1].start_time.ToJsonString() == "2026-03-02T03:00:00Z"


async def test_a_persons_days_in_two_zones_are_refused(school: FakeServer) -> None:
    """With the groups to choose from; two moments need no zone."""
    other = pb2.AttendanceRecord()
    other.CopyFrom(school.attendance.records[0])
    other.group = "attendanceGroups/n1"
    other.session_start_time.CopyFrom(stamp(600))
    school.attendance.records.append(other)
    async with PorteroClient(school.address) as client:
        with pytest.raises(InvalidArgument, match="name one group of 1b, n1"):
            await read_report(client, MARCH, person="ana")
        content = await read_report(client, Period(start=datetime(2026, 3, 1, tzinfo=UTC)), person="ana")
    assert content.zones == ["America/Punta_Arenas", "America/Santiago"]


async def test_who_has_no_record_has_an_empty_report(school: FakeServer) -> None:
    """It says whose it is all the same."""
    async with PorteroClient(school.address) as client:
        content = await read_report(client, MARCH, person="eva")
    assert (content.title, content.people) == ("eva", ())


async def test_a_report_is_of_somebody(school: FakeServer) -> None:
    """Without a group and a person it is refused, and a group must be there."""
    async with PorteroClient(school.address) as client:
        with pytest.raises(InvalidArgument, match="a group or a person"):
            await read_report(client, MARCH)
        with pytest.raises(NotFound):
            await bounds_of(client, MARCH, group="2a")


async def test_a_report_has_a_largest_size(school: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it a shorter time must be chosen."""
    monkeypatch.setattr(reading, "MOST_RECORDS", 1)
    async with PorteroClient(school.address) as client:
        with pytest.raises(InvalidArgument, match="at most 1 records"):
            await read_report(client, MARCH, group="1b")
