"""CSV files of any usual kind, as tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_cli.table_file import Row, Table, content_of, one_column_each, read_table
from portero_client import InvalidArgument


def test_headings_and_lines_come_without_blanks_and_with_their_numbers() -> None:
    """Empty lines are passed over and still counted; a file without a line has no headings."""
    table = read_table("\ufeffName ; Foto\n\n Ana;a.jpg\n;;\nBea\n".encode(), "list.csv", "source")
    assert table == Table(("name", "foto"), (Row(3, ("Ana", "a.jpg")), Row(5, ("Bea",))))
    assert table.rows[1].under(["display_name", "photo"]) == {"display_name": "Bea"}
    assert read_table(b"\n", "list.csv", "source") == Table((), ())


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    """Bytes that are not text, two columns of one thing, and a file that is not there are told with their field."""
    with pytest.raises(InvalidArgument, match=r"list\.csv is not text"):
        read_table(b"name\n\x81\x00\n", "list.csv", "source")
    with pytest.raises(InvalidArgument, match="two columns for the same thing"):
        one_column_each(["a", "", "", "a"], "list.csv", "source", ["a"])
    with pytest.raises(InvalidArgument, match="No such file"):
        content_of(tmp_path / "gone.csv", "source")
