"""Single days of schedules and groups: exceptions and free days, each changed by itself.

The row of the schedule or of the group is held while its day is changed, so that of two callers neither undoes the
other's change. What changes is planned anew, which marks as stale the sessions that then differ, and no others.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.attendance.attendance_group import AttendanceGroup
from portero_server.domain.attendance.schedule import Schedule, SessionChange
from portero_server.errors import NotFound
from portero_server.store.attendance.groups import group_in, replace_group
from portero_server.store.attendance.texts import schedule_of, schedule_text
from portero_server.store.database import Database
from portero_server.store.schema import attendance_schedules


class AttendanceDayStore:
    """Changes single days. What is as asked for already stays untouched."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put_exception(self, schedule_id: str, change: SessionChange) -> Schedule:
        """Stores an exception to a schedule, new or in place of the one of its day; returns the schedule.

        Raises:
            NotFound: There is no such schedule.
            InvalidInput: No session begins on that day by the schedule, or it has too many exceptions.
        """
        _, after = await self._change_schedule(schedule_id, lambda schedule: schedule.with_change(change))
        return after

    async def remove_exception(self, schedule_id: str, day: date) -> tuple[Schedule, bool]:
        """Removes the exception of a day; returns the schedule, and whether there was one. Raises NotFound."""
        before, after = await self._change_schedule(schedule_id, lambda schedule: schedule.without_change(day))
        return after, after != before

    async def put_free_day(self, group_id: str, day: date, name: str, *, dry_run: bool = False) -> AttendanceGroup:
        """Stores a free day of a group, new or under another name.

        Args:
            group_id: The group.
            day: The day.
            name: Why it is free.
            dry_run: Whether nothing is stored.

        Returns:
            The group as it is stored, or would be.

        Raises:
            NotFound: There is no such group.
            InvalidInput: The group meets on that day although it is a holiday, or it has too many free days.
        """
        _, after = await self._change_group(group_id, lambda group: group.with_free_day(day, name), dry_run=dry_run)
        return after

    async def remove_free_day(self, group_id: str, day: date) -> tuple[AttendanceGroup, bool]:
        """Removes a free day of a group; returns the group, and whether the day was one. Raises NotFound."""
        before, after = await self._change_group(group_id, lambda group: group.without_free_day(day))
        return after, after != before

    async def _change_schedule(
        self, schedule_id: str, changed: Callable[[Schedule], Schedule]
    ) -> tuple[Schedule, Schedule]:
        now = self._clock.now()
        own = attendance_schedules.c.schedule_id == schedule_id
        held = select(attendance_schedules).where(own).with_for_update()

        async def unit(connection: AsyncConnection) -> tuple[Schedule, Schedule]:
            row = (await connection.execute(held)).one_or_none()
            if row is None:
                raise NotFound(f"attendanceSchedules/{schedule_id}")
            group = await group_in(connection, row.group_id)
            before = schedule_of(schedule_id, row.group_id, ZoneInfo(group.zone), row.content)
            after = changed(before)
            if after != before:
                values = {"content": schedule_text(after), "planned_until": None, "updated_at": now}
                await connection.execute(update(attendance_schedules).where(own).values(values))
            return before, after

        return await self._database.run(unit)

    async def _change_group(
        self, group_id: str, changed: Callable[[AttendanceGroup], AttendanceGroup], *, dry_run: bool = False
    ) -> tuple[AttendanceGroup, AttendanceGroup]:
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> tuple[AttendanceGroup, AttendanceGroup]:
            before = await group_in(connection, group_id, hold=True)
            after = changed(before)
            if after != before and not dry_run:
                await replace_group(connection, after, now)
            return before, after

        return await self._database.run(unit)
