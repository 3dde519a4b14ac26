"""What a run of the chaos rig is to be, and what it left behind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.faults import Fault
from tests.support.defects.faultpoints import REFUSAL


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to be.

    Attributes:
        seed: Of everything that chance decides.
        cameras: How many, each with a stream of its own.
        frames: Acknowledged frames, of all cameras, before the run may end.
        kills: Kills of each process before the run may end.
        database: "mariadb" or "sqlite". A file has no process to kill: as often, it is held by another process or its
            disk is full.
        rate: Frames a second of each camera; 0: as fast as they are taken.
        latency: Seconds that the engine takes.
        pause: Mean seconds between two faults.
        points: Fault points and their probabilities.
        clocks: Whether the cameras' clocks go wrong.
        defect: Put in on purpose.
        only: Faults that may come; None: all.
        patience: Seconds after which the run ends whatever was reached.
    """

    seed: int = 1
    cameras: int = 8
    frames: int = 2000
    kills: int = 1
    database: str = "mariadb"
    rate: float = 0.0
    latency: float = 0.02
    pause: float = 0.35
    points: dict[str, float] = field(default_factory=dict)
    clocks: bool = False
    defect: str | None = None
    only: frozenset[Fault] | None = None
    patience: float = 3600.0

    @property
    def refusals(self) -> bool:
        """Whether commits are refused on purpose."""
        return any(point.startswith(REFUSAL) and chance > 0 for point, chance in self.points.items())


@dataclass(slots=True)
class Outcome:
    """What a run left behind.

    Attributes:
        database_url: Where the results are; the database still runs while this is in use.
        struck: How often each fault struck.
        troubles: What the rig itself saw go wrong.
        resumed: Seconds from each kill of the server to each stream's next opening.
        rotations: Seconds from each SIGTERM under load to the server's exit.
        refused: How often the server's log told of a refused commit.
        beside_hostile: Seconds that each good call beside a hostile caller took.
    """

    folder: Path
    database_url: str
    ledger: Path
    struck: Counter[Fault] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    resumed: list[float] = field(default_factory=list)
    rotations: list[float] = field(default_factory=list)
    refused: int = 0
    beside_hostile: list[float] = field(default_factory=list)
    seconds: float = 0.0
    stop_seconds: float = 0.0
