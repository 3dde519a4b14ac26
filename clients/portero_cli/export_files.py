"""Writes exported sightings to a file: CSV, JSON Lines or Parquet."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from portero_cli.export_plan import Content, ExportFormat
from portero_cli.export_schema import COLUMNS, SCHEMA_VERSION, ColumnType, Value
from portero_client import InvalidArgument
from portero_reports.totals import not_a_formula

Row = Mapping[str, Value]
_ROW_GROUP = 10_000
"""Rows that a Parquet file keeps in memory, and together."""


class RowWriter(Protocol):
    """Writes rows in one format."""

    def add(self, row: Row) -> None:
        """Writes a row."""
        ...

    def close(self) -> None:
        """Writes what is left."""
        ...


class PartWriter:
    """Writes one partition's file, and digests its rows."""

    def __init__(self, file: Path, format_: ExportFormat) -> None:
        """Creates the file, which only its owner can read.

        Raises:
            InvalidArgument: pyarrow is not installed.
        """
        self.file = file
        file.touch(mode=0o600)
        self._rows = _WRITERS[format_](file)
        self._digest = hashlib.sha256()
        self._count = 0

    def add(self, row: Row) -> None:
        """Writes a row."""
        self._rows.add(row)
        self._digest.update(_line(row))
        self._count += 1

    def finish(self) -> Content:
        """Closes the file, which is on the disk then, and returns its content."""
        self._rows.close()
        with self.file.open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Content(self._count, self._digest.hexdigest(), digest, self.file.stat().st_size)


class _CsvWriter:
    """Text cells that a spreadsheet would run as a formula begin with an apostrophe."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._out = csv.writer(self._file)
        self._out.writerow([column.name for column in COLUMNS])

    def add(self, row: Row) -> None:
        self._out.writerow([_cell(value) for value in row.values()])

    def close(self) -> None:
        self._file.close()


class _JsonLinesWriter:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def add(self, row: Row) -> None:
        self._file.write(_line(row))

    def close(self) -> None:
        self._file.close()


class _ParquetWriter:
    def __init__(self, path: Path) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise InvalidArgument(
                "the package that writes Parquet is missing: pip install 'portero[parquet]'",
                field="format",
                reason="NO_PARQUET",
            ) from None
        self._table: Any = pa.Table
        types = {
            ColumnType.STRING: pa.string(),
            ColumnType.TIME: pa.timestamp("us", tz="UTC"),
            ColumnType.DOUBLE: pa.float64(),
            ColumnType.INT: pa.int32(),
            ColumnType.BOOL: pa.bool_(),
        }
        told = {"portero.schema_version": str(SCHEMA_VERSION)}
        columns = [pa.field(column.name, types[column.type], nullable=bool(column.null)) for column in COLUMNS]
        self._schema = pa.schema(columns, metadata=told)
        self._out = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[Row] = []

    def add(self, row: Row) -> None:
        self._waiting.append(row)
        if len(self._waiting) >= _ROW_GROUP:
            self._flush()

    def close(self) -> None:
        if self._waiting:
            self._flush()
        self._out.close()

    def _flush(self) -> None:
        self._out.write_table(self._table.from_pylist(self._waiting, schema=self._schema))
        self._waiting = []


_WRITERS: Mapping[ExportFormat, Callable[[Path], RowWriter]] = {
    ExportFormat.CSV: _CsvWriter,
    ExportFormat.JSONL: _JsonLinesWriter,
    ExportFormat.PARQUET: _ParquetWriter,
}


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return not_a_formula(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _time(value) if isinstance(value, datetime) else str(value)


def _line(row: Row) -> bytes:
    plain = {name: _time(value) if isinstance(value, datetime) else value for name, value in row.items()}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _time(value: datetime) -> str:
    """Returns a time with microseconds always, so that texts sort as times do."""
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
