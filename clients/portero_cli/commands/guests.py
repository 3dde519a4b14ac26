"""`portero guests`: who is expected, and who of them has come."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from portero_cli.exits import ExitCode
from portero_cli.guest_list import COLUMNS_HELP, guests_in
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.reports import guests_table
from portero_cli.session import Session, command
from portero_cli.several import done_to_each
from portero_cli.table_file import content_of
from portero_client import Guest
from portero_client.names import GUESTS

_AT_ONCE = 1000
"""Most guests that the server takes in one call."""


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero guests` with the application."""
    group = typer.Typer(help="Expected guests: list, import, remove.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("import")(import_)
    group.command("remove")(remove)
    app.add_typer(group, name="guests")


def parse_day(text: str) -> date:
    """Parses a day. Raises ValueError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day; write 2026-11-27") from None


@command
async def list_(
    session: Session,
    day: Annotated[
        date | None,
        typer.Option("--day", parser=parse_day, metavar="DAY", help="2026-11-27. Default: today.", show_default=False),
    ] = None,
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List the guests of a day, and who of them has come."""
    async with session.client() as client:
        page = await client.documents.guests(day=day, page_token=page_token).first(limit)
    session.output.show(
        {"guests": page.items, "next_page_token": page.next_page_token},
        guests_table(page.items) if page.items else "nobody is expected",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def import_(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=COLUMNS_HELP, show_default=False)],
) -> ExitCode:
    """Add the guests of a CSV file; those on the list of that day already are left as they are."""
    guests = guests_in(content_of(file, "file"), str(file))
    added: list[Guest] = []
    known = 0
    async with session.client() as client:
        for begin in range(0, len(guests), _AT_ONCE):
            done = await client.documents.import_guests(guests[begin : begin + _AT_ONCE])
            added += done.guests
            known += done.known_count
    session.output.show(
        {"guests": added, "known_count": known}, f"{len(added)} guests were added, {known} were on the list already"
    )
    return ExitCode.OK


@command
async def remove(
    session: Session,
    guests: Annotated[list[str], typer.Argument(metavar="GUEST...", help="Ids, or guests/ID.", show_default=False)],
    yes: YesOption = False,
) -> ExitCode:
    """Remove expected guests permanently."""
    confirm(f"Remove {', '.join(guests)}?", yes)
    async with session.client() as client:
        return await done_to_each(guests, GUESTS.name, client.documents.delete_guest, session.output, "removed")
