"""`portero faces`: whether the engine has the faces that are stored, and what repairs it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from portero_cli.commands import collections
from portero_cli.exits import ExitCode
from portero_cli.import_plan import ImportPlan, plan_import
from portero_cli.photos import look_into
from portero_cli.rebuilding import counts_of, rebuild_all, rebuilt_in_words
from portero_cli.reteaching import Retaught, left_in_words, photos_of, retaught_in_words, teach_again
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.output import printable
from portero_cli.screen.tables import report_details
from portero_cli.session import Session, command
from portero_client import (
    CollectionState,
    FacesRepair,
    FacesReport,
    InvalidArgument,
    PorteroClient,
    PorteroError,
    RebuiltPhoto,
    UnrecognizedPerson,
)

_NOTHING = ImportPlan((), ())


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero faces` with the application."""
    group = typer.Typer(
        help="See whether the engine has the faces that are stored, and repair it.", no_args_is_help=False
    )
    group.command("check")(check)
    group.command("repair")(repair)
    group.command("rebuild")(rebuild)
    collections.add_to(group)
    app.add_typer(group, name="faces")


@command
async def check(
    session: Session,
    last_known: Annotated[
        bool, typer.Option("--last-known", help="What the server found last, without comparing now.")
    ] = False,
) -> ExitCode:
    """Compare the engine's collection with the stored faces, and say what to do. Costs nothing.

    Lists the people who must be enrolled again. Exits with code 1 if anything is wrong.
    """
    async with session.client() as client:
        report = await client.people.check_faces(last_known=last_known)
        people = [] if last_known or not _lacks(report) else [each async for each in client.people.unrecognized()]
    session.output.show(
        {"report": report, "people": people},
        report_details(report),
        *(Text(printable(line)) for line in retaught_in_words((), people)),
    )
    return ExitCode.OK if report.state is CollectionState.SOUND else ExitCode.FAILED


@command
async def repair(
    session: Session,
    photos: Annotated[
        Path | None,
        typer.Option(
            "--photos",
            metavar="FOLDER",
            help="A folder with one folder per person, as for `people import`, or named with the person's id.",
            show_default=False,
        ),
    ] = None,
    remove_foreign: Annotated[
        bool,
        typer.Option(
            "--remove-foreign",
            help="Remove faces of the collection that are stored nowhere. Not where servers with different databases "
            "share a collection: it would remove the faces of the others.",
        ),
    ] = False,
    yes: YesOption = False,
) -> ExitCode:
    """Make the engine's collection and the stored faces agree again.

    Creates a collection that does not exist. With --photos, enrolls the people again whose faces are lost, and removes
    those of their lost faces whose photo is not in the folder; everybody else's photos are passed over. Nobody is
    added. Exits with code 0 only if all is sound afterward, and with 4 if a photo could not be enrolled. May be run
    again.
    """
    if photos is not None and not photos.is_dir():
        raise InvalidArgument(f"{photos} is not a folder", field="photos", reason="NO_FOLDER")
    plan = _NOTHING if photos is None else plan_import(photos, look_into)
    retaught: list[Retaught] = []
    failure: PorteroError | None = None
    async with session.client() as client:
        done = await _repaired(client, remove_foreign=remove_foreign, yes=yes)
        if plan.people and _lacks(done.report):
            failure = await _taught(session, client, plan, retaught)
        report, left = done.report, list[UnrecognizedPerson]()
        if failure is None:
            report = await client.people.check_faces() if retaught else report
            left = [each async for each in client.people.unrecognized()] if _lacks(report) else []
    session.output.show(
        {
            "created": done.created,
            "removed_faces": done.removed_faces,
            "retaught": retaught,
            "people": left,
            "report": report,
        },
        *(["the collection was created"] if done.created else []),
        *([f"{done.removed_faces} foreign faces removed"] if done.removed_faces else []),
        *(Text(printable(line)) for line in retaught_in_words(retaught, left)),
        report_details(report),
    )
    if failure is not None:
        raise failure
    if not all(each.complete for each in retaught):
        return ExitCode.INVALID_INPUT
    return ExitCode.OK if report.state is CollectionState.SOUND else ExitCode.FAILED


@command
async def rebuild(
    session: Session,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only read and decrypt the photos, and say what would be taught."),
    ] = False,
) -> ExitCode:
    """Make faces anew from the photos that the server's vault keeps: for a lost collection, another region or model.

    Creates a collection that does not exist, and teaches every photo whose face the engine does not have; faces of
    other models stay stored. To go on recognizing meanwhile, `portero faces prepare` fills a second collection instead.
    Each photo taught may be a paid call. Nothing is taught twice, so it may be run again after whatever stopped it.
    Exits with code 4 if a photo could not be used, else with 0 only if all is sound afterward.
    """
    photos: list[RebuiltPhoto] = []
    failure: PorteroError | None = None
    async with session.client() as client:
        created = not dry_run and (await client.people.repair_faces()).created
        failure = await rebuild_all(session, client, photos, dry_run=dry_run)
        report, left = None, list[UnrecognizedPerson]()
        if failure is None:
            report = await client.people.check_faces()
            left = [each async for each in client.people.unrecognized()] if _lacks(report) and not dry_run else []
    session.output.show(
        {
            "dry_run": dry_run,
            "created": created,
            "counts": counts_of(photos),
            "photos": photos,
            "people": left,
            "report": report,
        },
        *(["the collection was created"] if created else []),
        *(Text(printable(line)) for line in rebuilt_in_words(photos)),
        *(Text(printable(line)) for line in left_in_words(left, "the vault has no photo that could be taught")),
        *([] if report is None else [report_details(report)]),
    )
    if failure is not None:
        raise failure
    if not all(photo.recognized for photo in photos):
        return ExitCode.INVALID_INPUT
    return ExitCode.OK if dry_run or (report and report.state is CollectionState.SOUND) else ExitCode.FAILED


async def _repaired(client: PorteroClient, *, remove_foreign: bool, yes: bool) -> FacesRepair:
    if remove_foreign:
        count = (await client.people.check_faces()).foreign_faces
        remove_foreign = count > 0
        if remove_foreign:
            confirm(f"Remove {count} faces of the collection that are stored nowhere?", yes)
    return await client.people.repair_faces(remove_foreign=remove_foreign)


async def _taught(
    session: Session, client: PorteroClient, plan: ImportPlan, retaught: list[Retaught]
) -> PorteroError | None:
    """Teaches whom the folder has photos of, and returns the error at which it ended."""
    found = photos_of([each async for each in client.people.unrecognized()], plan.people)
    with session.output.progress() as progress:
        task = progress.add_task("photos", total=sum(len(folder.photos) for _, folder in found))
        for person, folder in found:
            try:
                retaught.append(await teach_again(client, person, folder, lambda: progress.advance(task)))
            except PorteroError as error:
                return error
    return None


def _lacks(report: FacesReport) -> bool:
    """Returns whether somebody must be enrolled again."""
    return bool(report.missing_faces or report.other_models_faces)
