"""`portero migrate`: from what AWS has closed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from portero_cli.exits import ExitCode
from portero_cli.import_report import write_private
from portero_cli.migrating import Migrated, Migration
from portero_cli.migration_plan import CameraPlan, plan_camera, settings_of
from portero_cli.screen.migration_tables import people_table, refusals_table, settings_table, steps_of
from portero_cli.screen.output import jsonable, printable
from portero_cli.screen.sheet import table
from portero_cli.session import Session, command
from portero_cli.stream_processor import AwsRekognition, CollectionFacts, StreamProcessor
from portero_client import InvalidArgument


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero migrate` with the application."""
    group = typer.Typer(help="Move from what AWS has closed; for admins.", no_args_is_help=True)
    group.command("stream-processor")(stream_processor)
    app.add_typer(group, name="migrate")


@command
async def stream_processor(
    session: Session,
    name: Annotated[
        str,
        typer.Argument(metavar="[NAME]", help="The stream processor. Without it, all are listed.", show_default=False),
    ] = "",
    region: Annotated[
        str, typer.Option("--region", help="Its AWS region; by default as AWS's usual rules find it.")
    ] = "",
    camera: Annotated[
        str,
        typer.Option(
            "--camera", help="Id of the camera that stands for its video stream; by default from the stream's name."
        ),
    ] = "",
    unnamed: Annotated[
        bool,
        typer.Option("--unnamed", help="Also adopt faces without an ExternalImageId, each as a person of its own."),
    ] = False,
    keep_threshold: Annotated[
        bool,
        typer.Option("--keep-threshold", help="Name people from its FaceMatchThreshold, although it is below 99."),
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without it, only say what would be done.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write everything, and what is not taken and why, to this JSON file; only you can read it.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Take over the face search of a stream processor: its collection, camera, threshold and data stream.

    The faces of the collection stay where they are: each ExternalImageId becomes a person, no photograph is needed, and
    nothing is paid for. The server must use the same collection. The data stream gets records of the same form. Says
    only what would be done unless --apply is given; may be run again, and after a kill: nothing is made twice. Exits
    with code 4 if a face is not adopted, or a camera of that name has other settings.
    """
    _check_report(report)
    aws = await asyncio.to_thread(AwsRekognition, region)
    if not name:
        names = await asyncio.to_thread(aws.names)
        shown = table("stream processor", rows=((each,) for each in names)) if names else "no stream processor"
        session.output.show({"stream_processors": names}, shown)
        return ExitCode.OK
    processor = await asyncio.to_thread(aws.processor, name)
    collection = await asyncio.to_thread(aws.collection, processor.collection)
    plan = plan_camera(processor, camera, keep_threshold=keep_threshold)
    with session.output.progress() as progress:
        task = progress.add_task("faces", total=collection.faces)
        async with session.client() as client:
            done = await Migration(
                client,
                aws,
                processor,
                plan,
                unnamed=unnamed,
                dry_run=not apply,
                advance=lambda count: progress.advance(task, count),
            ).run()
    document = _document(processor, collection, plan, done, dry_run=not apply)
    if report is not None:
        write_private(report, (json.dumps(jsonable(document), ensure_ascii=False, indent=2) + "\n").encode())
    _show(session, document, processor, plan, done, dry_run=not apply)
    if done.failure is not None:
        raise done.failure
    return ExitCode.OK if done.complete else ExitCode.INVALID_INPUT


def _check_report(report: Path | None) -> None:
    if report is not None and (report.suffix.lower() != ".json" or not report.parent.is_dir()):
        raise InvalidArgument(
            f"{report} must end in .json, in a folder that exists", field="report", reason="BAD_REPORT"
        )


def _document(
    processor: StreamProcessor, collection: CollectionFacts, plan: CameraPlan, done: Migrated, *, dry_run: bool
) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "stream_processor": processor,
        "collection": collection,
        "settings": settings_of(processor, plan),
        "camera": done.camera,
        "subscription": done.subscription,
        "counts": done.counts(),
        "faces": done.faces,
        "error": None if done.failure is None else done.failure.message,
    }


def _show(
    session: Session,
    document: dict[str, Any],
    processor: StreamProcessor,
    plan: CameraPlan,
    done: Migrated,
    *,
    dry_run: bool,
) -> None:
    counts = done.counts()
    refused = [refusals_table(done.faces)] if done.refused else []
    session.output.show(
        document,
        settings_table(settings_of(processor, plan)),
        people_table(done.faces),
        *refused,
        *(printable(line) for line in steps_of(done)),
        f"{counts['faces']} faces: {counts['adopted_faces']} adopted, {counts['known_faces']} known already, "
        f"{counts['refused_faces']} not adopted; {counts['people']} people, {counts['created_people']} of them new",
        "nothing was changed: --apply does it" if dry_run else "no consent is recorded: see `portero consent`",
    )
