"""Options that several commands of `portero attendance` have."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from portero_cli.times import parse_time

SinceOption = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        parser=parse_time,
        metavar="TIME",
        help="Sessions begun then or later: 3d, 2026-03-02.",
        show_default=False,
    ),
]
UntilOption = Annotated[
    datetime | None,
    typer.Option("--until", parser=parse_time, metavar="TIME", help="Sessions begun before.", show_default=False),
]
PersonOption = Annotated[str, typer.Option("--person", help="Of this one.", show_default=False)]
GroupOption = Annotated[str, typer.Option("--group", help="Of this one.", show_default=False)]
