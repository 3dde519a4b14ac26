"""`portero people`: manages known people and their faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from portero_cli.commands import rights
from portero_cli.enrolling import Enrolled, Problem, Refused, enroll_person, in_words
from portero_cli.exits import ExitCode
from portero_cli.import_plan import plan_import
from portero_cli.naming import id_of, name_of_folder
from portero_cli.photos import look_into
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.output import printable
from portero_cli.screen.tables import enrollments_table, people_table
from portero_cli.session import Session, command
from portero_client import AlreadyExists, InvalidArgument, PorteroError
from portero_client.names import PEOPLE

PersonArgument = Annotated[str, typer.Argument(metavar="PERSON", help="Id, or people/ID.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero people` with the application."""
    group = typer.Typer(help="Manage the people to recognize.", no_args_is_help=False)
    group.command("add")(add)
    group.command("import")(import_folder)
    group.command("list")(list_people)
    group.command("show")(show)
    group.command("remove")(remove)
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
async def import_folder(
    session: Session,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder with one folder per person.", show_default=False)
    ],
) -> ExitCode:
    """Add many people: each folder in FOLDER is a person, and each photo in it is enrolled.

    The folder's name is the person's: "Ana Díaz" as it is, "ana-diaz" as "Ana Diaz". May be run again: people who exist
    only get new photos. Names each file and person that is left out, and exits with code 4 if a photo or a person is
    among them. Hidden files are passed over.
    """
    if not folder.is_dir():
        raise InvalidArgument(f"{folder} is not a folder", field="folder", reason="NO_FOLDER")
    plan = plan_import(folder, look_into)
    if not plan.people and not plan.left_out:
        raise InvalidArgument(f"{folder} holds no folder with photos", field="folder", reason="NO_PHOTOS")
    enrolled: list[Enrolled] = []
    refused: list[Refused] = []
    failure: PorteroError | None = None
    with session.output.progress() as progress:
        task = progress.add_task("photos", total=sum(len(each.photos) for each in plan.people))
        async with session.client() as client:
            for each in plan.people:
                name = name_of_folder(each.folder.name)
                try:
                    enrolled.append(
                        await enroll_person(client, name, id_of(name), each.photos, lambda: progress.advance(task))
                    )
                except (AlreadyExists, InvalidArgument) as error:
                    refused.append(Refused(str(each.folder), Problem(error.reason, error.message)))
                except PorteroError as error:
                    plan, failure = plan.ended_before(each), error
                    break
    session.output.show(
        {"people": enrolled, "refused": refused, "left_out": plan.left_out},
        *_lines(enrolled),
        *(Text(printable(f"{each.folder}: {each.error.message}")) for each in refused),
        *(Text(printable(f"{each.path}: {each.message}")) for each in plan.left_out),
    )
    if failure is not None:
        raise failure
    complete = plan.is_complete and not refused and all(each.complete for each in enrolled)
    return ExitCode.OK if complete else ExitCode.INVALID_INPUT


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
    session.output.show({"person": found, "faces": faces}, people_table([found]), enrollments_table(faces))
    return ExitCode.OK


@command
async def remove(
    session: Session,
    people: Annotated[list[str], typer.Argument(metavar="PERSON...", help="Ids, or people/ID.", show_default=False)],
) -> ExitCode:
    """Remove people and all their faces. Past sightings keep their names; `erase` removes everything."""
    names = [PEOPLE.name(person) for person in people]
    async with session.client() as client:
        for name in names:
            await client.people.delete(name)
            session.output.note(f"{name} removed")
    session.output.show({"removed": names})
    return ExitCode.OK


def _lines(enrolled: list[Enrolled]) -> list[Text]:
    return [Text(printable(line)) for line in in_words(enrolled)]
