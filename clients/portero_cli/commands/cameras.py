"""`portero cameras`: where frames come from."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from portero_cli.exits import ExitCode
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.tables import (
    asked_words,
    cameras_table,
    clock_words,
    local_time,
    naming_times,
    naming_words,
    table,
)
from portero_cli.session import GlobalOptions, JsonOption, ServerOption, Session, command
from portero_cli.times import parse_duration
from portero_client import Box, CameraMode, CameraPurpose, CameraStatus, InvalidArgument, TimeSource
from portero_client.names import CAMERAS

CameraArgument = Annotated[str, typer.Argument(metavar="CAMERA", help="Id, or cameras/ID.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero cameras`, which lists cameras if called without a command."""
    group = typer.Typer(help="Manage cameras. Without a command: list them.", invoke_without_command=True)
    group.callback()(_list_without_command)
    group.command("list")(list_cameras)
    group.command("show")(show)
    group.command("add")(add)
    group.command("zones")(zones)
    group.command("time")(time_source)
    group.command("remove")(remove)
    app.add_typer(group, name="cameras")


@command
async def list_cameras(
    session: Session,
    site: Annotated[str, typer.Option("--site", help="Only cameras of this site.", show_default=False)] = "",
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List cameras by id."""
    async with session.client() as client:
        page = await client.cameras.list(site=site, page_token=page_token).first(limit)
    session.output.show(
        {"cameras": page.items, "next_page_token": page.next_page_token},
        cameras_table(page.items) if page.items else "no camera",
    )
    note_rest(session.output, page)
    return ExitCode.OK


def _list_without_command(
    context: typer.Context, server: ServerOption = None, as_json: JsonOption = False
) -> Coroutine[Any, Any, ExitCode] | None:
    context.obj = (context.obj or GlobalOptions()).then(server, as_json)
    if context.invoked_subcommand is None:
        return list_cameras(context=context, server=None, as_json=False, site="", limit=100, page_token="")
    return None


@command
async def show(session: Session, camera: CameraArgument) -> ExitCode:
    """Show a camera and the status of its stream."""
    async with session.client() as client:
        found = await client.cameras.get(camera)
        status = await client.cameras.status(camera)
    session.output.show({"camera": found, "status": status}, cameras_table([found]), _status_table(status))
    return ExitCode.OK


@command
async def add(
    session: Session,
    camera: CameraArgument,
    display_name: Annotated[
        str, typer.Option("--name", help="Display name. Default: its id.", show_default=False)
    ] = "",
    site: Annotated[str, typer.Option("--site", help="The place it belongs to.", show_default=False)] = "",
    mode: Annotated[CameraMode, typer.Option("--mode", help="What to look for.")] = CameraMode.FACES,
    purpose: Annotated[
        CameraPurpose,
        typer.Option("--purpose", help="The people it serves; decides the priority when the quota is short."),
    ] = CameraPurpose.VISITOR,
    visit_gap: Annotated[
        timedelta | None,
        typer.Option(
            "--visit-gap",
            parser=parse_duration,
            metavar="DURATION",
            help="A person seen again within this time continues the sighting, such as 90s. Default: the server's.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            min=0,
            max=1,
            help="Lowest similarity for a match. Default: the server's.",
            show_default=False,
        ),
    ] = None,
    time_source: Annotated[
        TimeSource, typer.Option("--time", help="Which clock dates its frames; arrival is for live streams only.")
    ] = TimeSource.CAPTURE,
) -> ExitCode:
    """Register a camera, with the given settings."""
    async with session.client() as client:
        added = await client.cameras.create(
            camera,
            display_name=display_name or CAMERAS.identifier(camera),
            site=site,
            mode=mode,
            purpose=purpose,
            visit_gap=visit_gap,
            similarity_threshold=threshold,
            time_source=time_source,
        )
    session.output.show({"camera": added}, cameras_table([added]))
    return ExitCode.OK


@command
async def zones(
    session: Session,
    camera: CameraArgument,
    boxes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LEFT,TOP,WIDTH,HEIGHT...]", help="Ratios of the frame, such as 0,0,0.5,1.", show_default=False
        ),
    ] = None,
) -> ExitCode:
    """Set the parts of the frame that are blacked out; without a box, remove them."""
    wanted = tuple(_box(text) for text in boxes or ())
    async with session.client() as client:
        found = await client.cameras.get(camera)
        changed = await client.cameras.update(replace(found, privacy_zones=wanted), "privacy_zones")
    count = len(changed.privacy_zones)
    session.output.show({"camera": changed}, f"{changed.name} has {count} privacy zone{'' if count == 1 else 's'}")
    return ExitCode.OK


@command
async def time_source(
    session: Session,
    camera: CameraArgument,
    source: Annotated[
        TimeSource,
        typer.Argument(
            help="capture: the bridge's clock; arrival: the server's clock on receipt, for live streams only."
        ),
    ],
) -> ExitCode:
    """Set which clock dates a camera's frames."""
    async with session.client() as client:
        found = await client.cameras.get(camera)
        changed = await client.cameras.update(replace(found, time_source=source), "time_source")
    session.output.show({"camera": changed}, f"{changed.name} has its frames dated by {changed.time_source.value}")
    return ExitCode.OK


def _box(text: str) -> Box:
    try:
        left, top, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidArgument(
            f"a zone must be LEFT,TOP,WIDTH,HEIGHT as 0,0,0.5,1, not {text[:80]!r}", field="boxes", reason="NO_BOX"
        ) from None
    return Box(left, top, width, height)


@command
async def remove(
    session: Session,
    cameras: Annotated[list[str], typer.Argument(metavar="CAMERA...", help="Ids, or cameras/ID.", show_default=False)],
) -> ExitCode:
    """Remove cameras; their sightings are kept."""
    names = [CAMERAS.name(camera) for camera in cameras]
    async with session.client() as client:
        for name in names:
            await client.cameras.delete(name)
            session.output.note(f"{name} removed")
    session.output.show({"removed": names})
    return ExitCode.OK


def _status_table(status: CameraStatus) -> Table:
    return table(
        "stream",
        "since",
        "last frame",
        "frames/s",
        "received",
        "rejected",
        "missing",
        "open tracks",
        "named in",
        "not yet durable",
        "clock",
        "asked for",
        "delay",
        "bridge",
        rows=[
            (
                "open" if status.streaming else "closed",
                local_time(status.open_time) if status.open_time else "",
                local_time(status.last_frame_time) if status.last_frame_time else "",
                f"{status.frame_rate:.1f}",
                status.frames_received,
                status.frames_rejected,
                status.frames_missing,
                status.open_tracks,
                naming_words(naming_times(status)),
                status.watermark_lag,
                clock_words(status),
                asked_words(status),
                "" if status.network_delay is None else f"{status.network_delay.total_seconds() * 1000:.0f} ms",
                status.agent,
            )
        ],
    )
