"""`portero attendance report`: what records add up to, as a table, CSV, a workbook or a document."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from portero_cli.commands.attendance_groups import parse_day
from portero_cli.commands.attendance_options import GroupOption, PersonOption, SinceOption, UntilOption
from portero_cli.exits import ExitCode
from portero_cli.import_report import write_private
from portero_cli.screen.attendance_sheets import totals_sheet
from portero_cli.session import Session, command
from portero_client import InvalidArgument, PorteroClient
from portero_reports import Language, Period, ReportContent, bounds_of, read_report
from portero_reports.totals import totals_csv


class ReportFormat(Enum):
    """What a report is written as."""

    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class _Question:
    """Whose report it is, and of when."""

    group: str
    person: str
    period: Period


def parse_month(text: str) -> date:
    """Parses a month; returns its first day. Raises ValueError."""
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError:
        raise ValueError(f"{text!r} is not a month; write 2026-03") from None


@command
async def report(
    session: Session,
    person: PersonOption = "",
    group: GroupOption = "",
    day: Annotated[
        date | None,
        typer.Option("--day", parser=parse_day, metavar="DAY", help="Of this day: 2026-03-02.", show_default=False),
    ] = None,
    month: Annotated[
        date | None,
        typer.Option(
            "--month", parser=parse_month, metavar="MONTH", help="Of this month: 2026-03.", show_default=False
        ),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_format: Annotated[
        ReportFormat | None,
        typer.Option("--format", help="Default: as the file's name ends, or a table.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where to write it, for its owner only.", show_default=False),
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="Of a workbook or document.")] = Language.ENGLISH,
    as_csv: Annotated[bool, typer.Option("--csv", help="The same as --format csv.")] = False,
) -> ExitCode:
    """Add up records for each person. The percentage leaves excused and unproven sessions out.

    Days and months are those of the group's time zone. XLSX and PDF have every session, plots, and what is unproven;
    they need the extra `reports`.
    """
    chosen = _format_of(as_format, output, as_csv=as_csv)
    question = _Question(group, person, _period_of(day, month, since, until))
    if chosen in (ReportFormat.XLSX, ReportFormat.PDF):
        return await _write_file(session, question, chosen, output, language)
    async with session.client() as client:
        start, end = await bounds_of(client, question.period, group=group, person=person)
        found = await client.attendance.report(person=person, group=group, start=start, end=end)
    if chosen is ReportFormat.TABLE:
        session.output.show(
            {"totals": found.totals, "report_time": found.report_time},
            totals_sheet(found.totals) if found.totals else "no record",
        )
    elif output is None:
        sys.stdout.write(totals_csv(found.totals))
    else:
        write_private(output, totals_csv(found.totals).encode())
        _tell(session, output, chosen, len(found.totals))
    return ExitCode.OK


async def _write_file(
    session: Session, question: _Question, chosen: ReportFormat, output: Path | None, language: Language
) -> ExitCode:
    if output is None:
        raise InvalidArgument(f"a report as {chosen.value} is a file: name it with --output", field="output")
    made = _maker(chosen)
    async with session.client() as client:
        content = await _content(client, question)
    write_private(output, made(content, language))
    _tell(session, output, chosen, len(content.people))
    return ExitCode.OK


async def _content(client: PorteroClient, question: _Question) -> ReportContent:
    return await read_report(client, question.period, group=question.group, person=question.person)


def _maker(chosen: ReportFormat) -> Callable[[ReportContent, Language], bytes]:
    try:
        if chosen is ReportFormat.XLSX:
            from portero_reports.workbook import workbook_of

            return workbook_of
        from portero_reports.document import document_of
    except ImportError:
        raise InvalidArgument(
            "the packages that write reports are missing: pip install 'portero[reports]'",
            field="format",
            reason="NO_REPORTS",
        ) from None
    return document_of


def _tell(session: Session, output: Path, chosen: ReportFormat, people: int) -> None:
    session.output.show(
        {"file": str(output), "format": chosen.value, "people": people}, f"{output}: the report of {people} people"
    )


def _format_of(as_format: ReportFormat | None, output: Path | None, *, as_csv: bool) -> ReportFormat:
    if as_csv:
        if as_format not in (None, ReportFormat.CSV):
            raise InvalidArgument("give --csv or another --format, not both", field="format")
        return ReportFormat.CSV
    if as_format is ReportFormat.TABLE and output is not None:
        raise InvalidArgument("a table is shown, not written: choose csv, xlsx or pdf", field="format")
    if as_format is not None:
        return as_format
    if output is None:
        return ReportFormat.TABLE
    known = {f".{each.value}": each for each in ReportFormat if each is not ReportFormat.TABLE}
    if output.suffix.lower() not in known:
        raise InvalidArgument(f"{output} must end in .csv, .xlsx or .pdf, or give --format", field="output")
    return known[output.suffix.lower()]


def _period_of(day: date | None, month: date | None, since: datetime | None, until: datetime | None) -> Period:
    if (day is not None) + (month is not None) + (since is not None or until is not None) > 1:
        raise InvalidArgument("give one of --day, --month, and --since with --until", field="day")
    if day is not None:
        return Period.day_of(day)
    if month is not None:
        return Period.month_of(month.year, month.month)
    return Period(start=since, end=until)
