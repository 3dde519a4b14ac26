"""`portero sightings`: who was seen."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from portero_cli.completing import complete_cameras, complete_people
from portero_cli.exits import ExitCode
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.tables import sightings_table
from portero_cli.session import Session, command
from portero_cli.several import each_of
from portero_cli.times import parse_time
from portero_client import SightingKind
from portero_client.names import SIGHTINGS


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero sightings` with the application."""
    app.command("sightings")(sightings)


@command
async def sightings(
    session: Session,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SIGHTING...]", help="Only these: ids, or sightings/ID.", show_default=False),
    ] = None,
    camera: Annotated[
        str, typer.Option("--camera", help="Only at this camera.", show_default=False, autocompletion=complete_cameras)
    ] = "",
    person: Annotated[
        str, typer.Option("--person", help="Only of this person.", show_default=False, autocompletion=complete_people)
    ] = "",
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            parser=parse_time,
            metavar="TIME",
            help="Only sightings that did not end before: 2h (ago), 2026-05-01, 2026-05-01T10:00:00Z.",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until", parser=parse_time, metavar="TIME", help="Only sightings that started before.", show_default=False
        ),
    ] = None,
    kind: Annotated[SightingKind, typer.Option("--kind", help="Which sightings.")] = SightingKind.ALL,
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List who was seen where and when, latest first; all conditions must hold.

    Sightings that are named are shown as they are now, in the order given; other conditions do not apply to them.
    """
    async with session.client() as client:
        if names:
            found = await each_of(names, SIGHTINGS.name, client.sightings.get, session.output)
            document = {"sightings": found.done, "failed": found.failed, "next_page_token": ""}
            session.output.show(document, *([sightings_table(found.done)] if found.done else []))
            return found.code
        page = await client.sightings.list(
            camera=camera, person=person, since=since, until=until, kind=kind, page_token=page_token
        ).first(limit)
    session.output.show(
        {"sightings": page.items, "next_page_token": page.next_page_token},
        sightings_table(page.items) if page.items else "nobody was seen",
    )
    note_rest(session.output, page)
    return ExitCode.OK
