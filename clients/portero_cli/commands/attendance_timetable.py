"""`portero attendance import-schedules`: a timetable in an iCalendar file as the schedules of a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from portero_cli.commands.attendance_groups import GroupArgument
from portero_cli.exits import ExitCode
from portero_cli.screen.sheet import Sheet, table
from portero_cli.session import Session, command
from portero_cli.table_file import content_of
from portero_cli.timetable.events import RefusedEvent, TimetableEvent, read_events
from portero_cli.timetable.plans import Intake, Plan, PlannedFreeDays, PlannedSchedule, plans_for
from portero_client import AttendanceSchedule, FailedPrecondition, InvalidArgument, NotFound, PorteroClient
from portero_client.names import ATTENDANCE_GROUPS, ATTENDANCE_SCHEDULES

_PROPERTIES = {
    "schedule.recurrence": "RRULE",
    "schedule.last_day": "RRULE",
    "schedule.exceptions": "EXDATE",
    "schedule.first_day": "DTSTART",
    "schedule.begins": "DTSTART",
    "schedule.ends": "DTEND",
    "schedule.rooms": "LOCATION",
    "schedule.name": "UID",
    "free_day.day": "DTSTART",
    "free_day.display_name": "SUMMARY",
}
"""Which property of an event each field comes from."""


class EventOutcome(Enum):
    """What becomes of an event."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TimetableLine:
    """A line of the report.

    Attributes:
        event: The event's place in the file, from 1.
        uid, title: As in the file.
        outcome: What becomes of it, or would.
        schedule: Id of its schedule; empty: it makes free days, or is refused.
        field: The property for which it is refused; empty: it is not.
        reason: Why it is refused, or what should be looked at; may be empty.
    """

    event: int
    uid: str
    title: str
    outcome: EventOutcome
    schedule: str = ""
    field: str = ""
    reason: str = ""


def add_to(group: typer.Typer) -> None:
    """Registers the command with the group `portero attendance`."""
    group.command("import-schedules")(import_schedules)


@command
async def import_schedules(
    session: Session,
    group: GroupArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An iCalendar file (.ics).", show_default=False)],
    rooms: Annotated[
        list[str] | None,
        typer.Option("--room", help="Where; may be repeated. Default: as LOCATION says.", show_default=False),
    ] = None,
    free_days: Annotated[
        bool, typer.Option("--free-days", help="Take all-day events as free days; otherwise they are refused.")
    ] = False,
    replace_exceptions: Annotated[
        bool, typer.Option("--replace", help="Remove exceptions that the file does not have, as by cancel-session.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report, and store nothing.")] = False,
) -> ExitCode:
    """Take the events of an iCalendar file as schedules of a group; an event is known again by its UID.

    A series is one schedule by the clock of the group, with EXDATE and RECURRENCE-ID as its exceptions. What is
    refused is named with its property and reason, and the rest is taken. Schedules of events that the file does not
    have any more stay. Needs the extra `timetables`.
    """
    events = read_events(content_of(file, "file"), str(file))
    async with session.client() as client:
        desk = await _Desk.open(client, group, keep_exceptions=not replace_exceptions, dry_run=dry_run)
        plans = plans_for(events, desk.intake(tuple(rooms or ()), free_days=free_days))
        lines = [line for plan in plans for line in await desk.take(plan)]
    lines.sort(key=lambda line: line.event)
    counts = Counter(line.outcome for line in lines)
    session.output.show({"events": lines, "dry_run": dry_run}, _sheet(lines))
    told = ", ".join(f"{counts[each]} {each.value}" for each in EventOutcome)
    session.output.note(f"{told}; nothing was stored" if dry_run else told)
    return ExitCode.INVALID_INPUT if counts[EventOutcome.REFUSED] else ExitCode.OK


@dataclass(frozen=True, slots=True)
class _Desk:
    """Stores what was planned, or has the server judge it, and says what became of it."""

    client: PorteroClient
    group: str
    zone: ZoneInfo
    free: dict[date, str]
    known: Mapping[str, AttendanceSchedule]
    watched: Collection[str]
    keep_exceptions: bool
    dry_run: bool

    @classmethod
    async def open(cls, client: PorteroClient, group: str, *, keep_exceptions: bool, dry_run: bool) -> _Desk:
        calls = client.attendance_groups
        found = await calls.get(group)
        known = {each.name: each for each in await calls.schedules(group)}
        watched = {each.room for each in await calls.placements() if each.end_time is None}
        name = ATTENDANCE_GROUPS.identifier(found.name)
        return cls(
            client, name, _zone(found.time_zone), dict(found.free_days), known, watched, keep_exceptions, dry_run
        )

    def intake(self, rooms: tuple[str, ...], *, free_days: bool) -> Intake:
        return Intake(self.group, self.zone, rooms, free_days, tuple(self.known))

    async def take(self, plan: Plan) -> list[TimetableLine]:
        if isinstance(plan, RefusedEvent):
            return [TimetableLine(plan.number, plan.uid, plan.title, EventOutcome.REFUSED, "", plan.field, plan.reason)]
        line = TimetableLine(plan.event.number, plan.event.uid, plan.event.title, EventOutcome.UNCHANGED)
        try:
            if isinstance(plan, PlannedFreeDays):
                return [replace(line, outcome=await self._free(plan))]
            line = await self._store(plan, line)
        except (InvalidArgument, FailedPrecondition, NotFound) as refused:
            field = _property_of(getattr(refused, "field", ""))
            line = replace(line, outcome=EventOutcome.REFUSED, field=field, reason=str(refused))
        return [line, *(_with(line, each) for each in getattr(plan, "changes", ()))]

    async def _store(self, plan: PlannedSchedule, line: TimetableLine) -> TimetableLine:
        stored = await self.client.attendance_groups.put_schedule(
            plan.schedule, keep_exceptions=self.keep_exceptions, dry_run=self.dry_run
        )
        before = self.known.get(stored.name)
        outcome = (
            EventOutcome.NEW if before is None else EventOutcome.UNCHANGED if before == stored else EventOutcome.CHANGED
        )
        rooms = (*stored.rooms, *(room for each in stored.exceptions for room in each.rooms))
        dark = sorted(set(rooms) - set(self.watched))
        reason = f"no camera watches {', '.join(dark)}: nobody's attendance can be proven there" if dark else ""
        return replace(line, outcome=outcome, schedule=ATTENDANCE_SCHEDULES.identifier(stored.name), reason=reason)

    async def _free(self, plan: PlannedFreeDays) -> EventOutcome:
        before = dict(self.free)
        for day in plan.days:
            title = plan.event.title
            if self.free.get(day) != title:
                await self.client.attendance_groups.put_free_day(self.group, day, title, dry_run=self.dry_run)
                self.free[day] = title
        if before == self.free:
            return EventOutcome.UNCHANGED
        return EventOutcome.CHANGED if any(day in before for day in plan.days) else EventOutcome.NEW


def _with(line: TimetableLine, change: TimetableEvent) -> TimetableLine:
    """Returns the line of an event that stands for one of a series: what becomes of the series becomes of it."""
    reason = (
        f"with event {line.event}" if line.outcome is not EventOutcome.REFUSED else f"event {line.event} is refused"
    )
    return replace(line, event=change.number, title=change.title, reason=reason)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        raise InvalidArgument(
            f"this machine does not know the group's time zone {name}: pip install tzdata", field="group"
        ) from None


def _property_of(field: str) -> str:
    return next((named for prefix, named in _PROPERTIES.items() if field.startswith(prefix)), field)


def _sheet(lines: Collection[TimetableLine]) -> Sheet:
    rows = (
        (line.event, line.title or line.uid, line.outcome.value, line.schedule, line.field, line.reason)
        for line in lines
    )
    return table("event", "title", "outcome", "schedule", "property", "why", rows=rows, spare=("schedule",))
