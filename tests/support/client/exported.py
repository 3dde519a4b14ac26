"""Exported sightings, and what independent readers find in files of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from portero_client import Box, ExportedSighting, Sighting

BEGAN = datetime(2026, 5, 1, 7, 30, tzinfo=UTC)
_INTS, _BOOLS = ("track_count", "visit"), ("reviewed",)
_TIMES, _DOUBLES = (
    ("first_seen_time", "last_seen_time"),
    ("similarity", "margin", "box_left", "box_top", "box_width", "box_height"),
)


def exported(number: int, *, person: str = "", name: str = "", site: str = "lobby", visit: int = 0) -> ExportedSighting:
    """Returns a sighting that began `number` seconds and microseconds after `BEGAN`."""
    began = BEGAN + timedelta(seconds=number, microseconds=number)
    return ExportedSighting(
        Sighting(
            name=f"sightings/s{number}",
            camera="cameras/door",
            person=f"people/{person}" if person else "",
            display_name=name or person.title(),
            first_seen_time=began,
            last_seen_time=began + timedelta(seconds=5),
            similarity=0.9 if person else 0,
            margin=0.25,
            track_count=1,
            box=Box(0.1, 0.2, 0.3, 0.4),
            visitor=f"visitors/v{number}" if visit else "",
            visit=visit,
        ),
        site,
    )


def rows_in(file: Path) -> Sequence[dict[str, Any]]:
    """Returns the rows of a file with times as datetimes, read by csv, json or pyarrow."""
    if file.suffix == ".parquet":
        # Read as a file and not as a data set, which would add columns of its path.
        table: list[dict[str, Any]] = pq.ParquetFile(file).read().to_pylist()
        return table
    if file.suffix == ".jsonl":
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    else:
        with file.open(encoding="utf-8", newline="") as source:
            rows = [_typed(row) for row in csv.DictReader(source)]
    return [{**row, **{name: datetime.fromisoformat(row[name]) for name in _TIMES}} for row in rows]


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {name: value or None for name, value in row.items()}
    for names, kind in ((_INTS, int), (_DOUBLES, float)):
        made |= {name: kind(row[name]) for name in names if row[name]}
    return made | {name: {"true": True, "false": False}[row[name]] for name in _BOOLS}
