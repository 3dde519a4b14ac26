"""Files of exported sightings, read back by csv, json and pyarrow."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from portero_cli.export_files import PartWriter
from portero_cli.export_plan import Content, ExportFormat
from portero_cli.export_schema import COLUMNS, row_of
from portero_client import ExportedSighting, InvalidArgument
from tests.support.client.exported import exported, rows_in

_SIGHTINGS = [exported(0), exported(1, person="ana", name='Ana "A" Núñez,\nMaría'), exported(2, visit=4)]


def _written(folder: Path, format_: ExportFormat, sightings: list[ExportedSighting] = _SIGHTINGS) -> Content:
    part = PartWriter(folder / f"part.{format_.value}", format_)
    for each in sightings:
        part.add(row_of(each))
    return part.finish()


@pytest.mark.parametrize("format_", ExportFormat)
def test_independent_readers_find_what_was_written(tmp_path: Path, format_: ExportFormat) -> None:
    """Each value comes back with its type, microseconds, quotes and line breaks included; nobody else can read it."""
    content = _written(tmp_path, format_)
    file = tmp_path / f"part.{format_.value}"
    assert list(rows_in(file)) == [dict(row_of(each)) for each in _SIGHTINGS]
    assert (content.rows, content.size) == (3, file.stat().st_size)
    assert content.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_rows_digest_is_that_of_the_sightings(tmp_path: Path) -> None:
    """All formats have the same one, and other sightings another."""
    digests = {_written(tmp_path, format_).rows_sha256 for format_ in ExportFormat}
    assert len(digests) == 1
    (tmp_path / "part.csv").unlink()
    assert _written(tmp_path, ExportFormat.CSV, _SIGHTINGS[:2]).rows_sha256 not in digests


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx"])
def test_spreadsheets_run_no_name_as_a_formula(tmp_path: Path, name: str) -> None:
    """A cell of CSV that begins like a formula is text; the other formats have the name as it is."""
    for format_, expected in (
        (ExportFormat.CSV, f"'{name}"),
        (ExportFormat.JSONL, name),
        (ExportFormat.PARQUET, name),
    ):
        _written(tmp_path, format_, [exported(0, person="ana", name=name)])
        (row,) = rows_in(tmp_path / f"part.{format_.value}")
        assert row["display_name"] == expected


def test_parquet_has_the_stated_types(tmp_path: Path) -> None:
    """Times are UTC in microseconds, columns that are never empty say so, and the file has the schema's version."""
    _written(tmp_path, ExportFormat.PARQUET, [])
    schema = pq.read_schema(tmp_path / "part.parquet")
    assert schema.field("first_seen_time").type == pa.timestamp("us", tz="UTC")
    assert [field.nullable for field in schema] == [bool(column.null) for column in COLUMNS]
    assert schema.metadata[b"portero.schema_version"] == b"1"


def test_without_pyarrow_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install writes CSV and JSON Lines."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidArgument, match=r"portero\[parquet\]"):
        PartWriter(tmp_path / "part.parquet", ExportFormat.PARQUET)
    assert _written(tmp_path, ExportFormat.CSV).rows == 3
