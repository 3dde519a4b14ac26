"""`portero top`: all cameras at a glance, live."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from portero_cli.exits import ExitCode
from portero_cli.screen.output import console, printable
from portero_cli.screen.overview import render, take_overview
from portero_cli.screen.showing import stop_signals
from portero_cli.session import Session, command
from portero_cli.times import parse_duration
from portero_client.errors import PorteroError


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero top` with the application."""
    app.command("top")(top)


@command
async def top(
    session: Session,
    interval: Annotated[
        timedelta | None,
        typer.Option(
            "--interval",
            parser=parse_duration,
            metavar="DURATION",
            help="Time between updates. [default: 2s]",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Largest number of cameras.")] = 100,
    once: Annotated[bool, typer.Option("--once", help="Print once, even on a terminal.")] = False,
) -> ExitCode:
    """Show cameras, frame rates, lag, names, calls and cost, until Ctrl-C.

    Cameras without a stream are listed first. With --json, or if the output is not a terminal, it prints once.
    """
    pause = (interval or timedelta(seconds=2)).total_seconds()
    async with session.client() as client:
        overview = await take_overview(client, datetime.now(UTC), limit)
        if once or session.output.as_json or not console().is_terminal:
            session.output.show(overview, render(overview))
            return ExitCode.OK
        async with stop_signals() as stop:
            seen = render(overview)
            with Live(seen, console=console(), auto_refresh=False, screen=True) as live:
                while not stop.is_set():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await stop.wait()
                    try:
                        seen = render(await take_overview(client, datetime.now(UTC), limit))
                    except PorteroError as error:
                        # What was seen last stays while the server is away.
                        live.update(Group(Text(printable(error.message), style="bold red"), seen), refresh=True)
                    else:
                        live.update(seen, refresh=True)
    return ExitCode.OK
