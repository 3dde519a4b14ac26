"""`portero console`: the web console."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from portero_cli.exits import ExitCode
from portero_cli.screen.showing import stop_signals
from portero_cli.session import Session, command
from portero_client import PorteroError


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero console` with the application."""
    app.command("console")(console)


@command
async def console(
    session: Session,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="Address of the pages. Default: PORTERO_CONSOLE_LISTEN, or 127.0.0.1:8080.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Serve the web console, until Ctrl-C: pages for people, and REST for programs, under /api/v1.

    Everybody comes with a key of their own; this machine needs none where the server asks for none.
    """
    # Here and not above, so that a machine without the console's packages has all other commands.
    from portero_console.serving import running_console
    from portero_console.settings import load_settings

    settings = load_settings(listen=listen)
    async with stop_signals() as stop, running_console(settings, session.connection) as running:
        session.output.note(f"the console is at {running.address}, of the server at {session.connection.server}")
        if (problem := await _unreachable(session)) is not None:
            session.output.note(f"{problem.message}; the console waits for it")
        await stop.wait()
    return ExitCode.OK


async def _unreachable(session: Session) -> PorteroError | None:
    """Returns why the server does not answer, or None if it does."""
    async with session.client() as client:
        try:
            async with asyncio.timeout(session.connection.timeout):
                await client.check_health()
        except PorteroError as error:
            return error
    return None
