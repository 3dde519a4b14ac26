"""Attendance reports as files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from portero_client import InvalidArgument
from portero_console.parts import TheCaller, ThisConsole
from portero_console.problems import Problem
from portero_console.rest.shapes import GroupFilter, PersonFilter
from portero_console.rest.spans import TheDays
from portero_reports import Language, ReportContent, read_report
from portero_reports.totals import totals_csv

router = APIRouter(tags=["attendance"])


class ReportFormat(Enum):
    """What a report is written as."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


_TYPES = {
    ReportFormat.CSV: "text/csv; charset=utf-8",
    ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportFormat.PDF: "application/pdf",
}


@router.get(
    "/attendance/report/file",
    response_class=Response,
    summary="Returns a report as a file",
    responses={
        200: {
            "content": {
                kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES.values()
            }
        }
    },
)
async def get_report_file(
    console: ThisConsole,
    caller: TheCaller,
    days: TheDays,
    report_format: Annotated[ReportFormat, Query(alias="format", description="What it is written as.")],
    group: GroupFilter = "",
    person: PersonFilter = "",
    language: Annotated[Language, Query(description="Of a workbook or document.")] = Language.ENGLISH,
) -> Response:
    """Returns what records add up to: CSV with a line for each person, or every session with plots as XLSX or PDF."""
    if days is None:
        raise InvalidArgument("days must be given", field="first_day")
    made = _maker(report_format)
    # So many at a time: writing a large report takes a processor for seconds.
    async with console.report_slots:
        content = await read_report(caller.client, days, group=group, person=person)
        data = await asyncio.to_thread(made, content, language)
    name = f"{group or person}-{days.first_day or ''}-{days.last_day or ''}.{report_format.value}"
    return Response(
        data, media_type=_TYPES[report_format], headers={"content-disposition": f'attachment; filename="{name}"'}
    )


def _maker(wanted: ReportFormat) -> Callable[[ReportContent, Language], bytes]:
    if wanted is ReportFormat.CSV:
        return _csv_of
    try:
        if wanted is ReportFormat.XLSX:
            from portero_reports.workbook import workbook_of

            return workbook_of
        from portero_reports.document import document_of
    except ImportError:
        raise Problem(
            HTTPStatus.NOT_IMPLEMENTED,
            "NO_REPORTS",
            "the console lacks the packages that write workbooks and documents: pip install 'portero[reports]'",
        ) from None
    return document_of


def _csv_of(content: ReportContent, language: Language) -> bytes:
    return totals_csv(person.totals for person in content.people).encode()
