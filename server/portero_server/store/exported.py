"""A stored row as it is exported."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

_DERIVED = frozenset({"search_name", "long_until", "day_ends_at", "position", "server", "sealed"})
"""Columns that only repeat others in a form for indexes, are about the server's work, or open with its key alone."""


@dataclass(frozen=True, slots=True)
class ExportedRecord:
    """One row: its kind, its key, its values as a JSON object, and the file that it describes, if any."""

    kind: str
    key: str
    json: str
    content: bytes = b""


def exported(row: RowMapping) -> str:
    """Returns a row's values as a JSON object; times in UTC, bytes in base64."""
    values = {name: _plain(value) for name, value in row.items() if name not in _DERIVED}
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
