"""The benchmark of attendance, on a school so small that nothing of it takes time."""

from __future__ import annotations

from portero_server.store.database import Database
from tests.benchmarks.attendance_growth import measure
from tests.benchmarks.results import Results
from tests.benchmarks.school_year import SchoolYear, fill

_SCHOOL = SchoolYear(groups=2, people=20, days=6, kept_days=2)


async def test_a_school_is_filled_and_measured(database: Database) -> None:
    """Tables have the rows that were asked for, every answer is right, and each question has a figure and a plan."""
    counts = await fill(database, _SCHOOL)
    # Ten people of the first group on six days, and ten of the other on the last two; one of ten is absent.
    assert counts == {
        "people": 20,
        "attendance_groups": 2,
        "attendance_sessions": 12,
        "attendance_records": 80,
        "sightings": 54,
    }
    results = Results("attendance_growth", "")
    await measure(results, "any", database, _SCHOOL, times=2)
    assert len(results.figures) == len(results.texts) + 3
    assert {len(figure.values) for figure in results.figures} == {1, 2, 6}
    assert all("attendance_" in plan for plan in results.texts.values())
    assert any("recomputed after one sighting" in target.text for target in results.targets)
