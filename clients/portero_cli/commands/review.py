"""`portero review`: doubtful sightings, and what people say of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from portero_cli.completing import complete_cameras, complete_people
from portero_cli.exits import ExitCode
from portero_cli.picture_file import check_new, write_picture
from portero_cli.screen.decisions import queue_table, reviews_table
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.tables import STRANGER, local_time
from portero_cli.session import Session, command
from portero_cli.times import parse_time
from portero_client import Reviewed, ReviewReason
from portero_client.names import CAMERAS, PEOPLE, REVIEWS, SIGHTINGS

SightingArgument = Annotated[str, typer.Argument(metavar="SIGHTING", help="Id, or sightings/ID.", show_default=False)]
PersonArgument = Annotated[
    str,
    typer.Argument(metavar="PERSON", help="Id, or people/ID.", show_default=False, autocompletion=complete_people),
]
NoteOption = Annotated[
    str, typer.Option("--why", help="Why, at most 200 characters; it is stored.", show_default=False)
]
CameraOption = Annotated[
    str, typer.Option("--camera", help="Only at this camera.", show_default=False, autocompletion=complete_cameras)
]


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero review` with the application."""
    group = typer.Typer(help="Judge doubtful sightings.", no_args_is_help=False)
    group.command("list")(list_queue)
    group.command("picture")(picture)
    group.command("this-is")(this_is)
    group.command("not")(is_not)
    group.command("ignore")(ignore)
    group.command("undo")(undo)
    group.command("done")(done)
    app.add_typer(group, name="review")


@command
async def list_queue(
    session: Session,
    camera: CameraOption = "",
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            parser=parse_time,
            metavar="TIME",
            help="Only sightings that did not end before: 2h (ago), 2026-05-01.",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until", parser=parse_time, metavar="TIME", help="Only sightings that started before.", show_default=False
        ),
    ] = None,
    reasons: Annotated[
        list[ReviewReason] | None,
        typer.Option("--reason", help="Only for this reason; may be given several times.", show_default=False),
    ] = None,
    limit: LimitOption = 50,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List sightings that a person should look at, latest first: doubtful names and strangers, not reviewed yet.

    What is shown is what each decision saw. Where the server keeps pictures for reviews, `portero review picture` saves
    that of a sighting.
    """
    async with session.client() as client:
        page = await client.reviews.queue(
            camera=camera, since=since, until=until, reasons=tuple(reasons or ()), page_token=page_token
        ).first(limit)
    session.output.show(
        {"sightings": page.items, "next_page_token": page.next_page_token},
        queue_table(page.items) if page.items else "nothing to review",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def picture(
    session: Session,
    sighting: SightingArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Output file, a JPEG; must not exist.", show_default=False)
    ],
) -> ExitCode:
    """Save the picture of a sighting of the queue; the server records that you looked at it.

    Pictures are kept only with PORTERO_REVIEW_PICTURES, for some hours, and until the sighting is reviewed. The file is
    yours to delete.
    """
    check_new(file)
    async with session.client() as client:
        found = await client.reviews.picture(sighting)
    write_picture(file, found.jpeg)
    session.output.show(
        {
            "file": str(file),
            "capture_time": found.capture_time,
            "quality": found.quality,
            "expire_time": found.expire_time,
        },
        f"{file}: taken {local_time(found.capture_time)}; the server keeps it until {local_time(found.expire_time)}, "
        "or a review",
    )
    return ExitCode.OK


@command
async def this_is(
    session: Session, sighting: SightingArgument, person: PersonArgument, note: NoteOption = ""
) -> ExitCode:
    """Say that a sighting shows a person: it is theirs from now on, in every list and report."""
    async with session.client() as client:
        _show(session, await client.reviews.this_is(sighting, person, note=note))
    return ExitCode.OK


@command
async def is_not(
    session: Session, sighting: SightingArgument, person: PersonArgument, note: NoteOption = ""
) -> ExitCode:
    """Say that a sighting does not show a person whom it was taken for, or nearly.

    For a time (PORTERO_REVIEW_DEMAND_DAYS) the person is only named at that camera by a higher similarity than this
    face had.
    """
    async with session.client() as client:
        _show(session, await client.reviews.is_not(sighting, person, note=note))
    return ExitCode.OK


@command
async def ignore(session: Session, sighting: SightingArgument, note: NoteOption = "") -> ExitCode:
    """Leave a sighting as it is, and out of the queue."""
    async with session.client() as client:
        _show(session, await client.reviews.ignore(sighting, note=note))
    return ExitCode.OK


@command
async def undo(
    session: Session,
    review: Annotated[str, typer.Argument(metavar="REVIEW", help="Id, or reviews/ID.", show_default=False)],
) -> ExitCode:
    """Take a review back: the sighting is again as it was decided, and nothing more is demanded at its camera."""
    async with session.client() as client:
        _show(session, await client.reviews.undo(review))
    return ExitCode.OK


@command
async def done(
    session: Session,
    camera: CameraOption = "",
    sighting: Annotated[str, typer.Option("--sighting", help="Only of this sighting.", show_default=False)] = "",
    holding: Annotated[bool, typer.Option("--holding", help="Without those that were undone.")] = False,
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List reviews, latest first: what was said by whom, and what had been decided."""
    async with session.client() as client:
        page = await client.reviews.list(
            camera=camera, sighting=sighting, holding=holding, page_token=page_token
        ).first(limit)
    session.output.show(
        {"reviews": page.items, "next_page_token": page.next_page_token},
        reviews_table(page.items) if page.items else "nothing was reviewed",
    )
    note_rest(session.output, page)
    return ExitCode.OK


def _show(session: Session, reviewed: Reviewed) -> None:
    review, sighting = reviewed.review, reviewed.sighting
    where = f"{SIGHTINGS.identifier(review.sighting)} at {CAMERAS.identifier(review.camera)}"
    said = f"{where} is not kept any more" if sighting is None else f"{where} is {sighting.display_name or STRANGER}"
    if review.undo_time is not None:
        session.output.show(reviewed, f"undone: {said}")
        return
    lines = [f"{said} (portero review undo {REVIEWS.identifier(review.name)})"]
    if review.demand_end_time is not None:
        lines.append(
            f"until {review.demand_end_time:%Y-%m-%d}, {PEOPLE.identifier(review.person)} is named there only by more "
            f"than {review.demanded_similarity:.3f}"
        )
    session.output.show(reviewed, *lines)
