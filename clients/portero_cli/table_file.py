"""Reads a CSV file with a line of headings, as reservation systems and spreadsheets write it, and makes cells safe."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from portero_client import InvalidArgument

MOST_BYTES = 16 * 1024 * 1024
"""Most bytes of a list: a hundred thousand lines of any length that is meant."""
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """A line that is not empty: its number in the file, from 1, and its cells without surrounding blanks."""

    line: int
    cells: tuple[str, ...]

    def under(self, fields: Sequence[str]) -> dict[str, str]:
        """Returns the cells by the field of their column; columns whose field is empty are left out."""
        return {field: cell for field, cell in zip(fields, self.cells, strict=False) if field}


@dataclass(frozen=True, slots=True)
class Table:
    """A file's headings, in lower case and without surrounding blanks, and the lines below them."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(data: bytes, name: str, field: str) -> Table:
    """Returns the table in a file; an empty one if the file has no line.

    Args:
        data: The file: UTF-8, or as Windows writes Western European text; separated by commas, semicolons or tabs.
        name: Name of the file, for messages.
        field: The argument that named the file, for errors.

    Raises:
        InvalidArgument: It is not text, or not a CSV file.
    """
    lines = _text(data, name, field).splitlines()
    heading = next((line for line in lines if line.strip()), "")
    reader = csv.reader(lines, delimiter=max(_DELIMITERS, key=heading.count))
    try:
        rows = [Row(reader.line_num, tuple(cell.strip() for cell in row)) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise InvalidArgument(
            f"{name}, line {reader.line_num}: this is not a line of CSV ({error})", field=field, reason="BAD_LIST"
        ) from None
    if not rows:
        return Table((), ())
    return Table(tuple(cell.lower() for cell in rows[0].cells), tuple(islice(rows, 1, None)))


def one_column_each(fields: Sequence[str], name: str, field: str, known: Collection[str]) -> None:
    """Checks that no two columns are of one field. A column whose field is empty is not looked at.

    Raises:
        InvalidArgument: Two columns are of one field.
    """
    told = [each for each in fields if each]
    if len(set(told)) < len(told):
        raise InvalidArgument(
            f"{name} has two columns for the same thing; its headings may be {', '.join(known)}",
            field=field,
            reason="BAD_LIST",
        )


def content_of(file: Path, field: str) -> bytes:
    """Returns a list's file. Raises InvalidArgument if it may not be read, or has more than 16 MiB."""
    try:
        with file.open("rb") as source:
            data = source.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidArgument(f"{file}: {error.strerror}", field=field, reason="UNREADABLE") from None
    if len(data) > MOST_BYTES:
        raise InvalidArgument(f"{file} is larger than 16 MiB", field=field, reason="TOO_MANY_BYTES")
    return data


def _text(data: bytes, name: str, field: str) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidArgument(f"{name} is not text: save it as CSV in UTF-8", field=field, reason="BAD_LIST")
