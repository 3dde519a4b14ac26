"""The benchmark of exports, on so few sightings that nothing of it takes time."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_cli.export_plan import ExportFormat
from tests.benchmarks.exporting import measure


@pytest.mark.slow
async def test_each_format_is_measured_and_read_back(tmp_path: Path) -> None:
    """Every row is in a file once, and a second run finds nothing to write."""
    found = await measure(tmp_path, days=2, a_day=10)
    assert [each.format for each in found] == list(ExportFormat)
    assert all(each.whole and each.done.rows == 20 and each.done.written == 2 for each in found)
