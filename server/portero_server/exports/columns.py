"""The columns of exported sightings: those of `portero export`, which a contract test holds and EXPORTS.md documents.

Server and clients share only the wire, so each has its own list.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from portero_server.domain.recording.export_range import ExportedSighting

SCHEMA_VERSION = 1
"""Grows when a column is added, removed, or means something else; every day is then written again when it is due."""

CellValue = str | datetime | float | int | bool | None


class CellType(Enum):
    """What a column holds."""

    STRING = "string"
    TIME = "time"
    DOUBLE = "double"
    INT = "int"
    BOOL = "bool"


CELLS: Mapping[str, CellType] = {
    "sighting": CellType.STRING,
    "camera": CellType.STRING,
    "person": CellType.STRING,
    "display_name": CellType.STRING,
    "first_seen_time": CellType.TIME,
    "last_seen_time": CellType.TIME,
    "similarity": CellType.DOUBLE,
    "margin": CellType.DOUBLE,
    "track_count": CellType.INT,
    "reviewed": CellType.BOOL,
    "visitor": CellType.STRING,
    "visit": CellType.INT,
    "box_left": CellType.DOUBLE,
    "box_top": CellType.DOUBLE,
    "box_width": CellType.DOUBLE,
    "box_height": CellType.DOUBLE,
}
"""The columns in their order."""

NULLABLE = frozenset({"person", "display_name", "visitor", "visit"})
"""Columns that may be empty: a stranger's, or of somebody who is no visitor."""


def cells_of(exported: ExportedSighting) -> Mapping[str, CellValue]:
    """Returns the values of a sighting, in the order of the columns."""
    sighting, box = exported.sighting, exported.sighting.box
    return {
        "sighting": sighting.sighting_id,
        "camera": sighting.camera_id,
        "person": sighting.person_id,
        "display_name": sighting.display_name or None,
        "first_seen_time": sighting.first_seen,
        "last_seen_time": sighting.last_seen,
        "similarity": sighting.similarity,
        "margin": sighting.margin,
        "track_count": sighting.track_count,
        "reviewed": sighting.reviewed,
        "visitor": sighting.visitor_id,
        "visit": sighting.visit or None,
        "box_left": box.left,
        "box_top": box.top,
        "box_width": box.width,
        "box_height": box.height,
    }
