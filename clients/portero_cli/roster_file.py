"""Reads a roster from a CSV file, as schools and spreadsheets write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from portero_cli.table_file import Table, one_column_each, read_table
from portero_client import InvalidArgument, Membership
from portero_client.names import PEOPLE

_COLUMNS = {
    "person": ("person", "id", "persona", "alumno", "estudiante"),
    "since": ("since", "from", "start", "desde", "ingreso"),
    "until": ("until", "to", "end", "hasta", "retiro"),
}
"""What the column of each field may be called."""

COLUMNS_HELP = "A CSV file with a line of headings: person (an id), since (2026-03-02), and until if known."

_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")


def roster_in(data: bytes, name: str, since: date | None = None) -> list[Membership]:
    """Returns the memberships of a file, in its order.

    Args:
        data: The file: UTF-8, or as Windows writes Western European text; separated by commas, semicolons or tabs.
        name: Name of the file, for messages, which name lines and never what stands in them.
        since: First day of those of whom the file does not say it; None: it must.

    Raises:
        InvalidArgument: The file is not a roster, or a line of it is wrong; names the line.
    """
    table = read_table(data, name, "roster")
    fields = _fields(table, name)
    members = [_membership(row.under(fields), f"{name}, line {row.line}", since) for row in table.rows]
    if not members:
        raise _wrong(f"{name} has nobody: it needs a line of headings and a line for each person")
    return members


def _fields(table: Table, name: str) -> list[str]:
    words = {word: field for field, words in _COLUMNS.items() for word in words}
    fields = [words.get(heading, "") for heading in table.headings]
    if table.headings and "person" not in fields:
        raise _wrong(f"{name} has no column of people: its first line must have the heading person (or alumno)")
    one_column_each(fields, name, "roster", _COLUMNS)
    return fields


def _membership(told: Mapping[str, str], place: str, since: date | None) -> Membership:
    try:
        person = PEOPLE.name(told.get("person", ""))
    except InvalidArgument:
        raise _wrong(f"{place}: the person must be an id of the gallery, as ana-rojas") from None
    first = _day(told["since"], place) if told.get("since") else since
    if first is None:
        raise _wrong(f"{place}: the first day is missing; add a column since, or the option --since")
    until = _day(told["until"], place) if told.get("until") else None
    if until is not None and until < first:
        raise _wrong(f"{place}: the last day is before the first")
    return Membership(person, first, until)


def _day(text: str, place: str) -> date:
    day_first = _DAY_FIRST.fullmatch(text)
    try:
        if day_first is not None:
            return date(int(day_first[3]), int(day_first[2]), int(day_first[1]))
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong(f"{place}: a day must be such as 2026-03-02 or 02-03-2026") from None


def _wrong(message: str) -> InvalidArgument:
    return InvalidArgument(message, field="roster", reason="BAD_LIST")
