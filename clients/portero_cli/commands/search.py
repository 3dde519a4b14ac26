"""`portero search`: who is in a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portero_cli.exits import ExitCode
from portero_cli.photos import PHOTO_HELP, read_photo
from portero_cli.screen.tables import faces_table
from portero_cli.session import Session, command


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero search` with the application."""
    app.command("search")(search)


@command
async def search(
    session: Session,
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help=PHOTO_HELP, show_default=False)],
    candidates: Annotated[
        int, typer.Option("--candidates", min=1, max=20, help="Number of most similar people to show for each face.")
    ] = 5,
) -> ExitCode:
    """Find the people in a photo: every face, largest first, with its match and candidates."""
    image = read_photo(photo)
    async with session.client() as client:
        faces = await client.images.search(image, max_candidates=candidates)
    session.output.show({"faces": faces}, faces_table(faces) if faces else "no face")
    return ExitCode.OK
