"""Simulates seeds with a defect put in: `python -m tests.simulation.defects NAME SEEDS`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from portero_server.domain.recording.presence import UnstoredTracks
from portero_server.domain.recording.quarantine import Quarantine
from portero_server.store.commit.visits import SightingMerger
from tests.simulation.world import simulate
from tests.support.defects.bridge_defects import DEFECTS as BRIDGE_DEFECTS
from tests.support.defects.faultpoints import wrapped
from tests.support.defects.server_defects import DEFECTS as SERVER_DEFECTS
from tests.support.defects.server_defects import lost_commits_go_on


def failed_session_goes_on() -> None:
    """A session whose commit was refused asks to be ended, and until then goes on as if it had been written."""
    lost_commits_go_on()


def quarantine_takes_all() -> None:
    """Of a refused commit every finding is put aside, also what could have been stored."""

    def wrap(make: Callable[..., None]) -> Callable[..., None]:
        def hasty(search: Quarantine, commit: Any, durable: int, fates: Any, attempts: int, *others: Any) -> None:
            make(search, commit, durable, fates, 0, *others)

        return hasty

    wrapped(Quarantine, "__init__", wrap)


def refused_decision_forgotten() -> None:
    """A track whose decision was put aside is not decided again, however long it is still there."""
    wrapped(UnstoredTracks, "put_aside", lambda _: lambda *_: None)


def sightings_stay_apart() -> None:
    """A track that lies between sightings of its person joins one of them, and the others stay."""

    def wrap(_: Callable[..., Any]) -> Callable[..., Any]:
        return lambda merger, sightings: sightings[-1] if sightings else None

    wrapped(SightingMerger, "_joined", wrap)


_OWN = (failed_session_goes_on, quarantine_takes_all, refused_decision_forgotten, sightings_stay_apart)
DEFECTS: Mapping[str, Callable[[], None]] = {
    **SERVER_DEFECTS,
    **BRIDGE_DEFECTS,
    **{each.__name__: each for each in _OWN},
}


def main() -> int:
    """Prints the first seed that shows the defect and exits with 0, or with 1 when none does."""
    name, seeds = sys.argv[1], int(sys.argv[2])
    DEFECTS[name]()
    for seed in range(1, seeds + 1):
        if complaints := simulate(seed).complaints:
            sys.stdout.write(f"seed {seed}: {complaints[0]}\n")
            return 0
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
