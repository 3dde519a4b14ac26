"""`portero attendance`: who attended, what shows it, corrections, excuses and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from portero_cli.commands import attendance_days, attendance_groups, attendance_timetable, attendance_watch
from portero_cli.commands.attendance_options import (
    GroupOption,
    PersonOption,
    SessionArgument,
    SinceOption,
    UntilOption,
)
from portero_cli.commands.attendance_report import report
from portero_cli.exits import ExitCode
from portero_cli.screen.attendance_sheets import (
    changes_sheet,
    corrections_sheet,
    excuses_sheet,
    records_sheet,
    sessions_sheet,
)
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.session import Session, command
from portero_cli.times import parse_time
from portero_client import AttendanceStatus

SessionOption = Annotated[str, typer.Option("--session", help="Of this one, as math/2026-03-02.", show_default=False)]
PersonArgument = Annotated[str, typer.Argument(metavar="PERSON", help="Id, or people/ID.", show_default=False)]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, at most 200 characters.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero attendance` with the application."""
    group = typer.Typer(help="Who attended: groups, sessions, records, reports.", no_args_is_help=True)
    attendance_groups.add_to(group)
    attendance_days.add_to(group)
    attendance_timetable.add_to(group)
    attendance_watch.add_to(group)
    for name, function in (
        ("sessions", sessions),
        ("records", records),
        ("changes", changes),
        ("report", report),
        ("correct", correct),
        ("uncorrect", uncorrect),
        ("corrections", corrections),
        ("excuse", excuse),
        ("unexcuse", unexcuse),
        ("excuses", excuses),
    ):
        group.command(name)(function)
    app.add_typer(group, name="attendance")


@command
async def sessions(
    session: Session,
    group: GroupOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List sessions in the order in which they begin."""
    async with session.client() as client:
        listing = client.attendance.sessions(group=group, start=since, end=until, page_token=page_token)
        page = await listing.first(limit)
    session.output.show(
        {"sessions": page.items, "next_page_token": page.next_page_token},
        sessions_sheet(page.items) if page.items else "no session",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def records(
    session: Session,
    of_session: SessionOption = "",
    person: PersonOption = "",
    group: GroupOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List how people attended, of a session, a person or a group."""
    async with session.client() as client:
        listing = client.attendance.records(
            session=of_session, person=person, group=group, start=since, end=until, page_token=page_token
        )
        page = await listing.first(limit)
    session.output.show(
        {"records": page.items, "next_page_token": page.next_page_token},
        records_sheet(page.items) if page.items else "no record",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def changes(
    session: Session,
    of_session: SessionOption = "",
    person: PersonOption = "",
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List which statuses changed, when and because of what, of a session or a person."""
    async with session.client() as client:
        listing = client.attendance.changes(session=of_session, person=person, page_token=page_token)
        page = await listing.first(limit)
    session.output.show(
        {"changes": page.items, "next_page_token": page.next_page_token},
        changes_sheet(page.items) if page.items else "no change",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def correct(
    session: Session,
    of_session: SessionArgument,
    person: PersonArgument,
    status: Annotated[AttendanceStatus, typer.Argument(help="How they attended.", show_default=False)],
    reason: ReasonOption,
) -> ExitCode:
    """Say how somebody attended, whatever cameras say."""
    async with session.client() as client:
        said = await client.attendance.correct(of_session, person, status, reason)
    session.output.show({"correction": said}, corrections_sheet([said]))
    return ExitCode.OK


@command
async def uncorrect(
    session: Session,
    correction: Annotated[
        str, typer.Argument(metavar="CORRECTION", help="Id, or attendanceCorrections/ID.", show_default=False)
    ],
) -> ExitCode:
    """Take a correction back."""
    async with session.client() as client:
        said = await client.attendance.withdraw_correction(correction)
    session.output.show({"correction": said}, corrections_sheet([said]))
    return ExitCode.OK


@command
async def corrections(session: Session, of_session: SessionArgument) -> ExitCode:
    """List the corrections of a session, with those that were taken back."""
    async with session.client() as client:
        found = await client.attendance.corrections(of_session)
    session.output.show({"corrections": found}, corrections_sheet(found) if found else "no correction")
    return ExitCode.OK


@command
async def excuse(
    session: Session,
    person: PersonArgument,
    start: Annotated[
        datetime, typer.Option("--from", parser=parse_time, metavar="TIME", help="2026-03-02.", show_default=False)
    ],
    end: Annotated[
        datetime, typer.Option("--until", parser=parse_time, metavar="TIME", help="2026-03-04.", show_default=False)
    ],
    reason: ReasonOption,
) -> ExitCode:
    """Excuse somebody for a time, from every session in it."""
    async with session.client() as client:
        said = await client.attendance.excuse(person, start, end, reason)
    session.output.show({"excuse": said}, excuses_sheet([said]))
    return ExitCode.OK


@command
async def unexcuse(
    session: Session,
    excuse_name: Annotated[
        str, typer.Argument(metavar="EXCUSE", help="Id, or attendanceExcuses/ID.", show_default=False)
    ],
) -> ExitCode:
    """Take an excuse back."""
    async with session.client() as client:
        said = await client.attendance.withdraw_excuse(excuse_name)
    session.output.show({"excuse": said}, excuses_sheet([said]))
    return ExitCode.OK


@command
async def excuses(
    session: Session, person: PersonArgument, limit: LimitOption = 100, page_token: PageTokenOption = ""
) -> ExitCode:
    """List the excuses of a person, with those that were taken back."""
    async with session.client() as client:
        page = await client.attendance.excuses(person, page_token=page_token).first(limit)
    session.output.show(
        {"excuses": page.items, "next_page_token": page.next_page_token},
        excuses_sheet(page.items) if page.items else "no excuse",
    )
    note_rest(session.output, page)
    return ExitCode.OK
