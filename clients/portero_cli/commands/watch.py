"""`portero watch`: who is seen, as it happens."""

from __future__ import annotations

from typing import Annotated

import typer

from portero_cli.completing import complete_cameras, complete_people
from portero_cli.exits import ExitCode
from portero_cli.screen.output import console
from portero_cli.screen.tables import STRANGER, local_time, percent
from portero_cli.session import Session, command
from portero_client import SightingEvent, SightingKind
from portero_client.names import CAMERAS

# The fixed part of a line takes 51 columns.
_NARROW = 72


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero watch` with the application."""
    app.command("watch")(watch)


@command
async def watch(
    session: Session,
    camera: Annotated[
        str, typer.Option("--camera", help="Only at this camera.", show_default=False, autocompletion=complete_cameras)
    ] = "",
    person: Annotated[
        str, typer.Option("--person", help="Only of this person.", show_default=False, autocompletion=complete_people)
    ] = "",
    kind: Annotated[SightingKind, typer.Option("--kind", help="Which sightings.")] = SightingKind.ALL,
    after: Annotated[
        int | None,
        typer.Option(
            "--after",
            min=0,
            help="Start after this position; 0 is the first stored event. Default: now.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="Stop after this many events.", show_default=False)
    ] = None,
) -> ExitCode:
    """Follow who is seen, until Ctrl-C; resumes automatically if the connection breaks.

    With --json, every event is a document on its own line, with the position to resume after.
    """
    async with session.client() as client:
        # A watch tries for ever; a server that is not there at all is told at once instead.
        await client.check_health()
        async with client.watch_sightings(after=after, camera=camera, person=person, kind=kind) as events:
            seen, width = 0, console().width
            async for event in events:
                session.output.show_line(event, event_line(event, width))
                seen += 1
                if seen == count:
                    break
    return ExitCode.OK


def event_line(event: SightingEvent, width: int) -> str:
    """Returns the line of an event; a narrow terminal gets no year, and less space between."""
    sighting = event.sighting
    who = STRANGER if sighting.is_stranger else f"{sighting.display_name} ({percent(sighting.similarity)})"
    camera = CAMERAS.identifier(sighting.camera)
    if width < _NARROW:
        return f"{event.event_time.astimezone():%m-%d %H:%M:%S} {camera} {event.kind.value} {who}"
    return f"{local_time(event.event_time)}  {camera:<16}  {event.kind.value:<8}  {who}"
