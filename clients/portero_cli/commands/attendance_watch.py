"""`portero attendance watch`: whose attendance changes, as it happens."""

from __future__ import annotations

from typing import Annotated

import typer

from portero_cli.commands.attendance_options import GroupOption, PersonOption
from portero_cli.exits import ExitCode
from portero_cli.screen.tables import local_time
from portero_cli.session import Session, command
from portero_client import AttendanceEvent, AttendanceStatus
from portero_client.names import ATTENDANCE_SESSIONS
from portero_reports.totals import person_of


def add_to(group: typer.Typer) -> None:
    """Registers the command with the group `portero attendance`."""
    group.command("watch")(watch)


@command
async def watch(
    session: Session,
    group: GroupOption = "",
    person: PersonOption = "",
    after: Annotated[
        int | None,
        typer.Option(
            "--after",
            min=0,
            help="Start after this position; 0 is the first stored change. Default: now.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="Stop after this many changes.", show_default=False)
    ] = None,
) -> ExitCode:
    """Follow which published statuses change, until Ctrl-C; resumes automatically if the connection breaks.

    A teacher's key follows its groups, a guardian's its people. With --json, every change is a document on its own
    line, with the position to resume after.
    """
    async with session.client() as client:
        # A watch tries for ever; a server that is not there at all is told at once instead.
        await client.check_health()
        async with client.watch_attendance(after=after, group=group, person=person) as events:
            seen = 0
            async for event in events:
                session.output.show_line(event, event_line(event))
                seen += 1
                if seen == count:
                    break
    return ExitCode.OK


def event_line(event: AttendanceEvent) -> str:
    """Returns the line of a change: when, whose, what it was and is, and because of what."""
    change = event.change
    was, now = (_told(status) for status in (change.old_status, change.new_status))
    session = ATTENDANCE_SESSIONS.identifier(change.session)
    said = f"{person_of(change.person)}: {was} -> {now} ({change.cause.value})"
    return f"{local_time(change.change_time)}  {session}  {said}"


def _told(status: AttendanceStatus) -> str:
    return "no record" if status is AttendanceStatus.UNSPECIFIED else status.value
