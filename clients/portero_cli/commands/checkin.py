"""`portero checkin` and `portero document`: one guest with a document, by a camera or with pictures."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from portero_cli.completing import complete_cameras
from portero_cli.exits import ExitCode
from portero_cli.photos import PHOTO_HELP, read_photo
from portero_cli.screen.reports import accepted, check_in_report, reading_report, session_line
from portero_cli.session import Session, command
from portero_client import CheckIn, PorteroError

PicturesArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PICTURE...]", help=f"One or two pictures of the document. {PHOTO_HELP}", show_default=False
    ),
]


def add_to(app: typer.Typer) -> None:
    """Registers the commands `portero checkin` and `portero document` with the application."""
    app.command("checkin")(checkin)
    app.command("document")(document)


@command
async def checkin(
    session: Session,
    pictures: PicturesArgument = None,
    face: Annotated[
        Path | None,
        typer.Option("--face", metavar="PICTURE", help="A picture of who holds the document.", show_default=False),
    ] = None,
    camera: Annotated[
        str,
        typer.Option(
            "--camera",
            help="Check in by this camera's stream; with pictures, only where it was.",
            show_default=False,
            autocompletion=complete_cameras,
        ),
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="End a check-in that still runs at this camera, and begin anew.")
    ] = False,
    liveness: Annotated[
        bool,
        typer.Option(
            "--liveness", help="Ask for a liveness session too, which the guest makes on a device of their own."
        ),
    ] = False,
) -> ExitCode:
    """Check a guest in: the document, its portrait, and who holds it.

    With --camera alone the camera is watched until the card, both sides, and a face were seen; Ctrl-C cancels. The exit
    code is 0 when the guest is accepted, and 1 when a person must look or the guest is rejected. Pictures are not
    stored. With --liveness the session and its AWS region are printed at once, for the page on the guest's device that
    runs Amazon's FaceLivenessDetector.
    """
    if not pictures and not camera:
        raise typer.TyperException("Name one or two pictures of the document, or a camera with --camera")
    if not pictures and face is not None:
        raise typer.TyperException("--face goes with pictures of the document; a camera sees the face itself")
    if pictures and replace:
        raise typer.TyperException("--replace goes with --camera alone; pictures wait for no other check-in")
    if pictures and liveness:
        raise typer.TyperException("--liveness goes with --camera alone; with pictures the answer is there at once")
    async with session.client() as client:
        if pictures:
            sides = [read_photo(picture) for picture in pictures]
            live = None if face is None else read_photo(face)
            done: CheckIn = await client.documents.check_in(*sides, live=live, camera=camera)
        else:
            begun = await client.documents.start(camera, replace=replace, liveness=liveness)
            session.output.note(f"{begun.name}: show the card, turn it over, and look at the camera")
            if begun.liveness_session is not None:
                session.output.note(session_line(begun.liveness_session))
            try:
                done = await client.documents.wait(begun.name)
            except asyncio.CancelledError:
                # Ctrl-C. Whoever comes to the camera next must not be taken for this guest.
                with suppress(PorteroError):
                    await client.documents.cancel(begun.name)
                raise
    session.output.show({"check_in": done}, *check_in_report(done))
    return ExitCode.OK if accepted(done) else ExitCode.FAILED


@command
async def document(session: Session, pictures: PicturesArgument = None) -> ExitCode:
    """Read a document from one or two pictures; nothing is stored."""
    if not pictures:
        raise typer.TyperException("Name one or two pictures of the document")
    async with session.client() as client:
        read = await client.documents.read(*(read_photo(picture) for picture in pictures))
    session.output.show({"document": read.document, "paid_calls": read.paid_calls}, *reading_report(read.document))
    return ExitCode.OK
