"""`portero text`: what is written in a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portero_cli.exits import ExitCode
from portero_cli.photos import PHOTO_HELP, read_photo
from portero_cli.screen.sheet import table
from portero_cli.screen.tables import percent
from portero_cli.session import Session, command
from portero_client import TextKind


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero text` with the application."""
    app.command("text")(text)


@command
async def text(
    session: Session,
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help=PHOTO_HELP, show_default=False)],
) -> ExitCode:
    """Read the text of a photo; the table shows lines, --json also their words."""
    image = read_photo(photo)
    async with session.client() as client:
        texts = await client.images.read_text(image)
    lines = [found for found in texts if found.kind is not TextKind.WORD]
    session.output.show(
        {"texts": texts},
        table("line", "confidence", rows=((line.content, percent(line.confidence)) for line in lines))
        if lines
        else "no text",
    )
    return ExitCode.OK
