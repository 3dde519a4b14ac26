"""`portero attendance`: groups, rosters, schedules, and which cameras watch which rooms."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from portero_cli.exits import ExitCode
from portero_cli.roster_file import COLUMNS_HELP, roster_in
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.attendance_sheets import groups_sheet, placements_sheet, roster_sheet, schedules_sheet
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.tables import local_time
from portero_cli.session import Session, command
from portero_cli.table_file import content_of
from portero_cli.times import parse_duration, parse_time
from portero_client import AttendanceGroup, AttendanceRules, AttendanceSchedule, PresenceMeasure

GroupArgument = Annotated[str, typer.Argument(metavar="GROUP", help="Id, or attendanceGroups/ID.", show_default=False)]


def add_to(group: typer.Typer) -> None:
    """Registers the commands with the group `portero attendance`."""
    for name, function in (
        ("groups", groups),
        ("put-group", put_group),
        ("remove-group", remove_group),
        ("roster", roster),
        ("import-roster", import_roster),
        ("schedules", schedules),
        ("put-schedule", put_schedule),
        ("cameras", cameras),
        ("place", place),
        ("end-place", end_place),
        ("accept-view", accept_view),
    ):
        group.command(name)(function)


def parse_day(text: str) -> date:
    """Parses a day. Raises ValueError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day; write 2026-03-02") from None


def parse_clock(text: str) -> time:
    """Parses a time of day. Raises ValueError."""
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time of day; write 08:30") from None


@command
async def groups(session: Session, limit: LimitOption = 100, page_token: PageTokenOption = "") -> ExitCode:
    """List the groups."""
    async with session.client() as client:
        page = await client.attendance_groups.list(page_token=page_token).first(limit)
    session.output.show(
        {"groups": page.items, "next_page_token": page.next_page_token},
        groups_sheet(page.items) if page.items else "no group",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def put_group(
    session: Session,
    group: GroupArgument,
    display_name: Annotated[str, typer.Option("--name", help="Its name for people.", show_default=False)],
    time_zone: Annotated[str, typer.Option("--time-zone", help="IANA name, as America/Santiago.", show_default=False)],
    country: Annotated[
        str, typer.Option("--country", help="Whose public holidays are free, as CL.", show_default=False)
    ] = "",
    late_after: Annotated[
        timedelta | None,
        typer.Option("--late-after", parser=parse_duration, metavar="TIME", help="Default: 10m.", show_default=False),
    ] = None,
    absent_after: Annotated[
        timedelta | None,
        typer.Option(
            "--absent-after", parser=parse_duration, metavar="TIME", help="Default: never.", show_default=False
        ),
    ] = None,
    opens_before: Annotated[
        timedelta | None,
        typer.Option("--opens-before", parser=parse_duration, metavar="TIME", help="Default: 15m.", show_default=False),
    ] = None,
    measure: Annotated[PresenceMeasure, typer.Option("--measure", help="What the cameras see.")] = (
        PresenceMeasure.FIRST_TO_LAST
    ),
) -> ExitCode:
    """Store a group, new or in place of the one of its id. The other rules have their defaults."""
    default = AttendanceRules()
    rules = AttendanceRules(
        opens_before=default.opens_before if opens_before is None else opens_before,
        late_after=default.late_after if late_after is None else late_after,
        absent_after=absent_after,
        measure=measure,
    )
    async with session.client() as client:
        stored = await client.attendance_groups.put(
            AttendanceGroup(group, display_name, time_zone, rules=rules, country=country)
        )
    session.output.show({"group": stored}, groups_sheet([stored]))
    return ExitCode.OK


@command
async def remove_group(session: Session, group: GroupArgument, yes: YesOption = False) -> ExitCode:
    """Remove a group with its roster and schedules; not one whose sessions were decided."""
    confirm(f"Remove {group}?", yes)
    async with session.client() as client:
        await client.attendance_groups.delete(group)
    session.output.show({"removed": group}, f"{group} was removed")
    return ExitCode.OK


@command
async def roster(
    session: Session, group: GroupArgument, limit: LimitOption = 1000, page_token: PageTokenOption = ""
) -> ExitCode:
    """List who belongs to a group, from when until when."""
    async with session.client() as client:
        page = await client.attendance_groups.roster(group, page_token=page_token).first(limit)
    session.output.show(
        {"memberships": page.items, "next_page_token": page.next_page_token},
        roster_sheet(page.items) if page.items else "nobody",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def import_roster(
    session: Session,
    group: GroupArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=COLUMNS_HELP, show_default=False)],
    since: Annotated[
        date | None,
        typer.Option(
            "--since", parser=parse_day, metavar="DAY", help="First day where the file has none.", show_default=False
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Remove whoever is not in the file.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count, and store nothing.")] = False,
) -> ExitCode:
    """Add the people of a CSV file to a group, or change until when they belong to it; all or nothing."""
    members = roster_in(content_of(file, "file"), str(file), since)
    async with session.client() as client:
        done = await client.attendance_groups.import_roster(group, members, replace=replace, dry_run=dry_run)
    would = "would be" if dry_run else "were"
    session.output.show(
        {"changed_count": done.changed_count, "removed_count": done.removed_count, "dry_run": dry_run},
        f"{done.changed_count} of {len(members)} memberships {would} stored, {done.removed_count} {would} removed",
    )
    return ExitCode.OK


@command
async def schedules(session: Session, group: GroupArgument) -> ExitCode:
    """List when and where a group meets."""
    async with session.client() as client:
        found = await client.attendance_groups.schedules(group)
    session.output.show({"schedules": found}, schedules_sheet(found) if found else "no schedule")
    return ExitCode.OK


@command
async def put_schedule(
    session: Session,
    schedule: Annotated[
        str, typer.Argument(metavar="SCHEDULE", help="Id, or attendanceSchedules/ID.", show_default=False)
    ],
    group: Annotated[str, typer.Option("--group", help="Whose.", show_default=False)],
    rooms: Annotated[list[str], typer.Option("--room", help="Where; may be repeated.", show_default=False)],
    first_day: Annotated[
        date, typer.Option("--first-day", parser=parse_day, metavar="DAY", help="2026-03-02.", show_default=False)
    ],
    begins: Annotated[
        time, typer.Option("--begins", parser=parse_clock, metavar="TIME", help="08:00.", show_default=False)
    ],
    ends: Annotated[
        time, typer.Option("--ends", parser=parse_clock, metavar="TIME", help="08:45.", show_default=False)
    ],
    recurrence: Annotated[
        str, typer.Option("--rule", help='As "FREQ=WEEKLY;BYDAY=MO,WE". Default: once.', show_default=False)
    ] = "",
    last_day: Annotated[
        date | None,
        typer.Option("--last-day", parser=parse_day, metavar="DAY", help="Of the recurrence.", show_default=False),
    ] = None,
) -> ExitCode:
    """Store when and where a group meets, new or in place of the schedule of its id, without exceptions."""
    async with session.client() as client:
        stored = await client.attendance_groups.put_schedule(
            AttendanceSchedule(schedule, group, tuple(rooms), first_day, begins, ends, recurrence, last_day)
        )
    session.output.show({"schedule": stored}, schedules_sheet([stored]))
    return ExitCode.OK


@command
async def cameras(session: Session) -> ExitCode:
    """List which cameras watch which rooms."""
    async with session.client() as client:
        found = await client.attendance_groups.placements()
    session.output.show({"placements": found}, placements_sheet(found) if found else "no camera watches a room")
    return ExitCode.OK


@command
async def place(
    session: Session,
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Id, or cameras/ID.", show_default=False)],
    room: Annotated[str, typer.Argument(metavar="ROOM", help="Id of the room.", show_default=False)],
    start: Annotated[
        datetime | None,
        typer.Option("--from", parser=parse_time, metavar="TIME", help="Default: always.", show_default=False),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option("--until", parser=parse_time, metavar="TIME", help="Default: no end.", show_default=False),
    ] = None,
) -> ExitCode:
    """Store that a camera watches a room. Each camera must see the room as well as any other."""
    async with session.client() as client:
        placed = await client.attendance_groups.place_camera(camera, room, start=start, end=end)
    session.output.show({"placement": placed}, placements_sheet([placed]))
    return ExitCode.OK


@command
async def accept_view(
    session: Session,
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Id, or cameras/ID.", show_default=False)],
) -> ExitCode:
    """Store that a camera which counts as moved points where it should. The time before stays unproven."""
    async with session.client() as client:
        accepted = await client.attendance_groups.accept_camera_view(camera)
    session.output.show({"accept_time": accepted}, f"its view counts from {local_time(accepted)} on")
    return ExitCode.OK


@command
async def end_place(
    session: Session,
    placement: Annotated[str, typer.Argument(metavar="PLACEMENT", help="Id, or placements/ID.", show_default=False)],
    end: Annotated[
        datetime | None,
        typer.Option(
            "--at", parser=parse_time, metavar="TIME", help="When. Default: it never watched.", show_default=False
        ),
    ] = None,
) -> ExitCode:
    """Store when a camera stopped watching a room, or that it never did."""
    async with session.client() as client:
        placed = await client.attendance_groups.end_placement(placement, end)
    session.output.show({"placement": placed}, "removed" if placed is None else placements_sheet([placed]))
    return ExitCode.OK
