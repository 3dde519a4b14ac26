"""Reads what a report says from a server, by the rights of the client."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from portero_client import AttendanceGroup, AttendanceRecord, InvalidArgument, PorteroClient
from portero_client.listing import Listing
from portero_client.names import ATTENDANCE_GROUPS, PEOPLE
from portero_reports.content import ReportContent, content_of
from portero_reports.period import Period

MOST_RECORDS = 200_000
"""Most records of one report: a class of forty with five sessions a day for five years."""
_PAGE = 1000
# Clocks on walls differ from UTC by at most 14 hours.
_ANY_ZONE = timedelta(days=1)


async def read_report(client: PorteroClient, period: Period, *, group: str = "", person: str = "") -> ReportContent:
    """Returns the report of a group, of a person, or of a person in a group.

    Args:
        client: Whose rights count.
        period: Days are those of the group's time zone.
        group: Id or resource name; empty: of any.
        person: The same. One of the two must be given.

    Raises:
        InvalidArgument: Neither is given, there are more than 200,000 records, or the days of a person could be meant
            in several time zones.
        NotFound: There is no such group.
    """
    groups = await _groups(client, period, group, person)
    start, end = period.bounds(_zone_of(groups, period))
    records = await _all(client.attendance.records(person=person, group=group, start=start, end=end, page_size=_PAGE))
    sessions = [
        each
        for one in groups
        async for each in client.attendance.sessions(group=one.name, start=start, end=end, page_size=_PAGE)
    ]
    report = await client.attendance.report(person=person, group=group, start=start, end=end)
    title = groups[0].display_name if not person else _name_of(person, [each.display_name for each in report.totals])
    return content_of(title, period, groups, sessions, records, report, of_person=bool(person))


async def bounds_of(
    client: PorteroClient, period: Period, *, group: str = "", person: str = ""
) -> tuple[datetime | None, datetime | None]:
    """Returns from when until before when a period lasts for a group or a person, UTC. Raises as `read_report`."""
    if not period.of_days:
        return period.start, period.end
    return period.bounds(_zone_of(await _groups(client, period, group, person), period))


async def _groups(client: PorteroClient, period: Period, group: str, person: str) -> list[AttendanceGroup]:
    if group:
        return [await client.attendance_groups.get(group)]
    if person:
        return await _groups_of(client, person, period)
    raise InvalidArgument("a group or a person must be given", field="group")


async def _groups_of(client: PorteroClient, person: str, period: Period) -> list[AttendanceGroup]:
    start, end = period.bounds(ZoneInfo("UTC"))
    records = await _all(
        client.attendance.records(person=person, start=_earlier(start), end=_later(end), page_size=_PAGE)
    )
    names = sorted({record.group for record in records if record.group})
    return [await client.attendance_groups.get(name) for name in names]


def _zone_of(groups: list[AttendanceGroup], period: Period) -> ZoneInfo:
    zones = sorted({group.time_zone for group in groups})
    if len(zones) > 1 and period.of_days:
        known = ", ".join(ATTENDANCE_GROUPS.identifier(group.name) for group in groups)
        raise InvalidArgument(
            f"a day is not the same in {' and '.join(zones)}: name one group of {known}, or give two times",
            field="group",
            reason="SEVERAL_TIME_ZONES",
        )
    return ZoneInfo(zones[0] if zones else "UTC")


def _name_of(person: str, names: list[str]) -> str:
    return next((name for name in names if name), PEOPLE.identifier(person))


async def _all(listing: Listing[AttendanceRecord]) -> list[AttendanceRecord]:
    found: list[AttendanceRecord] = []
    async for each in listing:
        if len(found) == MOST_RECORDS:
            raise InvalidArgument(
                f"a report holds at most {MOST_RECORDS:,} records: choose a shorter time",
                field="since",
                reason="TOO_MANY",
            )
        found.append(each)
    return found


def _earlier(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment - _ANY_ZONE


def _later(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment + _ANY_ZONE
