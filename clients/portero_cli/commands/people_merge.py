"""`portero people merge`: makes one of a person who was enrolled twice."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from portero_cli.commands.rights import PersonArgument
from portero_cli.completing import complete_people
from portero_cli.exits import ExitCode
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.output import printable
from portero_cli.session import Session, command
from portero_client import MergedPerson


def add_to(group: typer.Typer) -> None:
    """Registers the command with the group `portero people`."""
    group.command("merge")(merge)


@command
async def merge(
    session: Session,
    person: PersonArgument,
    other: Annotated[
        str,
        typer.Argument(
            metavar="OTHER",
            help="Who is the same person, and is gone afterwards.",
            show_default=False,
            autocompletion=complete_people,
        ),
    ],
    force: Annotated[
        bool,
        typer.Option("--force", help="Merge them although both were seen at one camera at the same time."),
    ] = False,
    yes: YesOption = False,
) -> ExitCode:
    """Make two people one, who turned out to be one person: OTHER's faces and past become PERSON's. No way back.

    Photos, consents, sightings, reviews and attendance become PERSON's, and open sessions are decided anew. The name is
    PERSON's; of labels that both have, PERSON's. What either withdrew is withdrawn for both.
    """
    confirm(f"Make {other} the person {person}? {other} is gone then, and this cannot be undone.", yes)
    async with session.client() as client:
        merged = await client.people.merge(person, other, force=force)
    session.output.show({"merge": merged}, *(Text(line) for line in _lines(merged, other)))
    return ExitCode.OK


def _lines(merged: MergedPerson, other: str) -> list[str]:
    """Returns what became of the other person, in words."""
    person = merged.person
    lines = [
        f"{other} is {person.name} now, {printable(person.display_name)}: {merged.faces} faces, "
        f"{merged.photos} photos, {merged.sightings} sightings, {merged.reviews} reviews, {merged.consents} consents, "
        f"{merged.attendance_records} attendance records became theirs"
    ]
    if merged.joined_sightings:
        lines.append(f"{merged.joined_sightings} sightings were part of the same visit, and are one with others now")
    if merged.dropped_photos:
        lines.append(
            f"{merged.dropped_photos} photos are deleted: {person.name} has the same, or they are missing or damaged"
        )
    if merged.ended_consents:
        lines.append(f"{merged.ended_consents} consents ended, since they were withdrawn under the other id")
    if person.without_consent:
        lines.append(f"{person.name} has no valid consent, and is not recognized")
    return lines
