"""The chaos rig's short version: real processes, killed and cut off, and a checker that proves itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.plan import Plan
from tests.chaos.runs import DEFECT_PLANS, FAULT_POINTS, run_plan
from tests.support.time.timeouts import PATIENCE


@pytest.mark.slow
@pytest.mark.parametrize("database", ["mariadb", "sqlite"])
async def test_nothing_is_lost_and_nothing_is_counted_twice(tmp_path: Path, database: str) -> None:
    """Server, bridge and database are killed at random, and what is stored is exactly what was promised."""
    plan = Plan(
        seed=11,
        cameras=4,
        frames=1000,
        kills=1,
        database=database,
        pause=0.3,
        points=dict(FAULT_POINTS),
        clocks=True,
        patience=PATIENCE,
    )
    report = await run_plan(plan, tmp_path)
    assert report.complaints(5) == []
    assert report.verdict.frames >= 1000


@pytest.mark.slow
@pytest.mark.parametrize("defect", ["ack_before_commit", "dedup_off"])
async def test_the_checker_finds_defects(tmp_path: Path, defect: str) -> None:
    """A defect that was put into the server on purpose does not go unseen."""
    report = await run_plan(DEFECT_PLANS[defect], tmp_path)
    assert report.verdict.violations
