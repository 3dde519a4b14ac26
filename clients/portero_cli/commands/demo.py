"""`portero demo`: the whole system on this machine, with people walking past an artificial camera."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from portero_bridge.events import BridgeEvent, SourceUp
from portero_cli.demo.classroom import SETTINGS, Lesson, as_expected, attended, hold_lesson
from portero_cli.demo.console import demo_console
from portero_cli.demo.desk import check_in_guest
from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_cli.demo.scene import PASSAGES, VISIT_GAP, write_scene
from portero_cli.demo.server import DemoServer, demo_server
from portero_cli.demo.truth import Verdict, compare
from portero_cli.enrolling import enroll_person, in_words
from portero_cli.exits import ExitCode
from portero_cli.naming import id_of, name_of_folder
from portero_cli.photos import photos_in
from portero_cli.screen.attendance_sheets import records_sheet
from portero_cli.screen.board import Board
from portero_cli.screen.output import Output
from portero_cli.screen.reports import accepted, check_in_report
from portero_cli.screen.sheet import Sheet, table
from portero_cli.screen.showing import shown, stop_signals
from portero_cli.screen.tables import sightings_table
from portero_cli.session import Session, command
from portero_client import AttendanceRecord, CheckIn, ConnectionSettings, PorteroClient, Sighting
from portero_client.file_names import is_clutter, natural_order
from portero_client.streaming.events import StreamAccount

if TYPE_CHECKING:
    from portero_bridge.settings import CameraSettings

_CAMERA = "demo"
_PATIENCE = 30.0
_LESSON = "The lesson: one came late, and nobody can tell of the other, since the lab's camera went dark:"


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero demo` with the application."""
    app.command("demo")(demo)


@command
async def demo(
    session: Session,
    once: Annotated[
        bool, typer.Option("--once", help="Play once, compare the results with what was shown, and exit.")
    ] = False,
    source: Annotated[
        str, typer.Option("--source", metavar="SOURCE", help="Use a real camera instead: device number, file or URL.")
    ] = "",
    people: Annotated[
        Path | None,
        typer.Option(
            "--people",
            exists=True,
            file_okay=False,
            help="Folder with one folder of photos per person, to enroll them too.",
        ),
    ] = None,
) -> ExitCode:
    """Show all of it at work: its own server, a guest who checks in, two enrolled people, a lesson, and a camera.

    Everything is kept in a temporary folder, which is removed at the end.
    """
    # Here and not above, so that a machine without the bridge's packages has all other commands.
    from portero_bridge.camera import run_camera

    output = session.output
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portero-demo-")))
        script = write_scene(folder)
        output.note("starting the server ...")
        async with (
            demo_server(folder, SETTINGS) as server,
            PorteroClient(ConnectionSettings(server.address)) as client,
            demo_console(ConnectionSettings(server.address)) as console,
            stop_signals() as stop,
        ):
            _announce(output, server, console)
            checked_in = None if source else await _check_in(client, output)
            await _enroll(client, folder, people, output)
            lesson = None if source else await _hold_lesson(client, output)
            await client.cameras.create(_CAMERA, display_name="Demo", visit_gap=timedelta(seconds=VISIT_GAP))
            play = _Play(source or f"synthetic:{script}", once=once)
            board = Board()
            async with shown(board, output) as take:
                account = await run_camera(
                    play.settings(),
                    server=server.address,
                    on_event=play.listening(take),
                    stop=stop,
                    patience=_PATIENCE,
                )
            sightings = [sighting async for sighting in client.sightings.list(camera=f"cameras/{_CAMERA}")]
            records = None if lesson is None else await attended(client, lesson, 0 if stop.is_set() else _PATIENCE)
            verdicts = compare(PASSAGES, sightings, play.began) if once and not source and not stop.is_set() else []
    return _conclude(output, sightings, verdicts, account, checked_in, records)


@dataclass(slots=True)
class _Play:
    """One run of the camera; `began` is the capture time of its first picture."""

    source: str
    once: bool
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def settings(self) -> CameraSettings:
        """Returns the bridge's settings, in real time, so that durations are realistic."""
        from portero_bridge.settings import CameraSettings, Pacing

        return CameraSettings(name=_CAMERA, source=self.source, rate=10.0, once=self.once, pacing=Pacing.REALTIME)

    def listening(self, take: Callable[[BridgeEvent], None]) -> Callable[[BridgeEvent], None]:
        """Returns a listener that notes the beginning and passes events on."""

        def listen(event: BridgeEvent) -> None:
            if isinstance(event, SourceUp):
                self.began = datetime.now(UTC)
            take(event)

        return listen


def _announce(output: Output, server: DemoServer, console: str | None) -> None:
    if console is not None:
        output.note(f"who is here, people and photos: {console}")
    output.note(f"gRPC on {server.address}, metrics on http://{server.admin}/metrics, log in {server.log}")


async def _check_in(client: PorteroClient, output: Output) -> CheckIn:
    """Checks a guest with a specimen of a card in, and shows the report."""
    output.note("a guest comes to the desk with an identity card (a specimen) ...")
    done = await check_in_guest(client, lambda hint: output.note(f"hint for the guest: {hint}"))
    output.note("checked in" if accepted(done) else "not checked in")
    return done


async def _hold_lesson(client: PorteroClient, output: Output) -> Lesson:
    """Uploads a lesson that is over, which the server decides while the play goes on."""
    output.note("a class of two had a lesson in two rooms; their cameras upload it, and one went dark amid it ...")
    return await hold_lesson(client)


async def _enroll(client: PorteroClient, folder: Path, people: Path | None, output: Output) -> None:
    gallery = [(str(portrait.name), [folder / portrait.file]) for portrait in (COLLINS, HOPPER)]
    gallery += [(name_of_folder(person.name), photos_in(person)) for person in _folders(people)]
    with output.progress() as progress:
        task = progress.add_task("enrolling", total=sum(len(photos) for _, photos in gallery))
        enrolled = [
            await enroll_person(client, name, id_of(name), photos, lambda: progress.advance(task))
            for name, photos in gallery
        ]
    for line in in_words(enrolled):
        output.note(line)


def _folders(people: Path | None) -> list[Path]:
    return (
        []
        if people is None
        else sorted((path for path in people.iterdir() if path.is_dir() and not is_clutter(path)), key=natural_order)
    )


def _conclude(
    output: Output,
    sightings: list[Sighting],
    verdicts: list[Verdict],
    account: StreamAccount | None,
    checked_in: CheckIn | None,
    records: list[AttendanceRecord] | None,
) -> ExitCode:
    right = all(verdict.right for verdict in verdicts) and (checked_in is None or accepted(checked_in))
    # A play that was cut short may end before the lesson is decided.
    right = right and (records is None or as_expected(records) or not verdicts)
    lesson: list[RenderableType] = [] if records is None else [_LESSON, records_sheet(records)]
    output.show(
        {"sightings": sightings, "account": account, "check_in": checked_in, "attendance": records, "right": right},
        *([] if checked_in is None else check_in_report(checked_in)),
        *lesson,
        _verdict_table(verdicts) if verdicts else sightings_table(sightings),
        *(_summary(verdicts, account)),
    )
    return ExitCode.OK if right else ExitCode.FAILED


def _verdict_table(verdicts: list[Verdict]) -> Sheet:
    rows = [
        (
            f"{verdict.start:.0f} s",
            verdict.shown or "nobody",
            verdict.seen or "nobody",
            f"{verdict.sighting.similarity:.2f}" if verdict.sighting and verdict.sighting.person else "",
            "yes" if verdict.right else "NO",
        )
        for verdict in verdicts
    ]
    return table("at", "shown", "seen", "similarity", "right", rows=rows)


def _summary(verdicts: list[Verdict], account: StreamAccount | None) -> list[str]:
    lines = []
    if account is not None:
        looked = account.empty + account.with_faces
        frames = looked + account.unchanged + account.duplicate + account.skipped
        lines.append(f"{frames} frames, {looked} looked at, the recognizer asked {account.recognitions} times")
    if verdicts:
        right = sum(verdict.right for verdict in verdicts)
        lines.append(f"{right} of {len(verdicts)} visits correct")
    return lines
