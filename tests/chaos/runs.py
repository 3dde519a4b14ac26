"""Runs of the rig with everything that belongs to them: faults, checks, and the defects that must be found."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.chaos.faults import Fault
from tests.chaos.plan import Outcome, Plan
from tests.chaos.refusals import GROUP, PARTLY_WRITTEN, POISON, STREAM, WRITTEN
from tests.chaos.rig import finished_run
from tests.support.model.checker import check
from tests.support.model.clocks import CameraClocks
from tests.support.model.ledger import read_ledger
from tests.support.model.stored import read_stored
from tests.support.model.verdict import Verdict

FAULT_POINTS: Mapping[str, float] = {
    "before_commit": 0.001,
    "after_commit": 0.001,
    "commit_unknown": 0.005,
    "after_open": 0.01,
    "after_ack": 0.0002,
    GROUP: 0.01,
    STREAM: 0.001,
    PARTLY_WRITTEN: 0.001,
    WRITTEN: 0.001,
    POISON: 0.001,
    "before_spool_write": 0.0002,
    "after_spool_write": 0.0002,
    "before_spool_release": 0.0005,
    "after_spool_release": 0.0005,
}
_MEMORY_BOUND = 400 * 1024**2
_ALL = frozenset(Fault)

_SHORT = Plan(seed=7, cameras=4, frames=1500, kills=3, database="sqlite", pause=0.6, patience=120)
# As fast as they are taken, frames share so few commits that hardly anything happens to one.
_PACED = replace(_SHORT, rate=25.0, frames=2000)
_SERVER_DIES = replace(
    _SHORT, points={"before_commit": 0.02, "after_commit": 0.02}, only=frozenset({Fault.KILL_SERVER})
)

DEFECT_PLANS: Mapping[str, Plan] = {
    name: replace(plan, defect=name)
    for name, plan in {
        "ack_before_commit": _SERVER_DIES,
        "dedup_off": _SERVER_DIES,
        "swallowed_cancellation": replace(_SHORT, only=frozenset({Fault.CUT_STREAMS})),
        "watermark_ignores_holders": replace(_SERVER_DIES, latency=0.2),
        "fencing_off": replace(_PACED, points={"commit_late": 0.05}, only=frozenset({Fault.CUT_STREAMS}), pause=0.3),
        "counters_twice": replace(_SHORT, points={"commit_unknown": 0.3}, only=frozenset({Fault.CUT_STREAMS})),
        "gap_not_recorded": replace(_SHORT, frames=4000, only=frozenset({Fault.DISK_FULL})),
        "rejection_not_recorded": replace(_SHORT, only=frozenset()),
        "answers_crossed": replace(_SHORT, only=frozenset()),
        # A database that was killed is back before a unit of work gives up: only silence makes a commit fail.
        "failed_commit_forgotten": replace(
            _SHORT, database="mariadb", frames=6000, kills=0, only=frozenset({Fault.HOLE_DATABASE})
        ),
        "resume_from_the_start": replace(_SHORT, only=frozenset({Fault.CUT_STREAMS})),
        "spool_freed_on_receipt": replace(_SHORT, only=frozenset({Fault.KILL_BRIDGE, Fault.KILL_SERVER})),
        "resume_skips_ahead": replace(
            _SHORT, frames=4000, kills=5, only=frozenset({Fault.CUT_STREAMS, Fault.KILL_SERVER})
        ),
        "refused_commit_forgotten": replace(_PACED, points={GROUP: 0.3, STREAM: 0.05, WRITTEN: 0.05}, only=frozenset()),
        "earlier_presence_forgotten": replace(_SHORT, points={POISON: 0.05}, only=frozenset()),
        "clock_set_back_unnoticed": replace(_SHORT, clocks=True, only=frozenset()),
        # A call that is shut out is made again for 15 s, and must fail while the server still serves: frames come at
        # a rate that takes 40 s on any machine.
        "silent_calls_take_places": replace(
            _SHORT, rate=50.0, frames=8000, kills=1, pause=0.3, only=frozenset({Fault.HOSTILE_CALLS})
        ),
    }.items()
}


@dataclass(frozen=True, slots=True)
class Report:
    """A run, and what the checks say of it."""

    plan: Plan
    outcome: Outcome
    verdict: Verdict

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.verdict.sound and not self.outcome.troubles

    def findings(self) -> dict[str, int]:
        """Returns the number of violations of each kind; "process" counts what the rig itself saw."""
        troubles = {"process": len(self.outcome.troubles)} if self.outcome.troubles else {}
        return self.verdict.summary() | troubles

    def complaints(self, most: int) -> list[str]:
        """Returns the violations in words, `most` of each kind."""
        lines = [f"process: {trouble}" for trouble in self.outcome.troubles[:most]]
        for kind, found in self.verdict.violations.items():
            lines += [f"{kind}: {words}" for words in found[:most]]
        return lines

    def figures(self) -> dict[str, Any]:
        """Returns everything for people."""
        resumed = sorted(self.outcome.resumed)
        plan = {key: value for key, value in asdict(self.plan).items() if key not in ("only", "points")}
        return {
            "plan": plan,
            "seconds": round(self.outcome.seconds, 1),
            "frames": self.verdict.frames,
            "missing": self.verdict.missing,
            "rejected": dict(self.verdict.rejected),
            "refused_commits": self.outcome.refused,
            "recognitions": self.verdict.recognitions,
            "sightings": self.verdict.sightings,
            "unanswered": self.verdict.unanswered,
            "asked_again": self.verdict.asked_again,
            "kills": self.outcome.kills,
            "faults": {fault.name.lower(): count for fault, count in sorted(self.outcome.struck.items(), key=str)},
            "resumed_seconds": {
                str(share): round(resumed[int(share * (len(resumed) - 1))], 2) for share in (0.5, 0.99, 1.0)
            }
            if resumed
            else {},
            "calls_beside_hostile": len(self.outcome.beside_hostile),
            "slowest_beside_hostile_seconds": round(max(self.outcome.beside_hostile, default=0.0), 2),
            "rotations": len(self.outcome.rotations),
            "slowest_rotation_seconds": round(max(self.outcome.rotations, default=0.0), 2),
            "peak_megabytes": {name: round(size / 1e6) for name, size in self.outcome.peaks.items()},
            "stop_seconds": round(self.outcome.stop_seconds, 2),
            "violations": self.findings(),
        }


async def run_plan(plan: Plan, folder: Path) -> Report:
    """Runs a plan and checks what it left behind."""
    async with finished_run(plan, folder) as outcome:
        stored = await read_stored(outcome.database_url)
    told = read_ledger(outcome.ledger)
    if not told.ended:
        outcome.troubles.append("the bridge did not end well")
    outcome.troubles += _left_in_spools(folder / "spools")
    outcome.troubles += [
        f"the {name} took {size / 1e6:.0f} MB" for name, size in outcome.peaks.items() if size > _MEMORY_BOUND
    ]
    clocks = CameraClocks(plan.seed if plan.clocks else None)
    verdict = check(told, stored, clocks=clocks)
    if verdict.refused and not plan.refusals:
        verdict.wrong("lost", f"frames were given up although no commit was refused: {verdict.refused}")
    return Report(plan, outcome, verdict)


def _left_in_spools(folder: Path) -> list[str]:
    left = []
    for file in sorted(folder.glob("*.spool")):
        with contextlib.closing(sqlite3.connect(file)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM entries").fetchone()
        if count:
            left.append(f"{file.name} still holds {count} entries")
    left += [f"a spool was set aside: {file.name}" for file in folder.glob("*.damaged-*") if file.suffix != "-wal"]
    return left
