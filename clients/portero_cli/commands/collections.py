"""`portero faces prepare`, `collections`, `switch` and `drop`: a second collection beside the one in use."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from portero_cli.exits import ExitCode
from portero_cli.rebuilding import counts_of, rebuild_all, rebuilt_in_words
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.output import printable
from portero_cli.screen.tables import collection_details
from portero_cli.session import Session, command
from portero_client import GalleryCollections, InvalidArgument, RebuiltPhoto

CollectionArgument = Annotated[str, typer.Argument(metavar="COLLECTION", help="The collection's name in the engine.")]


def add_to(group: typer.Typer) -> None:
    """Registers the commands with the group `portero faces`."""
    group.command("prepare")(prepare)
    group.command("collections")(collections)
    group.command("switch")(switch)
    group.command("drop")(drop)


@command
async def prepare(
    session: Session,
    collection: CollectionArgument,
    region: Annotated[
        str, typer.Option("--region", help="Its AWS region, as eu-west-1; by default that of the server.")
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only read and decrypt the photos, and say what would be taught."),
    ] = False,
) -> ExitCode:
    """Fill a second collection from the photos that the server's vault keeps, beside the one in use.

    Creates it, and teaches it every photo whose face it does not have; recognition goes on with the one in use. Each
    photo taught is a paid call. From the first call on, enrollments, deletions and erasures reach both collections.
    Nothing is taught twice, so it may be run again after whatever stopped it. Exits with code 4 if a photo could not
    be used, and with 1 if people would become unknown with a switch.
    """
    photos: list[RebuiltPhoto] = []
    async with session.client() as client:
        found = await client.collections.prepare(collection, region=region)
        failure = await rebuild_all(session, client, photos, dry_run=dry_run, standby=True)
        if failure is None:
            found = await client.collections.get()
    session.output.show(
        {"dry_run": dry_run, "counts": counts_of(photos), "photos": photos, "collections": found},
        *(Text(printable(line)) for line in rebuilt_in_words(photos)),
        *collection_details(found),
    )
    if failure is not None:
        raise failure
    if not all(photo.recognized for photo in photos):
        return ExitCode.INVALID_INPUT
    return ExitCode.FAILED if found.missing_people and not dry_run else ExitCode.OK


@command
async def collections(session: Session) -> ExitCode:
    """Show which collection is in use, which one stands by, and what that one lacks."""
    async with session.client() as client:
        found = await client.collections.get()
    session.output.show(found, *collection_details(found))
    return ExitCode.OK


@command
async def switch(
    session: Session,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Although people who are recognized now become unknown by it.")
    ] = False,
    yes: YesOption = False,
) -> ExitCode:
    """Put the collection that stands by in use; the other one then stands by. The same command goes back.

    Every server of the database follows within seconds, without a restart. Nothing is lost: the old collection is kept,
    and kept up to date, until `portero faces drop` removes it.
    """
    async with session.client() as client:
        before = await client.collections.get()
        if before.standby is not None:
            question = f"Recognize people by {before.standby.collection} instead of {before.in_use.collection}?"
            confirm(f"{question}{_lost(before)}", yes)
        found = await client.collections.switch(allow_missing=allow_missing)
    session.output.show(found, *collection_details(found), "running servers follow within PORTERO_GALLERY_REFRESH")
    return ExitCode.OK


@command
async def drop(session: Session, collection: CollectionArgument, yes: YesOption = False) -> ExitCode:
    """Remove the collection that stands by, with its faces; the vault's photos stay.

    Afterward there is no way back to it. A collection in which other programs have faces is left with theirs.
    """
    async with session.client() as client:
        found = await client.collections.get()
        standby = found.standby
        if standby is not None and standby.collection != collection:
            raise InvalidArgument(
                f"{collection} does not stand by: {standby.collection} does", field="collection", reason="NOT_STANDBY"
            )
        confirm(f"Remove the collection {collection} and its {found.standby_faces} faces?", yes)
        gone = await client.collections.drop(collection)
    left = "left, without our faces: other programs have faces in it, or the server may not delete collections"
    session.output.show(
        {"collection": collection, "gone": gone},
        f"the collection {printable(collection)} is {'gone' if gone else left}",
    )
    return ExitCode.OK


def _lost(found: GalleryCollections) -> str:
    return f" {found.missing_people} people become unknown." if found.missing_people else ""
