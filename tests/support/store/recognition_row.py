"""A row of the table of recognitions, for tests that write rows and read them back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

ROW: dict[str, Any] = {
    "recognition_id": "r1",
    "stream_id": 1,
    "track_id": "t",
    "sequence": 1,
    "captured_at": datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
    "engine": "local",
    "outcome": "match",
    "person_id": None,
    "similarity": 0.1,
    "margin": 0.0,
    "quality": 1.0,
    "latency": 0.25,
}
