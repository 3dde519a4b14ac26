"""`portero consent`: who agreed to be recognized."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from portero_cli.commands.rights import PersonArgument
from portero_cli.exits import ExitCode
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.sheet import table
from portero_cli.screen.tables import local_time
from portero_cli.session import Session, command
from portero_cli.times import parse_time, parse_time_ahead


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero consent` with the application."""
    group = typer.Typer(help="Manage people's consent to be recognized.", no_args_is_help=False)
    group.command("show")(show)
    group.command("give")(give)
    group.command("withdraw")(withdraw)
    app.add_typer(group, name="consent")


@command
async def show(session: Session, person: PersonArgument) -> ExitCode:
    """Show what a person agreed to, and whether they may be recognized."""
    async with session.client() as client:
        privacy = await client.privacy.get(person)
    state = "may be recognized" if privacy.recognizable else "is not recognized"
    session.output.show(
        {"privacy": privacy},
        f"{privacy.person} {state}{', being blocked' if privacy.blocked else ''}",
        table(
            "consent",
            "purpose",
            "text",
            "given",
            "by",
            "channel",
            "ended",
            rows=(
                (
                    consent.name.rpartition("/")[2],
                    consent.purpose,
                    consent.text_version,
                    local_time(consent.give_time),
                    consent.guardian or "the person",
                    consent.channel,
                    _time(consent.withdraw_time or consent.expire_time),
                )
                for consent in privacy.consents
            ),
            spare=("channel", "by", "text"),
        ),
    )
    return ExitCode.OK


@command
async def give(
    session: Session,
    person: PersonArgument,
    purpose: Annotated[
        str,
        typer.Option(
            "--purpose",
            help="The purpose, as worded in the text; keep-photos: to keep enrollment photos.",
            show_default=False,
        ),
    ],
    text: Annotated[str, typer.Option("--text", help="Version of the text agreed to.", show_default=False)],
    channel: Annotated[str, typer.Option("--channel", help="How: paper, desk, app.", show_default=False)],
    guardian: Annotated[
        str, typer.Option("--guardian", help="Who consented on behalf of a minor.", show_default=False)
    ] = "",
    at: Annotated[
        datetime | None,
        typer.Option("--at", parser=parse_time, metavar="TIME", help="When. Default: now.", show_default=False),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until",
            parser=parse_time_ahead,
            metavar="TIME",
            help="When it expires: 90d (ahead), 2027-05-01, 2027-05-01T10:00:00Z. Default: never.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Record that a person agreed to be recognized."""
    async with session.client() as client:
        consent = await client.privacy.record_consent(
            person,
            purpose=purpose,
            text_version=text,
            channel=channel,
            guardian=guardian,
            give_time=at,
            expire_time=until,
        )
    session.output.show({"consent": consent}, f"{consent.name} recorded")
    return ExitCode.OK


@command
async def withdraw(
    session: Session,
    person: PersonArgument,
    consent: Annotated[
        str, typer.Argument(metavar="[CONSENT]", help="Its id. Default: all.", show_default=False)
    ] = "-",
    yes: YesOption = False,
) -> ExitCode:
    """Withdraw consents; without a valid one the person is no longer matched, effective immediately."""
    confirm(f"Withdraw {'all consents' if consent == '-' else f'consent {consent}'} of {person}?", yes)
    async with session.client() as client:
        ended = await client.privacy.withdraw_consent(person, consent)
    session.output.show({"consents": ended}, *(f"{each.name} ended" for each in ended))
    return ExitCode.OK


def _time(value: datetime | None) -> str:
    return "" if value is None else local_time(value)
