"""Names of exported files."""

from __future__ import annotations

from datetime import date

from portero_server.exports.files import FileFormat
from portero_server.exports.layout import data_name, manifest_name, marker_text

DAY = date(2026, 5, 1)


def test_partitions_are_named_as_readers_of_such_folders_expect() -> None:
    """Sites are percent-encoded, and cameras of no site have the name that Hive gives to null."""
    assert data_name("lobby", DAY, FileFormat.CSV) == "site=lobby/date=2026-05-01/part-00000.csv"
    assert data_name("a/b", DAY, FileFormat.PARQUET) == "site=a%2Fb/date=2026-05-01/part-00000.parquet"
    assert manifest_name("", DAY) == "site=__HIVE_DEFAULT_PARTITION__/date=2026-05-01/_manifest.json"


def test_a_marker_tells_exports_apart() -> None:
    """By format, sites in any order, and the key of the database."""
    told = marker_text(FileFormat.CSV, ("b", "a"), "k")
    assert told == marker_text(FileFormat.CSV, ("a", "b"), "k")
    others = [(FileFormat.JSONL, ("a", "b"), "k"), (FileFormat.CSV, ("a",), "k"), (FileFormat.CSV, ("a", "b"), "l")]
    assert told not in [marker_text(*each) for each in others]
