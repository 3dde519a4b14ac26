"""What the bridges of a run promised and were promised, on disk, and read again.

One record a line:
    Y camera index                  the source gave an image
    P epoch sequence index          it is in the spool
    L epoch index                   the disk refused it
    O camera epoch durable session  a session opened
    A camera epoch durable          an ack
    E camera epoch                  a numbering began anew
    R camera epoch sequence reason  a refusal
    T camera track state sighting   news of a track
    F camera epoch durable          Finished
    B session                       the server took the bridge's clock for set back when it opened
    C camera reason                 a session ended otherwise
    X camera event reason           trouble with the spool
    Z                               the bridge ended well
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

_NOT_SETTLED = frozenset({"sequence_backwards"})
"""Refusals of frames that had been accounted for before."""


class LedgerFile:
    """Takes records as they come and knows where each camera's source stands."""

    def __init__(self, path: Path, cameras: int) -> None:
        self._file = path.open("a", buffering=1, encoding="utf-8")
        self.next_index = [0] * cameras
        self.acked: dict[tuple[int, str], int] = {}
        self.opened_at: dict[int, float] = {}
        self.acked_at: dict[int, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def frames_acked(self) -> int:
        """How many sequences were acknowledged, of all cameras."""
        return sum(self.acked.values())

    def take(self, line: str) -> None:
        """Adds a record."""
        self._file.write(line + "\n")
        kind, *fields = line.split()
        if kind == "Y":
            self.next_index[int(fields[0])] = int(fields[1]) + 1
        elif kind in ("A", "O"):
            camera = int(fields[0])
            key = (camera, fields[1])
            self.acked[key] = max(self.acked.get(key, 0), int(fields[2]))
            (self.opened_at if kind == "O" else self.acked_at)[camera] = time.monotonic()


@dataclass(slots=True)
class Numbering:
    """One epoch of one camera, as its bridge knows it.

    Attributes:
        index_of: What frame each sequence in the spool is.
        acked: The highest acknowledgment.
        finished: The watermark in Finished, once it came.
        resumed: Each watermark told at an opening, with the highest acknowledgment before it.
        sessions: Its sessions, each with the watermark told at its opening.
        refused: Sequences that were answered with FrameRejected.
        reasons: Why, in lower case; the last answer counts.
        passed: Ranges that an Ack passed, each with the sequences in it that its session had been told are rejected.
    """

    camera: int
    epoch: str
    index_of: dict[int, int] = field(default_factory=dict)
    acked: int = 0
    finished: int | None = None
    acks: list[tuple[int, int]] = field(default_factory=list)
    resumed: list[tuple[int, int]] = field(default_factory=list)
    sessions: dict[str, int] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    reasons: dict[int, str] = field(default_factory=dict)
    passed: list[tuple[range, frozenset[int]]] = field(default_factory=list)
    lost_indexes: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Told:
    """Everything that a run's ledger tells.

    Attributes:
        news: (camera, track id, state, sighting name) of every track update.
        begun_anew: Cameras whose numbering had to begin anew.
        set_back: Sessions at whose opening the server took the bridge's clock for set back.
        ended: Whether the bridge ended well in the end.
    """

    numberings: dict[str, Numbering] = field(default_factory=dict)
    news: list[tuple[int, str, str, str]] = field(default_factory=list)
    begun_anew: list[int] = field(default_factory=list)
    set_back: set[str] = field(default_factory=set)
    spool_trouble: list[str] = field(default_factory=list)
    ended: bool = False

    def numbering(self, camera: int, epoch: str) -> Numbering:
        """Returns a numbering, new if it was not heard of."""
        return self.numberings.setdefault(epoch, Numbering(camera, epoch))


def read_ledger(path: Path) -> Told:
    """Reads a ledger from the beginning to the end."""
    reader = _Reader()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            reader.take(line)
    return reader.told()


class _Reader:
    def __init__(self) -> None:
        self._told = Told()
        self._kept: dict[str, dict[int, int]] = {}
        self._lost: dict[str, set[int]] = {}
        self._rejected: dict[str, set[int]] = {}
        """What each numbering's present session was told is rejected, beyond its watermark."""

    def told(self) -> Told:
        for epoch, numbering in self._told.numberings.items():
            numbering.lost_indexes = self._lost.get(epoch, set())
            numbering.index_of = self._kept.get(epoch, {})
        return self._told

    def take(self, line: str) -> None:
        told = self._told
        kind, *fields = line.split()
        match kind:
            case "L":
                self._lost.setdefault(fields[0], set()).add(int(fields[1]))
            case "P":
                self._kept.setdefault(fields[0], {})[int(fields[1])] = int(fields[2])
            case "O":
                numbering = told.numbering(int(fields[0]), fields[1])
                numbering.resumed.append((int(fields[2]), numbering.acked))
                numbering.sessions[fields[3]] = int(fields[2])
                numbering.acked = max(numbering.acked, int(fields[2]))
                self._rejected[fields[1]] = set()
            case "A":
                self._acknowledged(told.numbering(int(fields[0]), fields[1]), int(fields[2]))
            case "B":
                told.set_back.add(fields[0])
            case "E":
                told.begun_anew.append(int(fields[0]))
            case "R":
                self._refused(told.numbering(int(fields[0]), fields[1]), int(fields[2]), fields[3].lower())
            case "T":
                told.news.append((int(fields[0]), fields[1], fields[2], fields[3]))
            case "F":
                told.numbering(int(fields[0]), fields[1]).finished = int(fields[2])
            case "X":
                told.spool_trouble.append(" ".join(fields[1:]))
            case "Z":
                told.ended = True

    def _acknowledged(self, numbering: Numbering, durable: int) -> None:
        numbering.acks.append((durable, numbering.acked))
        if durable > numbering.acked:
            passed = range(numbering.acked + 1, durable + 1)
            rejected = self._rejected.setdefault(numbering.epoch, set())
            within = frozenset(sequence for sequence in rejected if sequence in passed)
            rejected -= within
            numbering.passed.append((passed, within))
            numbering.acked = durable

    def _refused(self, numbering: Numbering, sequence: int, reason: str) -> None:
        numbering.refused.add(sequence)
        if reason not in _NOT_SETTLED:
            numbering.reasons[sequence] = reason
            self._rejected.setdefault(numbering.epoch, set()).add(sequence)
