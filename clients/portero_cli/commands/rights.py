"""The privacy commands of `portero people`: block, export, erase."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Annotated

import typer

from portero_cli.completing import complete_people
from portero_cli.exits import ExitCode
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.sheet import table
from portero_cli.screen.tables import local_time
from portero_cli.session import Session, command
from portero_cli.several import each_of
from portero_client import ExportRecord, InvalidArgument
from portero_client.names import PEOPLE

PersonArgument = Annotated[
    str,
    typer.Argument(metavar="PERSON", help="Id, or people/ID.", show_default=False, autocompletion=complete_people),
]
PeopleArgument = Annotated[
    list[str],
    typer.Argument(metavar="PERSON...", help="Ids, or people/ID.", show_default=False, autocompletion=complete_people),
]


def add_to(group: typer.Typer) -> None:
    """Registers the privacy commands with the group `portero people`."""
    group.command("block")(block)
    group.command("unblock")(unblock)
    group.command("export")(export)
    group.command("erase")(erase)
    group.command("verify-erasure")(verify_erasure)


@command
async def block(
    session: Session,
    person: PersonArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.", show_default=False)] = "",
) -> ExitCode:
    """Block a person: no face is recognized as them from now on; everything else is kept."""
    async with session.client() as client:
        privacy = await client.privacy.block(person, reason)
    session.output.show({"privacy": privacy}, f"{privacy.person} is blocked")
    return ExitCode.OK


@command
async def unblock(session: Session, person: PersonArgument) -> ExitCode:
    """End the block of a person."""
    async with session.client() as client:
        privacy = await client.privacy.unblock(person)
    may = "may be recognized" if privacy.recognizable else "has no valid consent and is not recognized"
    session.output.show({"privacy": privacy}, f"{privacy.person} is not blocked and {may}")
    return ExitCode.OK


@command
async def export(
    session: Session,
    person: PersonArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Output file; must not exist.", show_default=False)],
) -> ExitCode:
    """Write everything stored about a person to a JSON file.

    Photographs are in it, in base64, only if the server keeps enrollment photos and the person agreed to that;
    otherwise only the recognizer's descriptions of faces.
    """
    name = PEOPLE.name(person)
    if file.exists():
        raise InvalidArgument(f"{file} exists already", field="file", reason="FILE_EXISTS")
    records: dict[str, list[object]] = {}
    async with session.client() as client:
        async for record in client.privacy.export(person, page_size=1000):
            records.setdefault(record.kind, []).append(_values_of(record))
    photographs = len(records.get("photo", ()))
    document = {"person": name, "photographs": photographs or "none are stored", "records": records}
    # Nobody else on this machine is to read it.
    file.touch(mode=0o600)
    file.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    counts = {kind: len(found) for kind, found in records.items()}
    session.output.show(
        {"file": str(file), "records": counts},
        f"{file}: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()),
    )
    return ExitCode.OK


def _values_of(record: ExportRecord) -> dict[str, object]:
    values: dict[str, object] = json.loads(record.json)
    if record.content:
        values["content"] = base64.b64encode(record.content).decode()
    return values


@command
async def erase(
    session: Session,
    people: PeopleArgument,
    yes: YesOption = False,
) -> ExitCode:
    """Erase people permanently: faces, consents, and their names in everything that was ever written.

    Their ids are never reused. Keep the name of the receipt.
    """
    confirm(f"Erase {', '.join(people)} permanently?", yes)
    async with session.client() as client:
        outcomes = await each_of(people, PEOPLE.name, client.privacy.erase, session.output, "erased")
    session.output.show(
        {"erasures": outcomes.done, "failed": outcomes.failed},
        table(
            "receipt",
            "finished",
            "overwritten on disk",
            "removed",
            rows=(
                (
                    erasure.name,
                    local_time(erasure.finish_time) if erasure.finish_time else "in progress on the server",
                    local_time(erasure.overwrite_time) if erasure.overwrite_time else "not told",
                    ", ".join(f"{count} {place}" for place, count in erasure.removed.items() if count),
                )
                for erasure in outcomes.done
            ),
            spare=("overwritten on disk", "finished"),
        ),
    )
    return outcomes.code


@command
async def verify_erasure(session: Session, person: PersonArgument) -> ExitCode:
    """Search every table for an erased person; exits with code 1 if anything is left."""
    async with session.client() as client:
        found = await client.privacy.verify_erasure(person)
    lines = [f"{place}: {count} left" for place, count in found.remains.items()]
    if not found.erasure.sound:
        lines.append("the receipt is not finished, or was changed")
    session.output.show(
        {"verification": found}, f"{found.erasure.name}: {'clean' if found.clean else 'not clean'}", *lines
    )
    return ExitCode.OK if found.clean else ExitCode.FAILED
