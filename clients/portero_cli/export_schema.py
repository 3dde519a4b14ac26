"""The columns of exported sightings, the same in every format. EXPORTS.md documents them; a test holds it to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_client import ExportedSighting

SCHEMA_VERSION = 1
"""Grows when a column is added, removed, or means something else."""

Value = str | datetime | float | int | bool | None


class ColumnType(Enum):
    """What a column holds, in words of Parquet."""

    STRING = "string"
    TIME = "timestamp (µs, UTC)"
    DOUBLE = "double"
    INT = "int32"
    BOOL = "boolean"


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: Its name, as in the contract where that has one.
        type: What it holds.
        unit: Unit or range; empty: none.
        null: What an empty value means; empty: it has none.
    """

    name: str
    type: ColumnType
    unit: str = ""
    null: str = ""


COLUMNS: tuple[Column, ...] = (
    Column("sighting", ColumnType.STRING),
    Column("camera", ColumnType.STRING),
    Column("person", ColumnType.STRING, null="a stranger"),
    Column("display_name", ColumnType.STRING, null="a stranger"),
    Column("first_seen_time", ColumnType.TIME),
    Column("last_seen_time", ColumnType.TIME),
    Column("similarity", ColumnType.DOUBLE, "0..1"),
    Column("margin", ColumnType.DOUBLE, "0..1"),
    Column("track_count", ColumnType.INT, "tracks"),
    Column("reviewed", ColumnType.BOOL),
    Column("visitor", ColumnType.STRING, null="not a stranger who is known again"),
    Column("visit", ColumnType.INT, "visits", null="not a stranger who is known again"),
    Column("box_left", ColumnType.DOUBLE, "of the frame's width, 0..1"),
    Column("box_top", ColumnType.DOUBLE, "of the frame's height, 0..1"),
    Column("box_width", ColumnType.DOUBLE, "of the frame's width, 0..1"),
    Column("box_height", ColumnType.DOUBLE, "of the frame's height, 0..1"),
)


def row_of(exported: ExportedSighting) -> Mapping[str, Value]:
    """Returns the values of a sighting, in the order of the columns. Names of resources lose their collection."""
    sighting, box = exported.sighting, exported.sighting.box
    return {
        "sighting": _id(sighting.name),
        "camera": _id(sighting.camera),
        "person": _id(sighting.person),
        "display_name": sighting.display_name or None,
        "first_seen_time": sighting.first_seen_time,
        "last_seen_time": sighting.last_seen_time,
        "similarity": sighting.similarity,
        "margin": sighting.margin,
        "track_count": sighting.track_count,
        "reviewed": sighting.reviewed,
        "visitor": _id(sighting.visitor),
        "visit": sighting.visit or None,
        "box_left": box.left,
        "box_top": box.top,
        "box_width": box.width,
        "box_height": box.height,
    }


def _id(name: str) -> str | None:
    return name.partition("/")[2] or None
