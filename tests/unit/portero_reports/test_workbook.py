"""A workbook is read back with what the report says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from io import BytesIO

import openpyxl
from openpyxl import Workbook

from portero_reports.content import ReportContent
from portero_reports.words import Language
from portero_reports.workbook import workbook_of
from tests.support.reports.month import LONG_NAME, NAMES, month_report


def _read(content: ReportContent, language: Language = Language.SPANISH) -> Workbook:
    return openpyxl.load_workbook(BytesIO(workbook_of(content, language)))


def test_a_month_of_a_class_is_in_the_workbook() -> None:
    """Everybody's totals, every record with its times as cells of time, and every unproven time."""
    content = month_report()
    book = _read(content)
    assert book.sheetnames == ["Resumen", "Calendario", "Registros", "Sin comprobar"]
    summary = [[cell.value for cell in row] for row in book["Resumen"].iter_rows()]
    headings = next(row for row in summary if row[0] == "Nombre")
    totals = {row[0]: dict(zip(headings, row, strict=True)) for row in summary[summary.index(headings) + 1 :]}
    assert set(totals) == set(NAMES)
    long = next(person for person in content.people if person.name == LONG_NAME)
    assert totals[LONG_NAME]["presente"] == long.totals.present_count
    assert totals[LONG_NAME]["%"] == (long.totals.percentage or 0) / 100
    assert any("El porcentaje es" in str(row[0]) for row in summary)
    records = list(book["Registros"].iter_rows(min_row=2, values_only=True))
    assert len(records) == 30 * 87
    assert records[0][2:4] == (datetime(2026, 3, 2), time(8))  # noqa: DTZ001 - cells have no zone
    assert len(list(book["Sin comprobar"].iter_rows(min_row=2))) == 30


def test_the_calendar_has_a_cell_a_day() -> None:
    """A share as a number, which the sheet colors, or a sign."""
    content = month_report(pupils=2, days=5)
    sheet = _read(content)["Calendario"]
    assert [cell.value for cell in sheet[2]] == ["Nombre", *(f"0{day}-03-2026" for day in range(2, 7))]
    assert all(isinstance(cell.value, int | float | str) for cell in sheet[3][1:])
    assert [str(each.sqref) for each in sheet.conditional_formatting] == ["B3:F4"]


def test_no_text_becomes_a_formula_or_a_link() -> None:
    """Whatever a name begins with, it is text."""
    content = month_report(pupils=2, days=1)
    named = [
        replace(person, name=name)
        for person, name in zip(content.people, ('=HYPERLINK("http://a")', "http://b"), strict=True)
    ]
    sheet = _read(replace(content, people=tuple(named)))["Registros"]
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.value for cell in cells} == {'=HYPERLINK("http://a")', "http://b"}
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)


def test_a_report_without_records_is_a_workbook_too() -> None:
    """With its headings, and a word that nothing is unproven."""
    content = replace(month_report(pupils=1, days=1), people=(), sessions={})
    book = _read(content, Language.ENGLISH)
    assert book["Records"].max_row == 1
    assert book["Unproven"]["A2"].value == "There is none: every status is proven."


def test_the_same_report_makes_the_same_file() -> None:
    """Byte for byte, so that copies can be compared."""
    content = month_report(pupils=2, days=3)
    assert workbook_of(content) == workbook_of(content)
    assert content.day_of(content.people[0].records[0]) == date(2026, 3, 2)
