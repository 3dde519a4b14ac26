"""Groups, who belongs to them, and when they meet.

What changes here makes sessions stale in the same transaction, so that none is forgotten: see `sessions.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.access.identities import EVERYTHING, Scope
from portero_server.domain.attendance.attendance_group import AttendanceGroup
from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.groups import Membership
from portero_server.domain.attendance.schedule import Schedule
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.store.attendance.rows import group_columns, group_of, membership_of
from portero_server.store.attendance.scopes import within
from portero_server.store.attendance.stale import mark_group
from portero_server.store.attendance.texts import schedule_of, schedule_text
from portero_server.store.database import Database
from portero_server.store.repeated_requests import claim_request
from portero_server.store.schema import (
    attendance_groups,
    attendance_memberships,
    attendance_schedules,
    attendance_sessions,
    people,
)


class AttendanceGroupStore:
    """Stores groups with their rosters and schedules."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put_group(
        self, group: AttendanceGroup, request_id: str | None = None, digest: str | None = None
    ) -> AttendanceGroup:
        """Stores a group, new or in place of the one of its id, and has its sessions looked at again.

        Args:
            group: As it is from now on.
            request_id: The same within a day changes nothing and returns the group.
            digest: What the request asks for, hashed; another one under the same request id is refused.

        Raises:
            InvalidInput: The request id was used for another request.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> AttendanceGroup:
            name = f"attendanceGroups/{group.group_id}"
            if request_id is not None and await claim_request(connection, request_id, digest, name, now) is not None:
                return await group_in(connection, group.group_id)
            own = attendance_groups.c.group_id == group.group_id
            held = select(attendance_groups).where(own).with_for_update()
            earlier = (await connection.execute(held)).one_or_none()
            if earlier is None:
                row = group_columns(group) | {"created_at": now, "updated_at": now}
                await connection.execute(insert(attendance_groups).values(row))
                return group
            await replace_group(connection, group, now)
            if group.rules != group_of(earlier).rules:
                await mark_group(connection, group.group_id, ChangeCause.RULES, group.group_id, now)
            return group

        return await self._database.run(unit)

    async def group(self, group_id: str) -> AttendanceGroup:
        """Returns a group. Raises NotFound."""
        return await self._database.read(lambda connection: group_in(connection, group_id))

    async def groups(
        self, limit: int, after_id: str | None = None, *, scope: Scope = EVERYTHING
    ) -> Sequence[AttendanceGroup]:
        """Returns groups by id: at most `limit` after `after_id`, of those within a scope of groups and people."""
        query = select(attendance_groups).order_by(attendance_groups.c.group_id).limit(limit)
        if after_id is not None:
            query = query.where(attendance_groups.c.group_id > after_id)
        query = query.where(within(attendance_groups.c.group_id, scope))
        return [group_of(row) for row in await self._rows(query)]

    async def delete_group(self, group_id: str) -> None:
        """Removes a group with its roster and schedules.

        Raises:
            NotFound: There is no such group.
            FailedPrecondition: Sessions of it are kept, of which somebody may have to give account.
        """

        async def unit(connection: AsyncConnection) -> None:
            await group_in(connection, group_id)
            held = select(attendance_sessions.c.session_id).where(
                attendance_sessions.c.group_id == group_id, attendance_sessions.c.published_at.is_not(None)
            )
            if (await connection.execute(held.limit(1))).first() is not None:
                raise FailedPrecondition(
                    f"attendanceGroups/{group_id} has sessions with records; end its schedules instead",
                    reason="GROUP_HAS_RECORDS",
                )
            for table in (attendance_sessions, attendance_schedules, attendance_memberships, attendance_groups):
                await connection.execute(delete(table).where(table.c.group_id == group_id))

        await self._database.run(unit)

    async def roster(self, group_id: str) -> Sequence[Membership]:
        """Returns the memberships of a group, by person and first day. Raises NotFound: there is no such group."""

        async def unit(connection: AsyncConnection) -> Sequence[Membership]:
            await group_in(connection, group_id)
            return await _memberships(connection, group_id)

        return await self._database.read(unit)

    async def put_roster(
        self, group_id: str, wanted: Collection[Membership], *, replace: bool, dry_run: bool = False
    ) -> tuple[int, int]:
        """Stores memberships of a group; one of the same person and first day gets the new last day.

        Args:
            group_id: The group.
            wanted: Memberships.
            replace: Whether others of the group are removed.
            dry_run: Whether nothing is stored.

        Returns:
            How many memberships are stored or changed, and how many are removed.

        Raises:
            NotFound: There is no such group, or no such person.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> tuple[int, int]:
            await group_in(connection, group_id)
            await _known(connection, {each.person_id for each in wanted})
            before = {(each.person_id, each.since): each for each in await _memberships(connection, group_id)}
            new = {(each.person_id, each.since): each for each in wanted}
            changed = [each for key, each in new.items() if before.get(key) != each]
            gone = [each for key, each in before.items() if replace and key not in new]
            if not dry_run and (changed or gone):
                for each in (*changed, *gone):
                    await connection.execute(delete(attendance_memberships).where(*_same(group_id, each)))
                rows = [_membership_columns(group_id, each) for each in changed]
                if rows:
                    await connection.execute(insert(attendance_memberships), rows)
                await mark_group(connection, group_id, ChangeCause.ROSTER, group_id, now)
            return len(changed), len(gone)

        return await self._database.run(unit)

    async def put_schedule(
        self, schedule: Schedule, *, keep_exceptions: bool = False, dry_run: bool = False
    ) -> Schedule:
        """Stores a schedule, new or in place of the one of its id, whose sessions are then planned anew.

        Args:
            schedule: As it is from now on.
            keep_exceptions: Whether stored exceptions stay, but for those of days of which the schedule has one.
            dry_run: Whether nothing is stored.

        Returns:
            The schedule as it is stored, or would be. One that is stored already stays untouched.

        Raises:
            NotFound: There is no such group.
            FailedPrecondition: The schedule is another group's.
            InvalidInput: With the exceptions that stay there are too many.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> Schedule:
            await group_in(connection, schedule.group_id)
            own = attendance_schedules.c.schedule_id == schedule.schedule_id
            query = select(attendance_schedules).where(own).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if row is not None and row.group_id != schedule.group_id:
                raise FailedPrecondition(
                    f"schedule {schedule.schedule_id} is another group's", reason="SCHEDULE_OF_ANOTHER_GROUP"
                )
            wanted = schedule
            if row is not None and keep_exceptions:
                stored = schedule_of(schedule.schedule_id, schedule.group_id, schedule.zone, row.content)
                wanted = schedule.with_changes_of(stored)
            values = {"content": schedule_text(wanted), "planned_until": None, "updated_at": now}
            if dry_run or (row is not None and row.content == values["content"]):
                return wanted
            if row is None:
                key = {"schedule_id": schedule.schedule_id, "group_id": schedule.group_id}
                await connection.execute(insert(attendance_schedules).values(key | values))
            else:
                await connection.execute(update(attendance_schedules).where(own).values(values))
            return wanted

        return await self._database.run(unit)

    async def schedules(self, group_id: str) -> Sequence[Schedule]:
        """Returns the schedules of a group, by id. Raises NotFound: there is no such group."""
        query = select(attendance_schedules).where(attendance_schedules.c.group_id == group_id)
        query = query.order_by(attendance_schedules.c.schedule_id)

        async def unit(connection: AsyncConnection) -> Sequence[Schedule]:
            zone = ZoneInfo((await group_in(connection, group_id)).zone)
            rows = (await connection.execute(query)).all()
            return [schedule_of(row.schedule_id, group_id, zone, row.content) for row in rows]

        return await self._database.read(unit)

    async def _rows(self, query: Select[Any]) -> Sequence[Any]:
        async def unit(connection: AsyncConnection) -> Sequence[Any]:
            return list(await connection.execute(query))

        return await self._database.read(unit)


async def group_in(connection: AsyncConnection, group_id: str, *, hold: bool = False) -> AttendanceGroup:
    """Returns a group within a transaction, and holds its row until that ends if it is asked to. Raises NotFound."""
    query = select(attendance_groups).where(attendance_groups.c.group_id == group_id)
    if hold:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"attendanceGroups/{group_id}")
    return group_of(row)


async def replace_group(connection: AsyncConnection, group: AttendanceGroup, now: datetime) -> None:
    """Stores a group in place of the one of its id, whose row is held, and has its schedules planned anew."""
    own = attendance_groups.c.group_id == group.group_id
    await connection.execute(update(attendance_groups).where(own).values(**group_columns(group), updated_at=now))
    theirs = attendance_schedules.c.group_id == group.group_id
    await connection.execute(update(attendance_schedules).where(theirs).values(planned_until=None))


async def _memberships(connection: AsyncConnection, group_id: str) -> Sequence[Membership]:
    table = attendance_memberships.c
    query = select(attendance_memberships).where(table.group_id == group_id).order_by(table.person_id, table.since)
    return [membership_of(row) for row in await connection.execute(query)]


async def _known(connection: AsyncConnection, person_ids: Collection[str]) -> None:
    query = select(people.c.person_id).where(people.c.person_id.in_(sorted(person_ids)))
    there = set(await connection.scalars(query)) if person_ids else set()
    if missing := sorted(set(person_ids) - there):
        raise NotFound(f"people/{missing[0]}")


def _same(group_id: str, membership: Membership) -> tuple[Any, ...]:
    table = attendance_memberships.c
    return (
        table.group_id == group_id,
        table.person_id == membership.person_id,
        table.since == membership.since.isoformat(),
    )


def _membership_columns(group_id: str, membership: Membership) -> dict[str, Any]:
    return {
        "membership_id": uuid4().hex,
        "group_id": group_id,
        "person_id": membership.person_id,
        "since": membership.since.isoformat(),
        "until": None if membership.until is None else membership.until.isoformat(),
    }
