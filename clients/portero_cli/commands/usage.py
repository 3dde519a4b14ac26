"""`portero usage`: what recognition costs, and how many calls were avoided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer
from rich.console import RenderableType

from portero_cli.completing import complete_cameras
from portero_cli.exits import ExitCode
from portero_cli.screen.sheet import table
from portero_cli.session import Session, command
from portero_cli.times import parse_time
from portero_client import Usage
from portero_client.names import CAMERAS


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero usage` with the application."""
    app.command("usage")(usage)


@command
async def usage(
    session: Session,
    camera: Annotated[
        str, typer.Option("--camera", help="Only of this camera.", show_default=False, autocompletion=complete_cameras)
    ] = "",
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            parser=parse_time,
            metavar="TIME",
            help="From the hour that contains this time: 2d (ago), 2026-05-01. [default: midnight UTC]",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until", parser=parse_time, metavar="TIME", help="Only hours that started before.", show_default=False
        ),
    ] = None,
) -> ExitCode:
    """Show calls made, calls avoided and dollars: today or since a time, this month, and projected."""
    async with session.client() as client:
        found = await client.usage(since=since, until=until, camera=camera)
    session.output.show(found, *_shown(found))
    return ExitCode.OK


def _shown(usage: Usage) -> Iterator[RenderableType]:
    if usage.calls:
        yield table(
            "camera",
            "engine",
            "operation",
            "calls",
            "dollars",
            rows=(
                (_camera(line.camera), line.engine, line.operation, line.calls, _dollars(line.dollars))
                for line in usage.calls
            ),
        )
    else:
        yield "no paid calls"
    if usage.avoided:
        yield ""
        yield table(
            "camera",
            "calls avoided",
            "count",
            rows=((_camera(line.camera), line.reason, line.count) for line in usage.avoided),
        )
    if usage.budgets:
        yield ""
        yield table(
            "budget",
            "a day",
            "spent today",
            "service",
            rows=(
                (state.scope, _dollars(state.daily_dollars), _dollars(state.spent_dollars), state.step)
                for state in usage.budgets
            ),
        )
    yield ""
    yield (
        f"{_dollars(usage.dollars)} in this time, {_dollars(usage.month_dollars)} this month, "
        f"{_dollars(usage.projected_month_dollars)} projected for the month"
    )


def _camera(name: str) -> str:
    return CAMERAS.identifier(name) if name else "(calls)"


def _dollars(amount: float) -> str:
    return f"${amount:,.3f}" if amount < 1 else f"${amount:,.2f}"
