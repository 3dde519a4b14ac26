"""`portero compare`: whether two photos show the same person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portero_cli.exits import ExitCode
from portero_cli.photos import read_photo
from portero_cli.screen.sheet import table
from portero_cli.session import Session, command


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero compare` with the application."""
    app.command("compare")(compare)


@command
async def compare(
    session: Session,
    source: Annotated[Path, typer.Argument(metavar="A", help="Photo with the face to look for.", show_default=False)],
    target: Annotated[Path, typer.Argument(metavar="B", help="Photo to look for it in.", show_default=False)],
) -> ExitCode:
    """Compare the largest face of A with each face of B; similarities are 0 to 1."""
    images = read_photo(source), read_photo(target)
    async with session.client() as client:
        comparison = await client.images.compare(*images)
    session.output.show(
        comparison,
        table(
            "face in B",
            "similarity",
            "same person",
            rows=(
                (number, f"{face.similarity:.3f}", "yes" if face.same_person else "no")
                for number, face in enumerate(comparison.comparisons, start=1)
            ),
        ),
    )
    return ExitCode.OK
