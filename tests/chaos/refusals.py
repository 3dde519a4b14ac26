"""Commits that the database refuses: injected at named points, with what drivers and programs really raise.

Some pass when they are tried again, like a rule that held for a moment. Others, the poison, come back with the same
frame each time that it is sent, as a value does that no column takes.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

import pymysql
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.sightings import (
    CommitResult,
    Recognition,
    StreamCommit,
    TrackDecided,
    TrackLeft,
    TrackSeen,
)
from portero_server.store.commit.recording import Recording
from portero_server.store.commit.statements import CommitSql
from tests.support.defects.faultpoints import FaultPoints, wrapped

MARK = "refused by the rig"
GROUP = "refuse_group"
STREAM = "refuse_stream"
PARTLY_WRITTEN = "refuse_partly_written"
WRITTEN = "refuse_written"
POISON = "refuse_poison"

_PACKET_TOO_LARGE = 1153
_STATEMENT = "INSERT"

_Commit = Callable[[Recording, Sequence[StreamCommit]], Awaitable[CommitResult]]


class Refused(Exception):
    """An exception that nobody foresees."""


def _constraint() -> Exception:
    return IntegrityError(_STATEMENT, None, pymysql.err.IntegrityError(1062, MARK))


def _out_of_range() -> Exception:
    return DataError(_STATEMENT, None, pymysql.err.DataError(1264, MARK))


def _packet_too_large() -> Exception:
    return OperationalError(_STATEMENT, None, pymysql.err.OperationalError(_PACKET_TOO_LARGE, MARK))


_MAKERS: Sequence[Callable[[], Exception]] = (
    _constraint,
    _out_of_range,
    _packet_too_large,
    lambda: OverflowError(MARK),
    lambda: Refused(MARK),
)


class Refusals:
    """Refuses commits of one server."""

    def __init__(self, points: FaultPoints, probabilities: Mapping[str, float], seed: int, run: int) -> None:
        """Refuses by chance.

        Args:
            points: Says when.
            probabilities: Of POISON, the share of frames.
            seed: Of which error it is, anew in each life.
            run: Of which frames are poison, the same in every life.
        """
        self._points = points
        self._poison = probabilities.get(POISON, 0.0)
        self._run = run
        self._chance = random.Random(seed)

    def install(self) -> None:
        """Places the points."""
        wrapped(Recording, "commit", self._around_commit)
        wrapped(Recording, "_write", self._around_write)
        wrapped(CommitSql, "write_evidence", self._around_evidence)

    def poisonous(self, stream: str, sequence: int) -> bool:
        """Whether nothing that follows from this frame of a stream ("camera.epoch") can be stored."""
        return self._poison > 0 and zlib.crc32(f"{self._run}:{stream}:{sequence}".encode()) < self._poison * 2**32

    def _around_commit(self, commit: _Commit) -> _Commit:
        async def watched(recording: Recording, commits: Sequence[StreamCommit]) -> CommitResult:
            if self._points.strikes(GROUP if len(commits) > 1 else STREAM):
                # As the store raises it: what a driver says is understood on the way out.
                await recording._database.run(self._refuse)
            return await commit(recording, commits)

        return watched

    def _around_write(self, write: Callable[..., Awaitable[CommitResult]]) -> Callable[..., Awaitable[CommitResult]]:
        async def watched(
            recording: Recording, connection: AsyncConnection, commits: Sequence[StreamCommit], *others: Any
        ) -> CommitResult:
            result = await write(recording, connection, commits, *others)
            if self._points.strikes(WRITTEN) or self._holds_poison(commits):
                raise self._draw()
            return result

        return watched

    def _around_evidence(self, write: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def watched(sql: CommitSql, connection: AsyncConnection, *others: Any) -> None:
            if self._points.strikes(PARTLY_WRITTEN):
                raise self._draw()
            await write(sql, connection, *others)

        return watched

    async def _refuse(self, _: AsyncConnection) -> CommitResult:
        raise self._draw()

    def _draw(self) -> Exception:
        return self._chance.choice(_MAKERS)()

    def _holds_poison(self, commits: Collection[StreamCommit]) -> bool:
        if not self._poison:
            return False
        return any(
            sequence and self.poisonous(track_id.rsplit(".", 2)[0], sequence)
            for part in commits
            for track_id, sequence in _frames_of(part)
        )


def _frames_of(part: StreamCommit) -> list[tuple[str, int]]:
    """Returns track and frame of everything that a commit tells of a track."""
    findings: list[Recognition | TrackDecided | TrackSeen | TrackLeft]
    findings = [*part.recognitions, *part.decided, *part.seen, *part.left]
    return [(finding.track_id, finding.sequence) for finding in findings]
