"""Options that several commands of `portero attendance` have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

import typer

from portero_cli.times import parse_time
from portero_client.errors import InvalidArgument
from portero_client.names import ATTENDANCE_SESSIONS

SessionArgument = Annotated[str, typer.Argument(metavar="SESSION", help="As math/2026-03-02.", show_default=False)]
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


@dataclass(frozen=True, slots=True)
class ScheduledDay:
    """A session by its schedule, and the day on which it begins by that."""

    schedule: str
    day: date


def parse_session(text: str) -> ScheduledDay:
    """Parses a session, as math/2026-03-02 or by its name. Raises ValueError."""
    try:
        schedule, _, day = ATTENDANCE_SESSIONS.identifier(text).rpartition("/")
        return ScheduledDay(schedule, date.fromisoformat(day))
    except (InvalidArgument, ValueError):
        raise ValueError(f"{text!r} is not a session; write math/2026-03-02") from None
