"""`portero export`: sightings as files, for spreadsheets and warehouses."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from portero_cli.exits import ExitCode
from portero_cli.export_place import opened_place
from portero_cli.export_plan import ExportFormat, Selection
from portero_cli.exporting import Exported, ExportRun, scope_of
from portero_cli.session import Session, command
from portero_cli.times import parse_duration
from portero_client import InvalidArgument

_AGO = re.compile(r"(\d{1,4})d")


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero export` with the application."""
    app.command("export")(export)


def parse_export_day(text: str) -> date:
    """Parses a day of UTC: 2026-05-01, or 30d for thirty days ago. Raises ValueError."""
    try:
        if ago := _AGO.fullmatch(text):
            return datetime.now(UTC).date() - timedelta(days=int(ago[1]))
        return date.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a day; write 2026-05-01, or 30d (ago)") from None


@command
async def export(
    session: Session,
    folder: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER", help="A new folder, or that of earlier runs; or s3://BUCKET/PREFIX.", show_default=False
        ),
    ],
    since: Annotated[
        date,
        typer.Option(
            "--since",
            parser=parse_export_day,
            metavar="DAY",
            help="First day, in UTC: 2026-05-01, or 30d (ago).",
            show_default=False,
        ),
    ],
    until: Annotated[
        date | None,
        typer.Option(
            "--until",
            parser=parse_export_day,
            metavar="DAY",
            help="Last day, included. Without it, the last closed one.",
            show_default=False,
        ),
    ] = None,
    format_: Annotated[ExportFormat, typer.Option("--format", help="What sightings are written as.")] = (
        ExportFormat.PARQUET
    ),
    site: Annotated[
        str, typer.Option("--site", help="Only at cameras of this site. Without it, of all.", show_default=False)
    ] = "",
    closed_after: Annotated[
        timedelta,
        typer.Option(
            "--closed-after",
            parser=parse_duration,
            metavar="DURATION",
            help="A day is written once it is over for so long, since frames may arrive late.",
        ),
    ] = "6h",  # type: ignore[assignment]  # typer parses it, and shows it as it is typed
    kms_key: Annotated[
        str,
        typer.Option(
            "--kms-key",
            metavar="KEY",
            help="With s3://: id, ARN or alias of the KMS key that encrypts. Without it the bucket's own setting does.",
            show_default=False,
        ),
    ] = "",
) -> ExitCode:
    """Write who was seen where and when to files, one a site and day. For admins, operators and readers.

    Files are in site=SITE/date=DAY/, as DuckDB, Spark and pyarrow read them; clients/EXPORTS.md has their columns. Run
    it again over the same days, after a kill too: only days that are new, or whose sightings changed since, are
    written, and what was erased, or is past the server's retention, is gone from them. They name people: keep the files
    as safe as the database.
    """
    today = datetime.now(UTC).date()
    last = until or today
    if last < since:
        raise InvalidArgument(f"until {last} is before since {since}", field="until", reason="NO_DAYS")
    with opened_place(folder, kms_key) as place, session.output.progress() as progress:
        task = progress.add_task("days", total=None)
        async with session.client() as client:
            selection = Selection(format_, site, scope_of(await client.keys.caller()))
            told = await ExportRun(client, place, selection).execute(
                since,
                last,
                datetime.now(UTC),
                closed_after,
                lambda done, total: progress.update(task, completed=done, total=total),
            )
    # Days that nobody asked for by name need no word.
    told_open = told.open_days if until is not None else 0
    session.output.show({"folder": folder, **_document(told)}, _sentence(folder, told))
    if told_open:
        session.output.note(f"days that are not closed were left out: {told_open}; run it again later")
    return ExitCode.OK


def _document(told: Exported) -> dict[str, int]:
    return {name: getattr(told, name) for name in Exported.__slots__}


def _sentence(folder: str, told: Exported) -> str:
    resumed = f", {told.resumed_days} were done before" if told.resumed_days else ""
    return (
        f"{folder}: {told.days} days read{resumed}; partitions: {told.written} written, {told.revised} revised, "
        f"{told.unchanged} unchanged; {told.rows} sightings"
    )
