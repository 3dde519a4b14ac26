"""Reads a list of expected guests from a CSV file, as reservation systems and spreadsheets write it."""

from __future__ import annotations

import re
from datetime import date

from portero_cli.table_file import Table, one_column_each, read_table
from portero_client import InvalidArgument, NewGuest

_COLUMNS = {
    "display_name": ("name", "display_name", "guest", "nombre", "huésped", "huesped"),
    "run": ("run", "rut"),
    "document_number": ("document", "document_number", "passport", "documento", "pasaporte"),
    "arrival_date": ("date", "arrival", "arrival_date", "fecha", "llegada"),
    "reference": ("reference", "reservation", "booking", "reserva", "referencia"),
}
"""What the column of each field may be called."""

COLUMNS_HELP = "A CSV file with a line of headings: name, and run, document, date (2026-11-27) and reference if known."

_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")


def guests_in(data: bytes, name: str) -> list[NewGuest]:
    """Returns the guests of a file, in its order.

    Args:
        data: The file: UTF-8, or as Windows writes Western European text; separated by commas, semicolons or tabs.
        name: Name of the file, for messages, which name lines and never what stands in them.

    Raises:
        InvalidArgument: The file is not a CSV list of guests, or a line of it is wrong; names the line.
    """
    table = read_table(data, name, "guests")
    fields = _fields(table, name)
    guests = [_guest(row.under(fields), f"{name}, line {row.line}") for row in table.rows]
    if not guests:
        raise _wrong(f"{name} has no guests: it needs a line of headings and a line for each guest")
    return guests


def _fields(table: Table, name: str) -> list[str]:
    if not table.headings:
        return []
    words = {word: field for field, words in _COLUMNS.items() for word in words}
    fields = [words.get(heading, "") for heading in table.headings]
    if "display_name" not in fields:
        raise _wrong(f"{name} has no column of names: its first line must have the heading name (or nombre)")
    one_column_each(fields, name, "guests", _COLUMNS)
    return fields


def _guest(told: dict[str, str], place: str) -> NewGuest:
    if not told.get("display_name"):
        raise _wrong(f"{place}: the name is missing")
    arrives = told.pop("arrival_date", "")
    return NewGuest(arrival_date=_day(arrives, place) if arrives else None, **told)


def _day(text: str, place: str) -> date:
    day_first = _DAY_FIRST.fullmatch(text)
    try:
        if day_first is not None:
            return date(int(day_first[3]), int(day_first[2]), int(day_first[1]))
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong(f"{place}: the date must be such as 2026-11-27 or 27-11-2026") from None


def _wrong(message: str) -> InvalidArgument:
    return InvalidArgument(message, field="guests", reason="BAD_LIST")
