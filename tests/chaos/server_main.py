"""A server of the chaos rig: `portero-server` as it is, with scripted eyes, fault points and, if asked, a defect."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from portero_server import __main__
from portero_server.clock import SystemClock
from portero_server.composition import streaming
from portero_server.domain.recording.sightings import CommitResult, StreamCommit
from portero_server.engines.scripted import ScriptedEngine
from portero_server.store.commit.recording import Recording
from portero_server.store.faults import CommitUnknown
from portero_server.store.streams import StreamStore
from portero_server.streaming.effect_runner import EffectRunner
from tests.chaos.refusals import Refusals
from tests.support.defects.faultpoints import FaultPoints, JumpingClock, wrapped
from tests.support.defects.server_defects import DEFECTS
from tests.support.model.scripted_vision import ScriptedVision


def _script_eyes(latency: float) -> None:
    """Has the server look with the rig's eyes, and its scripted engine take its time."""
    wrapped(streaming, "VisionPool", lambda _: lambda *_, **__: ScriptedVision())

    def wrap(make: Callable[..., None]) -> Callable[..., None]:
        def slow(engine: ScriptedEngine, **options: Any) -> None:
            make(engine, **{**options, "latency": latency})

        return slow

    wrapped(ScriptedEngine, "__init__", wrap)


_Commit = Callable[[Recording, Sequence[StreamCommit]], Awaitable[CommitResult]]


_LATE = 1.0
"""Seconds by which a commit may come late: a stream that was cut is open again by then."""


def _place_fault_points(points: FaultPoints) -> None:
    def around_commit(commit: _Commit) -> _Commit:
        async def watched(recording: Recording, commits: Sequence[StreamCommit]) -> CommitResult:
            points.pass_by("before_commit")
            if points.strikes("commit_late"):
                await asyncio.sleep(_LATE)
            result = await commit(recording, commits)
            points.pass_by("after_commit")
            if points.strikes("commit_unknown"):
                raise CommitUnknown("the rig kept the database's answer to itself")
            return result

        return watched

    def around_open(opening: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def watched(store: StreamStore, *arguments: str) -> Any:
            row = await opening(store, *arguments)
            points.pass_by("after_open")
            return row

        return watched

    def around_committed(committed: Callable[..., None]) -> Callable[..., None]:
        def watched(runner: EffectRunner, commit: StreamCommit, result: CommitResult) -> None:
            committed(runner, commit, result)
            points.pass_by("after_ack")

        return watched

    wrapped(Recording, "commit", around_commit)
    wrapped(StreamStore, "open", around_open)
    wrapped(EffectRunner, "committed", around_committed)


def main() -> int:
    """Runs `portero-server serve` as the orders on the command line say."""
    orders = json.loads(sys.argv[1])
    JumpingClock(orders["seed"]).install(SystemClock)
    _script_eyes(orders["latency"])
    points = FaultPoints(orders["points"], orders["seed"])
    # Within what may kill: a commit that is refused does not come to the points after it.
    Refusals(points, orders["points"], orders["seed"], orders.get("run", 0)).install()
    _place_fault_points(points)
    for name in orders["defects"]:
        DEFECTS[name]()
    sys.argv[1:] = ["serve"]
    return __main__.main()


if __name__ == "__main__":
    raise SystemExit(main())
