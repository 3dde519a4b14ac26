"""Writes the file of a partition: CSV, JSON Lines or Parquet, byte by byte as `portero export` does."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from portero_server.exports.columns import CELLS, NULLABLE, SCHEMA_VERSION, CellType, CellValue

Cells = Mapping[str, CellValue]
_ROW_GROUP = 10_000
"""Rows that a Parquet file keeps in memory, and together."""


class FileFormat(Enum):
    """What sightings are written as."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class FileContent:
    """The content of a file that is written.

    Attributes:
        rows: Number of sightings.
        rows_sha256: Digest of the sightings, whatever the format.
        sha256: Digest of the file.
        size: Bytes of the file.
    """

    rows: int
    rows_sha256: str
    sha256: str
    size: int


class _Rows(Protocol):
    def add(self, cells: Cells) -> None: ...

    def close(self) -> None: ...

    def drop(self) -> None: ...


class PartitionFile:
    """Writes one partition's file, and digests its rows. Its methods block."""

    def __init__(self, path: Path, format_: FileFormat) -> None:
        """Creates the file, which only its owner can read."""
        self.path = path
        path.touch(mode=0o600)
        self._rows = _WRITERS[format_](path)
        self._digest = hashlib.sha256()
        self._count = 0

    def add(self, cells: Cells) -> None:
        """Writes a row."""
        self._rows.add(cells)
        self._digest.update(_line(cells))
        self._count += 1

    def finish(self) -> FileContent:
        """Closes the file, which is on the disk then, and returns its content."""
        self._rows.close()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileContent(self._count, self._digest.hexdigest(), digest, self.path.stat().st_size)

    def drop(self) -> None:
        """Closes and removes the file, also after a write that failed."""
        # What breaks a file breaks its end, too: a disk that is full, a writer that has closed itself.
        with suppress(Exception):
            self._rows.drop()
        self.path.unlink(missing_ok=True)


class _CsvRows:
    """Text cells that a spreadsheet would run as a formula begin with an apostrophe."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._out = csv.writer(self._file)
        self._out.writerow(CELLS)

    def add(self, cells: Cells) -> None:
        self._out.writerow([_cell(value) for value in cells.values()])

    def close(self) -> None:
        self._file.close()

    def drop(self) -> None:
        self._file.close()


class _JsonRows:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def add(self, cells: Cells) -> None:
        self._file.write(_line(cells))

    def close(self) -> None:
        self._file.close()

    def drop(self) -> None:
        self._file.close()


class _ParquetRows:
    def __init__(self, path: Path) -> None:
        # Imported late: no other format needs it.
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._table: Any = pa.Table
        types = {
            CellType.STRING: pa.string(),
            CellType.TIME: pa.timestamp("us", tz="UTC"),
            CellType.DOUBLE: pa.float64(),
            CellType.INT: pa.int32(),
            CellType.BOOL: pa.bool_(),
        }
        columns = [pa.field(name, types[kind], nullable=name in NULLABLE) for name, kind in CELLS.items()]
        self._schema = pa.schema(columns, metadata={"portero.schema_version": str(SCHEMA_VERSION)})
        self._out = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[Cells] = []

    def add(self, cells: Cells) -> None:
        self._waiting.append(cells)
        if len(self._waiting) >= _ROW_GROUP:
            self._flush()

    def close(self) -> None:
        if self._waiting:
            self._flush()
        self._out.close()

    def drop(self) -> None:
        self._waiting = []
        self._out.close()

    def _flush(self) -> None:
        self._out.write_table(self._table.from_pylist(self._waiting, schema=self._schema))
        self._waiting = []


_WRITERS: Mapping[FileFormat, Callable[[Path], _Rows]] = {
    FileFormat.CSV: _CsvRows,
    FileFormat.JSONL: _JsonRows,
    FileFormat.PARQUET: _ParquetRows,
}


def _cell(value: CellValue) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _time(value) if isinstance(value, datetime) else str(value)


def _line(cells: Cells) -> bytes:
    plain = {name: _time(value) if isinstance(value, datetime) else value for name, value in cells.items()}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _time(value: datetime) -> str:
    """Returns a time with microseconds always, so that texts sort as times do."""
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
