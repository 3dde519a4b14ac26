"""`portero attendance`: sessions that are canceled, moved or held all the same, and free days of groups."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated

import typer

from portero_cli.commands.attendance_groups import GroupArgument, parse_clock, parse_day
from portero_cli.commands.attendance_options import ScheduledDay, parse_session
from portero_cli.exits import ExitCode
from portero_cli.screen.attendance_sheets import exceptions_sheet, free_days_sheet
from portero_cli.session import Session, command
from portero_client import ScheduleException

ScheduledArgument = Annotated[
    ScheduledDay,
    typer.Argument(
        parser=parse_session, metavar="SESSION", help="As math/2026-03-02, by its schedule.", show_default=False
    ),
]
NoteOption = Annotated[str, typer.Option("--note", help="Why, at most 200 characters.", show_default=False)]
DayArgument = Annotated[
    date, typer.Argument(parser=parse_day, metavar="DAY", help="As 2026-09-17.", show_default=False)
]


def add_to(group: typer.Typer) -> None:
    """Registers the commands with the group `portero attendance`."""
    for name, function in (
        ("cancel-session", cancel_session),
        ("move-session", move_session),
        ("hold-session", hold_session),
        ("restore-session", restore_session),
        ("free-days", free_days),
        ("put-free-day", put_free_day),
        ("remove-free-day", remove_free_day),
    ):
        group.command(name)(function)


@command
async def cancel_session(session: Session, scheduled: ScheduledArgument, note: NoteOption = "") -> ExitCode:
    """Cancel one session of a schedule; what was published of it is taken back."""
    return await _put(session, scheduled, ScheduleException(scheduled.day, canceled=True, note=note))


@command
async def move_session(
    session: Session,
    scheduled: ScheduledArgument,
    moved_to: Annotated[
        date | None,
        typer.Option(
            "--to", parser=parse_day, metavar="DAY", help="To this day. Default: its own.", show_default=False
        ),
    ] = None,
    begins: Annotated[
        time | None,
        typer.Option("--begins", parser=parse_clock, metavar="TIME", help="At 08:30 instead.", show_default=False),
    ] = None,
    ends: Annotated[
        time | None,
        typer.Option("--ends", parser=parse_clock, metavar="TIME", help="At 09:15 instead.", show_default=False),
    ] = None,
    rooms: Annotated[
        list[str] | None, typer.Option("--room", help="There instead; may be repeated.", show_default=False)
    ] = None,
    note: NoteOption = "",
) -> ExitCode:
    """Move one session of a schedule to another day, time or room; it keeps its id. A session has one exception."""
    if moved_to is None and begins is None and ends is None and not rooms:
        raise typer.BadParameter("say where to: --to, --begins, --ends or --room")
    moved = ScheduleException(
        scheduled.day, moved_to=moved_to, begins=begins, ends=ends, rooms=tuple(rooms or ()), note=note
    )
    return await _put(session, scheduled, moved)


@command
async def hold_session(session: Session, scheduled: ScheduledArgument, note: NoteOption = "") -> ExitCode:
    """Have one session of a schedule take place although its day is a holiday, or free."""
    return await _put(session, scheduled, ScheduleException(scheduled.day, note=note))


@command
async def restore_session(session: Session, scheduled: ScheduledArgument) -> ExitCode:
    """Have one session take place as by its schedule again, whatever was said of it."""
    async with session.client() as client:
        removed = await client.attendance_groups.remove_exception(scheduled.schedule, scheduled.day)
    name = f"{scheduled.schedule}/{scheduled.day}"
    said = f"{name} takes place as by its schedule" if removed else f"{name} had no exception"
    session.output.show({"removed": removed}, said)
    return ExitCode.OK


@command
async def free_days(session: Session, group: GroupArgument) -> ExitCode:
    """List the free days of a group, beside public holidays."""
    async with session.client() as client:
        found = await client.attendance_groups.get(group)
    session.output.show(
        {"free_days": found.free_days}, free_days_sheet(found) if found.free_days else "no free day of its own"
    )
    return ExitCode.OK


@command
async def put_free_day(
    session: Session,
    group: GroupArgument,
    day: DayArgument,
    display_name: Annotated[str, typer.Option("--name", help="Why, as on reports.", show_default=False)],
) -> ExitCode:
    """Make a day free for a group: its recurring sessions do not take place."""
    async with session.client() as client:
        stored = await client.attendance_groups.put_free_day(group, day, display_name)
    session.output.show({"group": stored}, free_days_sheet(stored))
    return ExitCode.OK


@command
async def remove_free_day(session: Session, group: GroupArgument, day: DayArgument) -> ExitCode:
    """Make a free day of a group an ordinary one again."""
    async with session.client() as client:
        removed = await client.attendance_groups.remove_free_day(group, day)
    session.output.show({"removed": removed}, f"{day} is free no more" if removed else f"{day} was not free")
    return ExitCode.OK


async def _put(session: Session, scheduled: ScheduledDay, exception: ScheduleException) -> ExitCode:
    async with session.client() as client:
        stored = await client.attendance_groups.put_exception(scheduled.schedule, exception)
    session.output.show({"schedule": stored}, exceptions_sheet(stored))
    return ExitCode.OK
