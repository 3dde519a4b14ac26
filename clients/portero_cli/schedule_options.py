"""The options that say when people are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from portero_cli.times import parse_duration
from portero_client import DeliverySchedule

QuietFromOption = Annotated[
    str,
    typer.Option(
        "--quiet-from",
        metavar="HH:MM",
        help="Start of the hours in which people are sent nothing.",
        show_default=False,
    ),
]
QuietUntilOption = Annotated[
    str, typer.Option("--quiet-until", metavar="HH:MM", help="Their end; what waits is sent then.", show_default=False)
]
DigestOption = Annotated[
    str,
    typer.Option(
        "--digest-at", metavar="HH:MM", help="Tell people everything of a day in one message then.", show_default=False
    ),
]
EveryOption = Annotated[
    timedelta | None,
    typer.Option(
        "--digest-every",
        parser=parse_duration,
        metavar="DURATION",
        help="Or tell them everything that waits so often, such as 30m, counted from midnight.",
        show_default=False,
    ),
]
ZoneOption = Annotated[
    str,
    typer.Option(
        "--time-zone", metavar="ZONE", help="Whose clock these times are of, as America/Santiago.", show_default=False
    ),
]
AtOnceOption = Annotated[bool, typer.Option("--at-once", help="Without quiet hours and digest from now on.")]


def schedule_of(
    quiet_from: str,
    quiet_until: str,
    digest_at: str,
    digest_every: timedelta | None,
    time_zone: str,
    *,
    at_once: bool = False,
) -> DeliverySchedule | None:
    """Returns the schedule of the options; None: none of them is given. Raises BadParameter."""
    schedule = DeliverySchedule(quiet_from, quiet_until, digest_at, time_zone, digest_every)
    given = schedule != DeliverySchedule()
    if at_once and given:
        raise typer.BadParameter("--at-once means no quiet hours and no digest: leave the others out")
    return schedule if given or at_once else None
