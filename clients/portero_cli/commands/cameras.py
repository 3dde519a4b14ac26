"""`portero cameras`: where frames come from."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from portero_cli.camera_options import (
    MODE_HELP,
    PURPOSE_HELP,
    TIME_HELP,
    Threshold,
    ThresholdOption,
    VisitGap,
    VisitGapOption,
)
from portero_cli.completing import complete_cameras
from portero_cli.exits import ExitCode
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.overview import statuses_of
from portero_cli.screen.tables import camera_details, cameras_table, status_details
from portero_cli.session import GlobalOptions, JsonOption, ServerOption, Session, command
from portero_cli.several import done_to_each
from portero_client import Box, CameraMode, CameraPurpose, InvalidArgument, TimeSource
from portero_client.names import CAMERAS

CameraArgument = Annotated[
    str,
    typer.Argument(metavar="CAMERA", help="Id, or cameras/ID.", show_default=False, autocompletion=complete_cameras),
]
CamerasArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="CAMERA...", help="Ids, or cameras/ID.", show_default=False, autocompletion=complete_cameras
    ),
]


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero cameras`, which lists cameras if called without a command."""
    group = typer.Typer(help="Manage cameras. Without a command: list them.", invoke_without_command=True)
    group.callback()(_list_without_command)
    group.command("list")(list_cameras)
    group.command("show")(show)
    group.command("add")(add)
    group.command("set")(change)
    group.command("zones")(zones)
    group.command("enable")(enable)
    group.command("disable")(disable)
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
        # Asked for the table alone: to machines, `top --json` tells it.
        statuses = [] if session.output.as_json else await statuses_of(client, page.items)
    session.output.show(
        {"cameras": page.items, "next_page_token": page.next_page_token},
        cameras_table(zip(page.items, statuses, strict=True), datetime.now(UTC)) if statuses else "no camera",
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
    session.output.show(
        {"camera": found, "status": status}, camera_details(found), "", status_details(status, datetime.now(UTC))
    )
    return ExitCode.OK


@command
async def add(
    session: Session,
    camera: CameraArgument,
    display_name: Annotated[
        str, typer.Option("--name", help="Display name. Default: its id.", show_default=False)
    ] = "",
    site: Annotated[str, typer.Option("--site", help="The place it belongs to.", show_default=False)] = "",
    mode: Annotated[CameraMode, typer.Option("--mode", help=MODE_HELP)] = CameraMode.FACES,
    purpose: Annotated[CameraPurpose, typer.Option("--purpose", help=PURPOSE_HELP)] = CameraPurpose.VISITOR,
    visit_gap: VisitGapOption = None,
    similarity_threshold: ThresholdOption = None,
    time_source: Annotated[TimeSource, typer.Option("--time", help=TIME_HELP)] = TimeSource.CAPTURE,
    disabled: Annotated[bool, typer.Option("--disabled", help="Take no stream until it is enabled.")] = False,
) -> ExitCode:
    """Register a camera, with the given settings."""
    async with session.client() as client:
        added = await client.cameras.create(
            camera,
            display_name=display_name or CAMERAS.identifier(camera),
            site=site,
            mode=mode,
            purpose=purpose,
            disabled=disabled,
            visit_gap=None if visit_gap is None else visit_gap.value,
            similarity_threshold=None if similarity_threshold is None else similarity_threshold.value,
            time_source=time_source,
        )
    session.output.show({"camera": added}, camera_details(added))
    return ExitCode.OK


@command
async def change(
    session: Session,
    camera: CameraArgument,
    display_name: Annotated[
        str | None, typer.Option("--name", help="Display name; empty: its id.", show_default=False)
    ] = None,
    site: Annotated[
        str | None, typer.Option("--site", help="The place it belongs to; empty: none.", show_default=False)
    ] = None,
    mode: Annotated[CameraMode | None, typer.Option("--mode", help=MODE_HELP, show_default=False)] = None,
    purpose: Annotated[CameraPurpose | None, typer.Option("--purpose", help=PURPOSE_HELP, show_default=False)] = None,
    visit_gap: VisitGapOption = None,
    similarity_threshold: ThresholdOption = None,
    time_source: Annotated[TimeSource | None, typer.Option("--time", help=TIME_HELP, show_default=False)] = None,
) -> ExitCode:
    """Change settings of a camera: those given; an open stream follows within seconds."""
    changes: dict[str, Any] = {
        "display_name": display_name,
        "site": site,
        "mode": mode,
        "purpose": purpose,
        "visit_gap": visit_gap,
        "similarity_threshold": similarity_threshold,
        "time_source": time_source,
    }
    given: dict[str, Any] = {
        field: value.value if isinstance(value, VisitGap | Threshold) else value
        for field, value in changes.items()
        if value is not None
    }
    if not given:
        raise typer.TyperException("Nothing to change; name a setting, such as --visit-gap")
    async with session.client() as client:
        found = await client.cameras.get(camera)
        changed = await client.cameras.update(replace(found, **given), *given)
    session.output.show({"camera": changed}, camera_details(changed))
    return ExitCode.OK


@command
async def enable(session: Session, cameras: CamerasArgument) -> ExitCode:
    """Enable cameras, which were disabled: streams are taken again."""
    return await _switched(session, cameras, disabled=False)


@command
async def disable(session: Session, cameras: CamerasArgument) -> ExitCode:
    """Disable cameras: their streams end, and none is taken until they are enabled; everything of theirs is kept."""
    return await _switched(session, cameras, disabled=True)


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


def _box(text: str) -> Box:
    try:
        left, top, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidArgument(
            f"a zone must be LEFT,TOP,WIDTH,HEIGHT as 0,0,0.5,1, not {text[:80]!r}", field="boxes", reason="NO_BOX"
        ) from None
    return Box(left, top, width, height)


@command
async def remove(session: Session, cameras: CamerasArgument, yes: YesOption = False) -> ExitCode:
    """Remove cameras; their sightings are kept."""
    confirm(f"Remove {', '.join(cameras)}, with all settings?", yes)
    async with session.client() as client:
        return await done_to_each(cameras, CAMERAS.name, client.cameras.delete, session.output, "removed")


async def _switched(session: Session, cameras: list[str], *, disabled: bool) -> ExitCode:
    async with session.client() as client:

        async def switch(camera: str) -> None:
            found = await client.cameras.get(camera)
            await client.cameras.update(replace(found, disabled=disabled), "disabled")

        done = "disabled" if disabled else "enabled"
        return await done_to_each(cameras, CAMERAS.name, switch, session.output, done)
