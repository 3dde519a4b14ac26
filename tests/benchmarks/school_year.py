"""A school of many groups in a database: a year of sessions, and their records as they would be after that year.

Every group meets once on each school day, in a room of its own with a camera of its own. The first group has all that
a year leaves: its records, and the sightings and coverage that they follow from. The other groups have all sessions,
but records only of the last days, so that tables get as large as they are asked to in a time that one can wait for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, Table, case, cast, func, insert, literal, null, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.attendance_group import AttendanceGroup
from portero_server.domain.attendance.recurrence import Recurrence
from portero_server.domain.attendance.rules import DEFAULT_RULES
from portero_server.domain.attendance.schedule import AttendanceSession, Schedule
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.store.attendance.coverage import SEEN
from portero_server.store.attendance.rows import group_columns, session_columns
from portero_server.store.attendance.texts import schedule_text
from portero_server.store.bulk.writing import insert_new
from portero_server.store.database import Database
from portero_server.store.schema import (
    attendance_coverage,
    attendance_groups,
    attendance_memberships,
    attendance_placements,
    attendance_records,
    attendance_schedules,
    attendance_sessions,
    faces,
    people,
    sightings,
)
from portero_server.store.types import box_columns
from tests.support.store.commits import BOX

_FIRST_DAY = date(2026, 3, 2)
_BEGINS, _LASTS = time(8), timedelta(minutes=45)
_RULE = Recurrence("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
_AT_ONCE = 1000
_ABSENT_OF = 10
"""Of so many people, one is absent on each day, and another one the next day."""
_FAR = date(2099, 1, 1)
_DETAIL = '{"evidence":[],"open":[],"unproven":[]}'


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """How large the school is.

    Attributes:
        groups: Of as many people each, but for a remainder.
        people: Each belongs to one group.
        days: School days of the year.
        kept_days: Of how many of them, the last ones, all groups have records.
    """

    groups: int
    people: int
    days: int
    kept_days: int

    def day(self, number: int) -> date:
        """Returns a school day by its number, from 0."""
        weeks, weekday = divmod(number, 5)
        return _FIRST_DAY + timedelta(weeks=weeks, days=weekday)

    def span(self, number: int) -> TimeSpan:
        """Returns when sessions of a day begin and end."""
        begins = datetime.combine(self.day(number), _BEGINS, UTC)
        return TimeSpan(begins, begins + _LASTS)

    def session_id(self, group: int, number: int) -> str:
        """Returns the id of a group's session on a day."""
        return f"{group_name(group)}/{self.day(number).isoformat()}"

    def group_of(self, person: int) -> int:
        """Returns the number of a person's group."""
        return person % self.groups

    def members(self, group: int) -> range:
        """Returns the numbers of a group's people."""
        return range(group, self.people, self.groups)

    def absent(self, person: int, number: int) -> bool:
        """Returns whether a person is absent on a day."""
        return (person // self.groups + number) % _ABSENT_OF == 0


def group_name(group: int) -> str:
    """Returns the id of a group, which its schedule, its room and its camera share."""
    return f"g{group:05}"


def person_name(person: int) -> str:
    """Returns the id of a person."""
    return f"p{person:07}"


async def fill(database: Database, school: SchoolYear) -> Mapping[str, int]:
    """Fills the tables of an empty database.

    Returns:
        How many rows each table has, by name.
    """
    for table, rows in _rows(school):
        await _put(database, table, rows)
    for number in range(school.days):
        only_first = number < school.days - school.kept_days
        await database.run_long(partial(_decide, school=school, number=number, only_first=only_first))
    return await database.run_long(_counted)


def _rows(school: SchoolYear) -> Iterator[tuple[Table, Iterable[Mapping[str, Any]]]]:
    """Returns the rows of all tables but the records, which follow from them."""
    group_numbers, person_numbers = range(school.groups), range(school.people)
    begun = datetime.combine(_FIRST_DAY, time(0), UTC)
    made = {"created_at": begun, "updated_at": begun}
    yield people, ({"person_id": person_name(each), **_named(each), **made} for each in person_numbers)
    yield faces, (_face(each, begun) for each in person_numbers)
    yield attendance_groups, (group_columns(_group(each)) | made for each in group_numbers)
    yield attendance_memberships, (_membership(school, each) for each in person_numbers)
    yield (
        attendance_placements,
        ({"placement_id": name, "camera_id": name, "room_id": name} for name in map(group_name, group_numbers)),
    )
    yield attendance_schedules, (_schedule(each, begun) for each in group_numbers)
    yield (
        attendance_sessions,
        (_session(school, group, number) for number in range(school.days) for group in group_numbers),
    )
    yield attendance_coverage, (_watched(school, number) for number in range(school.days))
    yield (
        sightings,
        (
            _sighting(school, person, number)
            for number in range(school.days)
            for person in school.members(0)
            if not school.absent(person, number)
        ),
    )


def _named(person: int) -> dict[str, str]:
    return {"display_name": f"Person {person}", "search_name": f"person {person}", "labels": "[]"}


def _face(person: int, begun: datetime) -> dict[str, Any]:
    quality = dict.fromkeys((f"quality_{part}" for part in ("size", "frontality", "sharpness", "brightness")), 1.0)
    name = person_name(person)
    engine = {"engine": "local", "model_version": "1", "created_at": begun}
    return {"face_id": f"f-{name}", "person_id": name, **box_columns(BOX), **quality, **engine}


def _group(group: int) -> AttendanceGroup:
    return AttendanceGroup(group_name(group), f"Group {group}", "UTC")


def _membership(school: SchoolYear, person: int) -> dict[str, Any]:
    name, group_id = person_name(person), group_name(school.group_of(person))
    return {"membership_id": name, "group_id": group_id, "person_id": name, "since": _FIRST_DAY.isoformat()}


def _schedule(group: int, begun: datetime) -> dict[str, Any]:
    name, ends = group_name(group), (datetime.combine(_FIRST_DAY, _BEGINS) + _LASTS).time()
    content = schedule_text(Schedule(name, name, (name,), ZoneInfo("UTC"), _FIRST_DAY, _BEGINS, ends, _RULE))
    return {
        "schedule_id": name,
        "group_id": name,
        "content": content,
        # Planning is not what is measured.
        "planned_until": _FAR.isoformat(),
        "updated_at": begun,
    }


def _session(school: SchoolYear, group: int, number: int) -> dict[str, Any]:
    name, span = group_name(group), school.span(number)
    session = AttendanceSession(school.session_id(group, number), name, school.day(number), span, (name,))
    return session_columns(session, name, DEFAULT_RULES) | {"decided_at": span.end, "published_at": span.end}


def _watched(school: SchoolYear, number: int) -> dict[str, Any]:
    span, around = school.span(number), timedelta(hours=1)
    return {
        "camera_id": group_name(0),
        "kind": SEEN,
        "starts_at": span.start - around,
        "ends_at": span.end + around,
    }


def _sighting(school: SchoolYear, person: int, number: int) -> dict[str, Any]:
    span = school.span(number)
    return {
        "sighting_id": f"s-{person_name(person)}-{number}",
        "camera_id": group_name(0),
        "person_id": person_name(person),
        "display_name": "",
        "first_seen": span.start,
        "last_seen": span.end,
        "similarity": 0.9,
        "margin": 0.3,
        "track_count": 1,
        **box_columns(BOX),
    }


async def _put(database: Database, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    nothing = dict.fromkeys(column.name for column in table.columns)
    left = iter(rows)
    while some := [nothing | dict(row) for row in islice(left, _AT_ONCE)]:
        await database.run_long(partial(insert_new, table=table, rows=some))


async def _decide(connection: AsyncConnection, *, school: SchoolYear, number: int, only_first: bool) -> None:
    """Stores the records of a day, made by the database itself from its sessions and memberships."""
    session, member = attendance_sessions.c, attendance_memberships.c
    place = cast(func.substr(member.person_id, 2), Integer) // school.groups
    absent = (place + number) % _ABSENT_OF == 0
    status = case((absent, "absent"), else_="present")
    values: dict[str, Any] = {
        "record_id": _random_id(connection),
        "session_id": session.session_id,
        "person_id": member.person_id,
        "group_id": session.group_id,
        "starts_at": session.starts_at,
        "status": status,
        "reason": case((absent, "not_seen"), else_="seen"),
        "decided": status,
        "arrived_at": case((absent, null()), else_=session.starts_at),
        "left_at": case((absent, null()), else_=session.ends_at),
        "present": case((absent, 0.0), else_=_LASTS.total_seconds()),
        "late": literal(0.0),
        "early": literal(0.0),
        "credit": case((absent, 0.0), else_=1.0),
        "detail": literal(_DETAIL),
        "published_at": session.ends_at,
    }
    joined = attendance_sessions.join(attendance_memberships, member.group_id == session.group_id)
    span = school.span(number)
    query = select(*(value.label(name) for name, value in values.items())).select_from(joined)
    query = query.where(session.starts_at == span.start)
    if only_first:
        query = query.where(session.group_id == group_name(0))
    await connection.execute(insert(attendance_records).from_select(list(values), query))


def _random_id(connection: AsyncConnection) -> Any:
    """Returns what makes an id like a real one: their places in the index are random too."""
    if connection.dialect.name == "sqlite":
        return func.lower(func.hex(func.randomblob(16)))
    return func.md5(func.concat(attendance_sessions.c.session_id, attendance_memberships.c.person_id))


async def _counted(connection: AsyncConnection) -> Mapping[str, int]:
    counts = {}
    for table in (people, attendance_groups, attendance_sessions, attendance_records, sightings):
        counts[table.name] = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
        if connection.dialect.name != "sqlite":
            await connection.execute(text(f"ANALYZE TABLE {table.name}"))
    return counts
