"""`portero stream`: sends one camera's frames to the server, and shows who is seen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from portero_bridge.errors import SettingsError, SourceFault
from portero_bridge.events import BridgeEvent, ImageSkipped, RecordingDated
from portero_cli.completing import complete_cameras
from portero_cli.exits import ExitCode
from portero_cli.screen.board import Board
from portero_cli.screen.sheet import details
from portero_cli.screen.showing import shown, stop_signals
from portero_cli.screen.tables import sightings_table
from portero_cli.session import Session, command
from portero_cli.times import parse_time
from portero_client import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, PorteroClient, Sighting
from portero_client.names import CAMERAS
from portero_client.streaming.events import StreamAccount

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
            help="Video file, folder of images, http(s), rtsp(s) or mqtt(s) URL, number of a camera, or synthetic:.",
            show_default=False,
        ),
    ],
    camera: Annotated[
        str,
        typer.Option(
            "--camera",
            metavar="NAME",
            help="Its id on the server; registered if new.",
            show_default=False,
            autocompletion=complete_cameras,
        ),
    ],
    once: Annotated[bool, typer.Option("--once", help="Exit after sending a file or folder once.")] = False,
    rate: Annotated[
        float, typer.Option("--rate", metavar="FPS", min=0.01, max=120, help="Frames per second to send.")
    ] = 5.0,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="With --once: play in real time, not as fast as accepted.")
    ] = False,
    start: Annotated[
        datetime | None,
        typer.Option(
            "--start",
            parser=parse_time,
            metavar="TIME",
            help="When a recording began. Default: what its file says.",
            show_default=False,
        ),
    ] = None,
    recorded_rate: Annotated[
        float | None,
        typer.Option(
            "--recorded-rate",
            metavar="FPS",
            min=0.001,
            max=1000,
            help="Images per second of a recording without times of its own, or with wrong ones.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Stream a camera, a file or a folder to the server, and show who is seen.

    On a terminal, a live table shows who is in view; elsewhere, a line is printed for every arrival and departure. At
    the end, also after Ctrl-C, the sightings of this run are listed. An image of a folder that cannot be used is
    skipped and named; with --once the code is then 4.

    A recording that is sent once, and not in real time, keeps its own time: --start, or else its creation time, its
    EXIF, the time in its name or that of its file. It cannot be sent to a camera that is streaming; nor, without
    --start, if the camera sent other pictures of its time.
    """
    settings = _camera_settings(
        name=CAMERAS.identifier(camera),
        source=source,
        rate=rate,
        once=once,
        pacing="realtime" if realtime else None,
        start=start,
        recorded_rate=recorded_rate,
    )
    board = Board()
    async with session.client() as client, stop_signals() as stop:
        # The bridge tries for long; a server that is not there at all is told at once instead.
        await client.check_health()
        if settings.keeps_time:
            await _check_is_free(client, settings.name)
        notes = _Notes()
        async with shown(board, session.output) as take:
            account = await _run(settings, session, notes.before(take), stop)
        seen = await _sightings(client, board)
    session.output.show(
        {
            "camera": CAMERAS.name(camera),
            "account": account,
            "sightings": seen,
            "start": notes.start,
            "dated_by": notes.dated_by,
            "skipped": notes.skipped,
        },
        sightings_table(seen) if seen else "nobody was seen",
        *([_account_table(account)] if account else []),
    )
    if notes.start is not None:
        session.output.note(f"the recording began at {notes.start.astimezone():%Y-%m-%d %H:%M:%S} by {notes.dated_by}")
    for reason in notes.skipped:
        session.output.note(f"skipped: {reason}")
    if account is None:
        session.output.note("the server did not confirm the last frames in time")
        return ExitCode.UNREACHABLE
    return ExitCode.INVALID_INPUT if notes.skipped and once else ExitCode.OK


def _camera_settings(**given: object) -> CameraSettings:
    # Here and not above, so that a machine without the bridge's packages has all other commands.
    from pydantic import ValidationError

    from portero_bridge.settings import CameraSettings
    from portero_bridge.yaml_file import all_problems

    try:
        return CameraSettings.model_validate(given)
    except ValidationError as error:
        raise InvalidArgument(
            all_problems(error, CameraSettings).removeprefix("source: "), field="source", reason="BAD_SETTINGS"
        ) from None


@dataclass(slots=True)
class _Notes:
    """What is told of a recording beside the sightings."""

    skipped: list[str] = field(default_factory=list)
    start: datetime | None = None
    dated_by: str = ""

    def before(self, take: Callable[[BridgeEvent], None]) -> Callable[[BridgeEvent], None]:
        """Returns a listener that takes notes and passes every event on."""

        def listen(event: BridgeEvent) -> None:
            if isinstance(event, ImageSkipped) and event.reason not in self.skipped:
                self.skipped.append(event.reason)
            elif isinstance(event, RecordingDated):
                self.start, self.dated_by = event.start, event.by
            take(event)

        return listen


async def _check_is_free(client: PorteroClient, camera: str) -> None:
    """Checks that no stream of a camera is open: a recording would end it, and be ended by it.

    Raises:
        FailedPrecondition: One is.
    """
    # Whoever may stream but not ask is believed.
    with contextlib.suppress(NotFound, PermissionDenied):
        if (await client.cameras.status(camera)).streaming:
            raise FailedPrecondition(
                f"{CAMERAS.name(camera)} is streaming; end that first, or send the recording to a camera of its own",
                reason="CAMERA_STREAMING",
            )


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
    return details(
        ("frames with faces", account.with_faces),
        ("without", account.empty),
        ("unchanged", account.unchanged),
        ("duplicate", account.duplicate),
        ("skipped", account.skipped),
        ("rejected", account.rejected),
        ("missing", account.missing),
        ("replayed", account.replayed),
        ("recognizer asked", account.recognitions),
    )
