"""`portero people`: manages known people and their faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from portero_cli import enrolling
from portero_cli.commands import people_import, people_merge, rights
from portero_cli.commands.rights import PeopleArgument, PersonArgument
from portero_cli.enrolling import Enrolled, enroll_person, in_words
from portero_cli.exits import ExitCode
from portero_cli.naming import id_of
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.output import printable
from portero_cli.screen.photos import pairs_table, photos_table
from portero_cli.screen.tables import enrollments_table, findings_table, people_table, person_details
from portero_cli.session import Session, command
from portero_cli.several import done_to_each
from portero_client import InvalidArgument
from portero_client.names import PEOPLE, face_name


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero people` with the application."""
    group = typer.Typer(help="Manage the people to recognize.", no_args_is_help=False)
    group.command("add")(add)
    people_import.add_to(group)
    group.command("list")(list_people)
    group.command("show")(show)
    group.command("rename")(rename)
    group.command("label")(label)
    group.command("check")(check)
    group.command("check-photo")(check_photo)
    group.command("confusable")(confusable)
    group.command("remove-face")(remove_face)
    group.command("remove")(remove)
    people_merge.add_to(group)
    rights.add_to(group)
    app.add_typer(group, name="people")


@command
async def add(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Display name.", show_default=False)],
    photos: Annotated[
        list[Path],
        typer.Argument(
            metavar="PHOTO...", help="JPEG, PNG, WebP or HEIC files with exactly one face.", show_default=False
        ),
    ],
    person_id: Annotated[
        str, typer.Option("--id", help="Id. Default: derived from the name.", show_default=False)
    ] = "",
) -> ExitCode:
    """Add a person and enroll their face; for a known person, enroll the new photos.

    Prints what was wrong with each rejected photo, and then exits with code 4.
    """
    async with session.client() as client:
        enrolled = await enroll_person(client, name, person_id or id_of(name), photos, lambda: None)
    session.output.show(enrolled, *_lines([enrolled]))
    return ExitCode.OK if enrolled.complete else ExitCode.INVALID_INPUT


@command
async def list_people(
    session: Session,
    contains: Annotated[
        str, typer.Option("--contains", help="Only names that contain this text, ignoring case.", show_default=False)
    ] = "",
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List people by id."""
    async with session.client() as client:
        page = await client.people.list(display_name_contains=contains, page_token=page_token).first(limit)
    session.output.show(
        {"people": page.items, "next_page_token": page.next_page_token},
        people_table(page.items) if page.items else "nobody",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def show(session: Session, person: PersonArgument) -> ExitCode:
    """Show a person and their enrolled faces."""
    async with session.client() as client:
        found = await client.people.get(person)
        faces = [face async for face in client.people.faces(person)]
    session.output.show({"person": found, "faces": faces}, person_details(found), "", enrollments_table(faces))
    return ExitCode.OK


@command
async def check(session: Session, limit: LimitOption = 100_000, page_token: PageTokenOption = "") -> ExitCode:
    """List what may be wrong: people without a face of the model in use, and one face under two names.

    Exits with code 1 if there is something. What Amazon Rekognition alone keeps is not compared, since each comparison
    would be a paid call.
    """
    async with session.client() as client:
        page = await client.people.findings(page_token=page_token).first(limit)
    session.output.show(
        {"findings": page.items, "next_page_token": page.next_page_token},
        findings_table(page.items) if page.items else "nothing found",
    )
    note_rest(session.output, page)
    return ExitCode.FAILED if page.items else ExitCode.OK


@command
async def check_photo(
    session: Session,
    photos: Annotated[
        list[Path],
        typer.Argument(metavar="PHOTO...", help="JPEG, PNG, WebP or HEIC files.", show_default=False),
    ],
) -> ExitCode:
    """Say whether photos can be enrolled, and what would make them better; nothing is stored or paid for.

    Exits with code 4 if one of them would be refused. The engine may still refuse what passes here.
    """
    async with session.client() as client:
        checked = [await enrolling.check_photo(client, photo) for photo in photos]
    session.output.show({"photos": checked}, photos_table((each.photo, each.usable, each.words) for each in checked))
    return ExitCode.OK if all(each.usable for each in checked) else ExitCode.INVALID_INPUT


@command
async def confusable(session: Session, limit: LimitOption = 1000, page_token: PageTokenOption = "") -> ExitCode:
    """List people who may be taken for each other; cameras name either of them only where the lead is clear.

    They were found when their faces were enrolled, or by `portero people check`.
    """
    async with session.client() as client:
        page = await client.people.confusable(page_token=page_token).first(limit)
    session.output.show(
        {"pairs": page.items, "next_page_token": page.next_page_token},
        pairs_table(page.items) if page.items else "nobody",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def rename(
    session: Session,
    person: PersonArgument,
    display_name: Annotated[str, typer.Argument(metavar="NAME", help="New display name.", show_default=False)],
) -> ExitCode:
    """Change a person's display name; the id, the faces and past sightings stay."""
    async with session.client() as client:
        found = await client.people.get(person)
        changed = await client.people.update(replace(found, display_name=display_name), "display_name")
    session.output.show({"person": changed}, f"{changed.name} is now called {printable(changed.display_name)}")
    return ExitCode.OK


@command
async def label(
    session: Session,
    person: PersonArgument,
    labels: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=VALUE...]", help="Labels to set, such as room=12.", show_default=False),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="KEY", help="Label to remove. May be repeated.", show_default=False),
    ] = None,
) -> ExitCode:
    """Set and remove labels of a person; the others stay."""
    given = dict(map(_label, labels or ()))
    async with session.client() as client:
        found = await client.people.get(person)
        if missing := [key for key in remove or () if key not in found.labels]:
            raise InvalidArgument(f"{found.name} has no label {missing[0]!r}", field="remove", reason="NO_LABEL")
        kept = {key: value for key, value in found.labels.items() if key not in (remove or ())}
        changed = found
        if given or remove:
            changed = await client.people.update(replace(found, labels=kept | given), "labels")
    session.output.show({"person": changed}, person_details(changed))
    return ExitCode.OK


@command
async def remove_face(
    session: Session,
    faces: Annotated[
        list[str],
        typer.Argument(metavar="FACE...", help="people/ID/faces/FACE, as `show` lists them.", show_default=False),
    ],
    yes: YesOption = False,
) -> ExitCode:
    """Remove faces from people, such as those of a poor photo; the people stay."""
    confirm(f"Remove {', '.join(faces)}?", yes)
    async with session.client() as client:
        return await done_to_each(faces, face_name, client.people.delete_face, session.output, "removed")


@command
async def remove(
    session: Session,
    people: PeopleArgument,
    yes: YesOption = False,
) -> ExitCode:
    """Remove people and all their faces. Past sightings keep their names; `erase` removes everything."""
    confirm(f"Remove {', '.join(people)}, with all faces?", yes)
    async with session.client() as client:
        return await done_to_each(people, PEOPLE.name, client.people.delete, session.output, "removed")


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise InvalidArgument(f"a label must be NAME=VALUE, not {text[:80]!r}", field="labels", reason="NO_LABEL")
    return key, value


def _lines(enrolled: list[Enrolled]) -> list[Text]:
    return [Text(printable(line)) for line in in_words(enrolled)]
