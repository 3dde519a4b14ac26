"""`portero decisions`: what decisions about faces saw, and what other thresholds would have decided."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from portero_cli.completing import complete_cameras
from portero_cli.exits import ExitCode
from portero_cli.screen.decisions import changes_table, decisions_table, reviewed_lines, what_if_table
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.what_if_plot import plotted
from portero_cli.session import Session, command
from portero_cli.times import parse_time

CameraOption = Annotated[
    str, typer.Option("--camera", help="Only at this camera.", show_default=False, autocompletion=complete_cameras)
]
SinceOption = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        parser=parse_time,
        metavar="TIME",
        help="Only shots taken then or later: 2h (ago), 2026-05-01, 2026-05-01T10:00:00Z.",
        show_default=False,
    ),
]
UntilOption = Annotated[
    datetime | None,
    typer.Option("--until", parser=parse_time, metavar="TIME", help="Only shots taken before.", show_default=False),
]


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero decisions` with the application."""
    group = typer.Typer(help="Show what decisions about faces saw, and try other thresholds.", no_args_is_help=False)
    group.command("list")(list_decisions)
    group.command("what-if")(what_if)
    app.add_typer(group, name="decisions")


@command
async def list_decisions(
    session: Session,
    sighting: Annotated[
        str, typer.Option("--sighting", help="Only about this sighting: its id, or sightings/ID.", show_default=False)
    ] = "",
    camera: CameraOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List what decisions saw, oldest first: candidates, quality, thresholds and the reason; all conditions must hold.

    The server keeps this for a time (PORTERO_RETENTION_DECISIONS_DAYS), unless it is set up to keep none.
    """
    async with session.client() as client:
        page = await client.decisions.list(
            camera=camera, sighting=sighting, since=since, until=until, page_token=page_token
        ).first(limit)
    session.output.show(
        {"decisions": page.items, "next_page_token": page.next_page_token},
        decisions_table(page.items) if page.items else "no decision is stored",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def what_if(
    session: Session,
    thresholds: Annotated[
        list[float] | None,
        typer.Option(
            "--threshold",
            min=0.0,
            max=1.0,
            help="Similarity threshold to try; give it several times to compare. Default: each decision's own.",
            show_default=False,
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            min=0.0,
            max=1.0,
            help="Margin over the next candidate to try. Default: each decision's own.",
            show_default=False,
        ),
    ] = None,
    camera: CameraOption = "",
    site: Annotated[str, typer.Option("--site", help="Only at the cameras of this site.", show_default=False)] = "",
    since: SinceOption = None,
    until: UntilOption = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            help="Also draw what each threshold names and misses, as FILE.png. Needs the extra `plot`.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Show what other thresholds would have named, missed and changed, by the shots of stored decisions.

    Nothing is asked again, so nothing is paid for. A face that was remembered at its camera is left out, as is one that
    was compared with somebody who is gone. That two faces of one frame are never one person is not looked at. What was
    reviewed (`portero review`) tells how many names would be right; enough of it, which threshold to choose.
    """
    if plot is not None:
        # Before the server works for it.
        plotted(plot, ())
    async with session.client() as client:
        found = await client.decisions.what_if(
            *(thresholds or ()), margin=margin, camera=camera, site=site, since=since, until=until
        )
    several = len(found.results) > 1
    shown: list[RenderableType] = ["no decision is stored for this"]
    if found.decisions:
        shown = [what_if_table(found.results)]
    if not several and found.results and found.results[0].changes:
        shown += ["", changes_table(found.results[0].changes)]
    session.output.show(found, *shown, *reviewed_lines(found))
    if plot is not None and found.decisions:
        plotted(plot, found.results)
        session.output.note(f"drawn in {plot}")
    return ExitCode.OK
