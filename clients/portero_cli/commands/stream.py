"""`portero stream`: sends one camera's frames to the server, and shows who is seen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from portero_bridge.errors import SettingsError, SourceFault
from portero_bridge.events import BridgeEvent, StreamAccount
from portero_cli.exits import ExitCode
from portero_cli.screen.board import Board
from portero_cli.screen.showing import shown, stop_signals
from portero_cli.screen.tables import sightings_table, table
from portero_cli.session import Session, command
from portero_client import InvalidArgument, NotFound, PorteroClient, Sighting
from portero_client.names import CAMERAS

if TYPE_CHECKING:
    from portero_bridge.settings import CameraSettings

# How long the server may be away: a recording has an end to come to, a camera has not. Either way a server
# that says no is told at once.
_PATIENCE_ONCE = 30.0
_PATIENCE_ENDLESS = 3600.0


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero stream` with the application."""
    app.command("stream")(stream)


@command
async def stream(
    session: Session,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Video file, folder of images, http(s) or rtsp(s) URL, number of a USB camera, or synthetic:.",
            show_default=False,
        ),
    ],
    camera: Annotated[
        str,
        typer.Option("--camera", metavar="NAME", help="Its id on the server; registered if new.", show_default=False),
    ],
    once: Annotated[bool, typer.Option("--once", help="Exit after sending a file or folder once.")] = False,
    rate: Annotated[
        float, typer.Option("--rate", metavar="FPS", min=0.01, max=120, help="Frames per second to send.")
    ] = 5.0,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="With --once: play in real time, not as fast as accepted.")
    ] = False,
) -> ExitCode:
    """Stream a camera, a file or a folder to the server, and show who is seen.

    On a terminal, a live table shows who is in view; elsewhere, a line is printed for every arrival and departure. At
    the end, also after Ctrl-C, the sightings of this run are listed.
    """
    settings = _camera_settings(CAMERAS.identifier(camera), source, rate, once=once, realtime=realtime)
    board = Board()
    async with session.client() as client, stop_signals() as stop:
        # The bridge tries for long; a server that is not there at all is told at once instead.
        await client.check_health()
        async with shown(board, session.output) as take:
            account = await _run(settings, session, take, stop)
        seen = await _sightings(client, board)
    session.output.show(
        {"camera": CAMERAS.name(camera), "account": account, "sightings": seen},
        sightings_table(seen) if seen else "nobody was seen",
        *([_account_table(account)] if account else []),
    )
    if account is None:
        session.output.note("the server did not confirm the last frames in time")
        return ExitCode.UNREACHABLE
    return ExitCode.OK


def _camera_settings(name: str, source: str, rate: float, *, once: bool, realtime: bool) -> CameraSettings:
    # Here and not above, so that a machine without the bridge's packages has all other commands.
    from pydantic import ValidationError

    from portero_bridge.settings import CameraSettings, Pacing
    from portero_bridge.yaml_file import all_problems

    try:
        return CameraSettings(
            name=name, source=source, rate=rate, once=once, pacing=Pacing.REALTIME if realtime else None
        )
    except ValidationError as error:
        raise InvalidArgument(
            all_problems(error, CameraSettings).removeprefix("source: "), field="source", reason="BAD_SETTINGS"
        ) from None


async def _run(
    settings: CameraSettings, session: Session, take: Callable[[BridgeEvent], None], stop: asyncio.Event
) -> StreamAccount | None:
    from portero_bridge.camera import run_camera

    try:
        return await run_camera(
            settings,
            server=session.connection.server,
            on_event=take,
            stop=stop,
            patience=_PATIENCE_ONCE if settings.once else _PATIENCE_ENDLESS,
        )
    except (SourceFault, SettingsError) as error:
        raise InvalidArgument(error.message, field="source", reason=error.reason) from None


async def _sightings(client: PorteroClient, board: Board) -> list[Sighting]:
    """Returns the sightings of this run as stored now; one that a revision removed is left out."""
    found = []
    for name in dict.fromkeys(board.sighting_of.values()):
        with contextlib.suppress(NotFound):
            found.append(await client.sightings.get(name))
    return sorted(found, key=lambda sighting: sighting.first_seen_time)


def _account_table(account: StreamAccount) -> Table:
    counts = {
        "with faces": account.with_faces,
        "without": account.empty,
        "unchanged": account.unchanged,
        "duplicate": account.duplicate,
        "skipped": account.skipped,
        "rejected": account.rejected,
        "missing": account.missing,
        "replayed": account.replayed,
        "recognizer asked": account.recognitions,
    }
    return table("frames:", *counts, rows=[("", *counts.values())])
