"""How a box lies in four columns."""

from __future__ import annotations

from typing import Any

from portero_server.domain.detection.geometry import Box


def box_columns(box: Box) -> dict[str, float]:
    """Returns the column values of a box."""
    return {"box_left": box.left, "box_top": box.top, "box_width": box.width, "box_height": box.height}


def box_of(row: Any) -> Box:
    """Returns the box of a row that has the four columns."""
    return Box(row.box_left, row.box_top, row.box_width, row.box_height)
