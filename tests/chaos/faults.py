"""Which fault strikes when: decided from a seed, carried out by `striking.py`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """What the rig can do to a run; the values are for reports."""

    KILL_SERVER = "kill -9 of the server"
    KILL_BRIDGE = "kill -9 of the bridge"
    KILL_DATABASE = "kill -9 of the database"
    ROTATE_SERVER = "SIGTERM of the server"
    PAUSE_SERVER = "the server stopped and continued"
    PAUSE_BRIDGE = "the bridge stopped and continued"
    PAUSE_DATABASE = "the database stopped and continued"
    CUT_STREAMS = "streams reset"
    HOLE_UP = "nothing from the bridge gets through"
    HOLE_DOWN = "nothing from the server gets through"
    HOLE_BOTH = "nothing gets through between bridge and server"
    SLOW_READER = "the bridge reads a trickle"
    CUT_DATABASE = "database connections reset"
    HOLE_DATABASE = "the database's answers do not get through"
    DISK_FULL = "the spools' disk is full"
    JUMP_SERVER = "the server's wall clock jumps"
    JUMP_BRIDGE = "the bridge's wall clock jumps"
    LOCK_FILE = "another process holds the database file"
    FILE_FULL = "the database file's disk is full"
    HOSTILE_CALLS = "a caller without a credential holds calls whose message never comes"
    HOSTILE_RESETS = "a caller opens streams and resets them at once"
    HOSTILE_METADATA = "a caller sends metadata that is not text"
    HOSTILE_IMAGE = "a caller sends a small picture that inflates to gigabytes"


KILLS = (Fault.KILL_SERVER, Fault.KILL_BRIDGE, Fault.KILL_DATABASE)
DATABASE_FAULTS: Mapping[str, frozenset[Fault]] = {
    "mariadb": frozenset({Fault.KILL_DATABASE, Fault.PAUSE_DATABASE, Fault.CUT_DATABASE, Fault.HOLE_DATABASE}),
    "sqlite": frozenset({Fault.LOCK_FILE, Fault.FILE_FULL}),
}
"""What each kind of database can suffer. A file has no process to kill: being held and being full stand for that."""
HOSTILE = frozenset({Fault.HOSTILE_CALLS, Fault.HOSTILE_RESETS, Fault.HOSTILE_METADATA, Fault.HOSTILE_IMAGE})

_OTHERS: Mapping[Fault, int] = {
    Fault.ROTATE_SERVER: 2,
    Fault.PAUSE_SERVER: 2,
    Fault.PAUSE_BRIDGE: 2,
    Fault.PAUSE_DATABASE: 2,
    Fault.CUT_STREAMS: 3,
    Fault.HOLE_UP: 2,
    Fault.HOLE_DOWN: 2,
    Fault.HOLE_BOTH: 1,
    Fault.SLOW_READER: 1,
    Fault.CUT_DATABASE: 2,
    Fault.HOLE_DATABASE: 2,
    Fault.DISK_FULL: 2,
    Fault.JUMP_SERVER: 1,
    Fault.JUMP_BRIDGE: 1,
    Fault.LOCK_FILE: 6,
    Fault.FILE_FULL: 3,
    Fault.HOSTILE_CALLS: 1,
    Fault.HOSTILE_RESETS: 1,
    Fault.HOSTILE_METADATA: 1,
    Fault.HOSTILE_IMAGE: 1,
}


@dataclass(frozen=True, slots=True)
class Stroke:
    """One fault.

    Attributes:
        after: Seconds of peace before it.
        lasts: Seconds that it lasts, where it does.
    """

    fault: Fault
    after: float
    lasts: float


def possible(database: str, only: frozenset[Fault] | None = None) -> frozenset[Fault]:
    """Returns the faults that may strike a run.

    Args:
        database: "mariadb" or "sqlite".
        only: Those that are wanted; None: all.
    """
    others = frozenset[Fault]().union(*(faults for name, faults in DATABASE_FAULTS.items() if name != database))
    return (frozenset(Fault) if only is None else only) - others


def strokes(
    seed: int, *, only: frozenset[Fault] | None = None, pause: float = 0.35, database: str = "mariadb"
) -> Iterator[Stroke]:
    """Yields faults without end; the same for the same seed.

    Args:
        seed: Of everything.
        only: Faults that may come; None: all.
        pause: Mean seconds between two faults.
        database: "mariadb" or "sqlite": faults of the other never come.
    """
    chance = random.Random(seed)
    weights = {**dict.fromkeys(KILLS, 9), **_OTHERS}
    may_come = possible(database, only)
    chosen = [fault for fault in weights if fault in may_come]
    if not chosen:
        return
    while True:
        (fault,) = chance.choices(chosen, [weights[each] for each in chosen])
        yield Stroke(fault, min(4 * pause, chance.expovariate(1 / pause)), chance.uniform(0.2, 2.0))
