"""`portero visitors`: strangers who are known again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from portero_cli.commands.review import NoteOption, PersonArgument
from portero_cli.exits import ExitCode
from portero_cli.photos import PHOTO_HELP, read_photo
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.sheet import Sheet, table
from portero_cli.screen.tables import local_time
from portero_cli.session import Session, command
from portero_cli.several import each_of
from portero_client import ForgetReceipt, Visitor
from portero_client.names import CAMERAS, VISITORS

VisitorArgument = Annotated[str, typer.Argument(metavar="VISITOR", help="Id, or visitors/ID.", show_default=False)]
VerifyOption = Annotated[
    bool,
    typer.Option("--verify", help="Search every table for them afterwards; exits with 1 if anything is left."),
]


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero visitors` with the application."""
    group = typer.Typer(help="Strangers who are known again, if the server is set to.", no_args_is_help=True)
    group.command("list")(list_visitors)
    group.command("show")(show)
    group.command("merge")(merge)
    group.command("promote")(promote)
    group.command("forget")(forget)
    group.command("forget-face")(forget_face)
    app.add_typer(group, name="visitors")


@command
async def list_visitors(
    session: Session,
    site: Annotated[str, typer.Option("--site", help="Only of this site.", show_default=False)] = "",
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List visitors, the newest first."""
    async with session.client() as client:
        page = await client.visitors.list(site=site, page_token=page_token).first(limit)
    session.output.show(
        {"visitors": page.items, "next_page_token": page.next_page_token},
        _visitors_table(page.items) if page.items else "no visitor",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def show(session: Session, visitor: VisitorArgument) -> ExitCode:
    """Show a visitor: first and last visit, how many, at which cameras."""
    async with session.client() as client:
        found = await client.visitors.get(visitor)
    session.output.show({"visitor": found}, _visitors_table([found]))
    return ExitCode.OK


@command
async def merge(
    session: Session,
    visitor: VisitorArgument,
    other: Annotated[
        str, typer.Argument(metavar="OTHER", help="Who is the same person; is gone afterwards.", show_default=False)
    ],
    yes: YesOption = False,
) -> ExitCode:
    """Make two visitors one, who turned out to be one person. It cannot be undone."""
    confirm(f"Make {other} a part of {visitor}?", yes)
    async with session.client() as client:
        merged = await client.visitors.merge(visitor, other)
    session.output.show({"visitor": merged}, _visitors_table([merged]))
    return ExitCode.OK


@command
async def promote(
    session: Session, visitor: VisitorArgument, person: PersonArgument, note: NoteOption = "", yes: YesOption = False
) -> ExitCode:
    """Make a visitor a person who was enrolled since: the sightings become the person's, and the visitor is gone.

    Each sighting is reviewed as the person's; `portero review undo` takes one back. One that was reviewed before is
    left as it is. Enroll a photo of the person first (`portero people add`): the visitor's encodings are erased.
    """
    confirm(f"Make {visitor} the person {person}?", yes)
    async with session.client() as client:
        done = await client.visitors.promote(visitor, person, note=note)
    left = f"; {done.left} were reviewed before, and left" if done.left else ""
    session.output.show({"promotion": done}, f"{done.sightings} sightings are {person}'s now{left}")
    return ExitCode.OK


@command
async def forget(
    session: Session,
    visitors: Annotated[
        list[str], typer.Argument(metavar="VISITOR...", help="Ids, or visitors/ID.", show_default=False)
    ],
    verify: VerifyOption = False,
    yes: YesOption = False,
) -> ExitCode:
    """Erase visitors permanently: the encodings of their faces, and which sightings were theirs."""
    confirm(f"Forget {', '.join(visitors)}?", yes)

    async with session.client() as client:

        async def forgotten(name: str) -> ForgetReceipt:
            return await client.visitors.forget(name, verify=verify)

        outcomes = await each_of(visitors, VISITORS.name, forgotten, session.output)
    session.output.show(
        {"receipts": outcomes.done, "failed": outcomes.failed}, *([_receipts(outcomes.done)] if outcomes.done else [])
    )
    unclean = verify and not all(receipt.clean for receipt in outcomes.done)
    return ExitCode.FAILED if unclean else outcomes.code


@command
async def forget_face(
    session: Session,
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help=PHOTO_HELP, show_default=False)],
    verify: VerifyOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only name them, and erase nothing.")] = False,
    yes: YesOption = False,
) -> ExitCode:
    """Erase every visitor who matches the face of a photo, which the server does not keep."""
    image = read_photo(photo)
    if not dry_run:
        confirm(f"Forget every visitor who looks like {photo}?", yes)
    async with session.client() as client:
        receipt = await client.visitors.forget_face(image, verify=verify, dry_run=dry_run)
    would = ("would be forgotten: " + ", ".join(receipt.visitors),) if dry_run else (_receipts([receipt]),)
    session.output.show({"receipt": receipt}, *(would if receipt.visitors else ("nobody matches",)))
    return ExitCode.FAILED if verify and not dry_run and not receipt.clean else ExitCode.OK


def _visitors_table(visitors: Iterable[Visitor]) -> Sheet:
    return table(
        "id",
        "site",
        "visits",
        "first seen",
        "last seen",
        "cameras",
        rows=(
            (
                VISITORS.identifier(visitor.name),
                visitor.site,
                str(visitor.visit_count),
                local_time(visitor.first_seen_time),
                local_time(visitor.last_seen_time),
                " ".join(map(CAMERAS.identifier, visitor.cameras)),
            )
            for visitor in visitors
        ),
        spare=("site", "first seen", "cameras"),
    )


def _receipts(receipts: Iterable[ForgetReceipt]) -> Sheet:
    return table(
        "forgotten",
        "at",
        "encodings",
        "sightings",
        "overwritten on disk",
        "left",
        rows=(
            (
                " ".join(map(VISITORS.identifier, receipt.visitors)),
                local_time(receipt.forget_time),
                str(receipt.encodings),
                str(receipt.sightings),
                local_time(receipt.overwrite_time) if receipt.overwrite_time else "not told",
                " ".join(receipt.remains) or ("nothing" if receipt.verified else "not searched"),
            )
            for receipt in receipts
        ),
        spare=("overwritten on disk", "at"),
    )
