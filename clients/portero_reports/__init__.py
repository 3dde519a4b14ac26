"""Attendance reports as files: a workbook (XLSX) or a document (PDF), in English or Spanish.

Everything is made of what the SDK reads by the caller's rights; the server draws nothing. Needs the extra `reports`.

from portero_reports.document import document_of

async with PorteroClient() as portero:
    content = await read_report(portero, Period.month_of(2026, 3), group="1b")
Path("1b.pdf").write_bytes(document_of(content, Language.SPANISH))
"""

from portero_reports.content import PersonReport, ReportContent, content_of
from portero_reports.period import Period
from portero_reports.reading import bounds_of, read_report
from portero_reports.words import Language

__all__ = ["Language", "Period", "PersonReport", "ReportContent", "bounds_of", "content_of", "read_report"]
