"""`portero snapshots`: pictures of sightings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from portero_cli.exits import ExitCode
from portero_cli.picture_file import check_new, write_picture
from portero_cli.screen.tables import local_time
from portero_cli.session import Session, command
from portero_client import SnapshotKind

SightingArgument = Annotated[str, typer.Argument(metavar="SIGHTING", help="Id, or sightings/ID.", show_default=False)]
ContextOption = Annotated[bool, typer.Option("--context", help="The whole frame instead of the face.")]


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero snapshots` with the application."""
    group = typer.Typer(help="Look at the pictures of sightings.", no_args_is_help=True)
    group.command("save")(save)
    group.command("link")(link)
    group.command("check")(check)
    app.add_typer(group, name="snapshots")


@command
async def save(
    session: Session,
    sighting: SightingArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Output file, a JPEG; must not exist.", show_default=False)
    ],
    whole: ContextOption = False,
) -> ExitCode:
    """Save the picture of a sighting; the server records that you looked at it.

    Pictures are kept only with PORTERO_SNAPSHOTS, and for PORTERO_RETENTION_SNAPSHOTS_HOURS. The file is yours to
    delete.
    """
    check_new(file)
    async with session.client() as client:
        found = await client.snapshots.get(sighting, _kind(whole=whole))
    write_picture(file, found.jpeg)
    session.output.show(
        {
            "file": str(file),
            "kind": found.kind,
            "capture_time": found.capture_time,
            "quality": found.quality,
            "expire_time": found.expire_time,
        },
        f"{file}: taken {local_time(found.capture_time)}; the server keeps it until {local_time(found.expire_time)}",
    )
    return ExitCode.OK


@command
async def link(
    session: Session,
    sighting: SightingArgument,
    whole: ContextOption = False,
    seconds: Annotated[
        int | None,
        typer.Option("--seconds", min=1, help="How long it works; as long as the server allows.", show_default=False),
    ] = None,
) -> ExitCode:
    """Print a link by which anybody can look at the picture of a sighting for a time; the server records it."""
    lifetime = None if seconds is None else timedelta(seconds=seconds)
    async with session.client() as client:
        found = await client.snapshots.link(sighting, _kind(whole=whole), lifetime=lifetime)
    session.output.show({"url": found.url, "kind": found.kind, "expire_time": found.expire_time}, found.url)
    return ExitCode.OK


@command
async def check(session: Session) -> ExitCode:
    """Try whether the server can keep pictures: it writes, reads and deletes a file. Exits with code 1 if not."""
    async with session.client() as client:
        found = await client.snapshots.check()
    said = "can be kept" if found.writable else found.problem or "none are kept: PORTERO_SNAPSHOTS is not set"
    session.output.show({"enabled": found.enabled, "writable": found.writable, "problem": found.problem}, said)
    return ExitCode.OK if found.writable or not found.enabled else ExitCode.FAILED


def _kind(*, whole: bool) -> SnapshotKind:
    return SnapshotKind.CONTEXT if whole else SnapshotKind.FACE
