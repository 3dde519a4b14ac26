"""A report as a workbook (XLSX): a summary, a calendar, every record and every unproven time.

Cells are written by their type. Text is never read as a formula or a link, whatever it begins with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import xlsxwriter

from portero_client import AttendanceRecord
from portero_client.names import ATTENDANCE_SESSIONS
from portero_reports.content import PersonReport, ReportContent, day_marks
from portero_reports.phrases import COUNTS, facts_of, open_times
from portero_reports.vocabulary import Words
from portero_reports.words import Language, words_in

_WIDEST = 60
_MINUTE = timedelta(minutes=1)
# What XLSX allows in one cell.
_MOST_CHARACTERS = 32_767
_RED, _YELLOW, _GREEN = "#D9705F", "#F2DC7E", "#7DB88A"


def workbook_of(content: ReportContent, language: Language = Language.ENGLISH) -> bytes:
    """Returns a report as an XLSX file. The same content makes the same workbook."""
    file, words = BytesIO(), words_in(language)
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": False}
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties(
            {
                "title": f"{words['heading']}: {content.title}"[:255],
                "author": "Portero",
                "created": content.read_at.replace(tzinfo=None),
            }
        )
        pen = _Pen(book, words)
        _summary(pen, content)
        _calendar(pen, content)
        _records(pen, content)
        _unproven(pen, content)
    return file.getvalue()


class _Pen:
    """Writes cells of a workbook in the formats that all of its sheets share."""

    def __init__(self, book: Any, words: Words) -> None:
        self.book = book
        self.words = words
        self.bold = book.add_format({"bold": True, "font_size": 14})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top", "italic": True})
        self.heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._days = book.add_format({"num_format": words.day_cell, "align": "left"})
        self._times = book.add_format({"num_format": "hh:mm", "align": "left"})
        self._moments = book.add_format({"num_format": f"{words.day_cell} hh:mm", "align": "left"})
        self.percents = book.add_format({"num_format": "0.0%"})
        self.shares = book.add_format({"num_format": "0%", "align": "center"})
        self._minutes = book.add_format({"num_format": "0.0"})

    def write(self, sheet: Any, row: int, column: int, value: object) -> None:
        """Writes one cell by the type of its value; None leaves it empty."""
        match value:
            case None | "":
                return
            case _Percent(share):
                sheet.write_number(row, column, share, self.percents)
            case _Clock(moment):
                sheet.write_datetime(row, column, moment.time(), self._times)
            case datetime():
                sheet.write_datetime(row, column, value.replace(tzinfo=None), self._moments)
            case date():
                sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), self._days)  # noqa: DTZ001 - cells have no zone
            case timedelta():
                sheet.write_number(row, column, value / _MINUTE, self._minutes)
            case int() | float():
                sheet.write_number(row, column, value)
            case _:
                sheet.write_string(row, column, str(value)[:_MOST_CHARACTERS])

    def table(self, sheet: Any, first: int, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """Writes a table with its headings in the row `first`, and returns in which row the next thing may stand."""
        widths = [min(len(heading), 12) for heading in headings]
        sheet.write_row(first, 0, headings, self.heading)
        place = first
        for place, cells in enumerate(rows, first + 1):
            for column, value in enumerate(cells):
                self.write(sheet, place, column, value)
                widths[column] = max(widths[column], _width(value))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(width + 2, _WIDEST))
        sheet.freeze_panes(first + 1, 1)
        if place > first:
            sheet.autofilter(first, 0, place, len(headings) - 1)
        return place + 2


@dataclass(frozen=True, slots=True)
class _Percent:
    """A cell that shows a share as a percentage."""

    share: float


@dataclass(frozen=True, slots=True)
class _Clock:
    """A cell that shows the time of day only."""

    moment: datetime


def _width(value: object) -> int:
    return {datetime: 16, date: 10, _Clock: 6, _Percent: 7}.get(type(value), len(str(value)) if value else 0)


def _percent(value: float | None) -> _Percent | None:
    return None if value is None else _Percent(value / 100)


def _summary(pen: _Pen, content: ReportContent) -> None:
    words, sheet = pen.words, pen.book.add_worksheet(pen.words["summary"])
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, f"{words['heading']}: {content.title}"[:_MOST_CHARACTERS], pen.bold)
    facts = facts_of(content, words)
    for row, (heading, value) in enumerate(facts, 1):
        sheet.write_string(row, 0, heading)
        sheet.write_string(row, 1, value)
    rules = len(facts) + 1
    for row, key in enumerate(("rule", "unproven_rule"), rules):
        sheet.merge_range(row, 0, row, 12, words[key], pen.wrapped)
        sheet.set_row(row, 48 if key == "rule" else 16)
    keys = ("name", "id")
    headings = [
        *(words[key] for key in keys),
        *(words.statuses[status] for status in words.statuses if status.value in COUNTS),
        *(words[key] for key in ("credit", "percentage", "lowest", "highest", "present_minutes", "late_minutes")),
    ]
    pen.table(sheet, rules + 3, headings, (_totals(person, words) for person in content.people))


def _totals(person: PersonReport, words: Words) -> Sequence[object]:
    totals = person.totals
    return (
        person.name or words["removed"],
        person.person,
        *(getattr(totals, f"{name}_count") for name in COUNTS),
        totals.credit,
        *map(_percent, (totals.percentage, totals.lowest_percentage, totals.highest_percentage)),
        totals.present,
        totals.late,
    )


def _calendar(pen: _Pen, content: ReportContent) -> None:
    words, sheet = pen.words, pen.book.add_worksheet(pen.words["calendar"])
    known = [(person, day_marks(content, person)) for person in content.people if person.person]
    days = sorted({day for _, marks in known for day in marks})
    sheet.write_string(0, 0, words["heat_rule"])
    sheet.write_string(1, 0, words["name"], pen.heading)
    for column, day in enumerate(days, 1):
        sheet.write_string(1, column, words.day(day)[:10], pen.heading)
    for row, (person, marks) in enumerate(known, 2):
        sheet.write_string(row, 0, person.name)
        for column, day in enumerate(days, 1):
            mark = marks.get(day)
            if mark is not None and mark.share is not None:
                sheet.write_number(row, column, mark.share, pen.shares)
            elif mark is not None:
                sheet.write_string(row, column, words.sign_of(mark.unproven), pen.shares)
    sheet.set_column(0, 0, min(max((len(person.name) for person, _ in known), default=8) + 2, _WIDEST))
    sheet.set_column(1, max(len(days), 1), 11)
    sheet.freeze_panes(2, 1)
    if known and days:
        scale: dict[str, object] = {"type": "3_color_scale"}
        for name, value, color in (("min", 0, _RED), ("mid", 0.5, _YELLOW), ("max", 1, _GREEN)):
            scale |= {f"{name}_type": "num", f"{name}_value": value, f"{name}_color": color}
        sheet.conditional_format(2, 1, 1 + len(known), len(days), scale)


def _records(pen: _Pen, content: ReportContent) -> None:
    words, sheet = pen.words, pen.book.add_worksheet(pen.words["records"])
    keys = (
        *("name", "id", "day", "begins", "session", "status", "reason", "decided", "came", "last_seen"),
        *("present_minutes", "late_minutes", "early_minutes", "credit", "open_times", "corrected", "published"),
    )
    rows = (_record(content, person, record, words) for person, record in content.records)
    pen.table(sheet, 0, [words[key] for key in keys], rows)


def _record(content: ReportContent, person: PersonReport, record: AttendanceRecord, words: Words) -> Sequence[object]:
    begins = content.local(record, record.session_start_time)
    times = (
        None if moment is None else content.local(record, moment) for moment in (record.arrive_time, record.leave_time)
    )
    return (
        person.name or words["removed"],
        person.person,
        begins.date(),
        _Clock(begins),
        ATTENDANCE_SESSIONS.identifier(record.session),
        words.statuses[record.status],
        words.reasons[record.reason],
        words.statuses[record.decided_status],
        *(None if moment is None else _Clock(moment) for moment in times),
        record.present,
        record.late or None,
        record.early or None,
        record.credit,
        open_times(content, record, words),
        words["yes"] if record.correction else None,
        content.local(record, record.publish_time),
    )


def _unproven(pen: _Pen, content: ReportContent) -> None:
    words, sheet = pen.words, pen.book.add_worksheet(pen.words["unproven"])
    rows = (
        (
            content.local(record, span.start_time).date(),
            _Clock(content.local(record, span.start_time)),
            _Clock(content.local(record, span.end_time)),
            ", ".join(words.causes[cause] for cause in span.causes),
            ATTENDANCE_SESSIONS.identifier(record.session),
            person.name or words["removed"],
            person.person,
        )
        for person, record in content.records
        for span in record.unproven
    )
    headings = [words[key] for key in ("day", "from", "until", "why", "session", "name", "id")]
    if pen.table(sheet, 0, headings, rows) == 2:
        sheet.write_string(1, 0, words["no_unproven"])
