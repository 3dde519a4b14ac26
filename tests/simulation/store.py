"""A store in memory that keeps what the real one keeps, with its fencing, and with faults on command."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from portero_server.domain.recording.sightings import CommitResult, StreamCommit, StreamRow
from portero_server.domain.streams.frames import RejectionReason
from portero_server.errors import StoreUnavailable
from portero_server.store.faults import StoreRefused
from portero_server.store.schema import OUTCOME_COLUMNS
from tests.support.model.stored import Stored
from tests.support.store.memory import StoreInMemory

_LONGEST_UNIT = 0.3
_UNIT_TIMEOUT = 5.0
_REFUSALS = (
    StoreRefused("the database refuses the data (error 1062)"),
    OverflowError("date value out of range"),
    StoreRefused("the database refuses the data (error 1153)"),
    RuntimeError("nobody thought of this"),
)
_TOO_LARGE = StoreRefused("the database refuses the data (error 1153)")
_POISONED = StoreRefused("a value cannot be stored")
_CHECKED = ("sighting_id", "camera_id", "person_id", "first_seen", "last_seen", "track_count")


class SimulatedStore:
    """Survives every server. Units take their time, happen at one instant, and may fail before or after it.

    Attributes:
        down: Whether it answers nobody.
        stopped: Whether it takes whatever it is asked and does not answer, as a process that was sent SIGSTOP.
        doubt: Share of units whose caller never learns that they happened.
        refusals: How many of the commits to come it refuses, whatever they hold.
        most: Most findings that a commit may hold.
        kept: What is stored, to be read.
        poison: Camera and sequence of frames whose findings it never takes.
        impassable: Camera and sequence of frames that no watermark may pass but as rejected.
        refused_answers: Track and person (None: nobody) of every answer in a commit that it refused.
        unfollowed: Epoch and watermark of commits that it took without those in view, having refused them with them.
    """

    def __init__(self, people: Sequence[str], chance: random.Random) -> None:
        self.down = False
        self.stopped = False
        self.doubt = 0.0
        self.refusals = 0
        self.most: int | None = None
        self.poison: frozenset[tuple[str, int]] = frozenset()
        self.impassable: frozenset[tuple[str, int]] = frozenset()
        self.refused_answers: set[tuple[str, str | None]] = set()
        self.unfollowed: set[tuple[str, int]] = set()
        self._refused_views: set[tuple[str, int]] = set()
        self._names = {person: person for person in people}
        self._chance = chance
        self.kept = StoreInMemory(self._names.get)
        self._recognitions: dict[str, dict[str, Any]] = {}
        self._exceptions: dict[tuple[int, int], dict[str, Any]] = {}

    async def open(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        """Makes the session the owner of the stream, as `StreamStore.open`."""
        await self._way()
        row = self.kept.taken(camera_id, epoch, session)
        await self._way_back()
        return row

    async def followed(self) -> Sequence[StreamRow]:
        """Returns streams with somebody before their camera, as `StreamStore.followed`."""
        await self._way()
        return self.kept.with_somebody()

    async def name_of(self, person_id: str) -> str | None:
        """Looks up a display name, as `PeopleStore.display_names`."""
        await self._way()
        return self._names.get(person_id)

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        """Writes all at one instant, as `Recording.commit`."""
        await self._way()
        self._refuse(commits)
        result = self._apply(commits)
        await self._way_back()
        return result

    def stored(self) -> Stored:
        """Returns everything as the checker reads it."""
        return Stored(
            streams=[
                {
                    "stream_id": row.stream_id,
                    "camera_id": row.camera_id,
                    "epoch": row.epoch,
                    "durable_sequence": row.durable_sequence,
                    **{name: self.kept.counted[row.stream_id][each] for each, name in OUTCOME_COLUMNS.items()},
                }
                for row in self.kept.rows.values()
            ],
            recognitions=list(self._recognitions.values()),
            exceptions=list(self._exceptions.values()),
            sightings=[{name: getattr(each, name) for name in _CHECKED} for each in self.kept.sightings.values()],
            tracks=[asdict(link) for link in self.kept.links.values()],
            events=[
                {"position": position, "kind": kind.value, "sighting_id": sighting.sighting_id}
                for position, (kind, sighting) in enumerate(self.kept.events, 1)
            ],
        )

    def _refuse(self, commits: Sequence[StreamCommit]) -> None:
        """Raises what a database, its driver or our own code would, before anything is written or amid it."""
        if self.refusals:
            self.refusals -= 1
            error = self._chance.choice(_REFUSALS)
        elif self.most is not None and sum(_findings(part) for part in commits) > self.most:
            error = _TOO_LARGE
        elif any(self._poisoned(part) for part in commits):
            error = _POISONED
        else:
            return
        self.refused_answers |= {
            (answer.track_id, answer.person_id) for part in commits for answer in part.recognitions
        }
        self._refused_views |= {(part.session, part.durable_sequence) for part in commits if part.open_tracks}
        if self._chance.random() < 0.5:
            self._undone(commits[: self._chance.randint(1, len(commits))])
        raise error

    def _undone(self, commits: Sequence[StreamCommit]) -> None:
        """Writes a part, and rolls it back, as a transaction does that fails amid its statements."""
        kept = (self.kept.copied(), dict(self._recognitions), dict(self._exceptions))
        self._apply(commits)
        self.kept, self._recognitions, self._exceptions = kept

    def _poisoned(self, part: StreamCommit) -> bool:
        frames = {sequence for camera, sequence in self.poison if camera == part.camera_id}
        if frames and not frames.isdisjoint(_frames_of(part)):
            return True
        row = self.kept.row(part.stream_id)
        told = {sequence for each in part.exceptions for sequence in range(each.first_sequence, each.last_sequence + 1)}
        return any(
            row is not None and camera == part.camera_id and row.durable_sequence < sequence <= part.durable_sequence
            for camera, sequence in self.impassable
            if sequence not in told
        )

    def _apply(self, commits: Sequence[StreamCommit]) -> CommitResult:
        for part in self.kept.owned(commits):
            self._keep_evidence(part)
            row = self.kept.row(part.stream_id)
            if (
                row is not None
                and part.open_tracks == ()
                and (part.session, part.durable_sequence) in self._refused_views
            ):
                self.unfollowed.add((row.epoch, part.durable_sequence))
        return self.kept.write(commits)

    def _keep_evidence(self, part: StreamCommit) -> None:
        for answer in part.recognitions:
            row = asdict(answer) | {"stream_id": part.stream_id}
            self._recognitions.setdefault(answer.recognition_id, row)
        for exception in part.exceptions:
            self._exceptions[part.stream_id, exception.first_sequence] = {
                "stream_id": part.stream_id,
                "first_sequence": exception.first_sequence,
                "last_sequence": exception.last_sequence,
                "kind": "rejected" if isinstance(exception.reason, RejectionReason) else "missing",
                "reason": exception.reason.value,
            }

    async def _way(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.0, _LONGEST_UNIT) ** 2)
        if self.stopped:
            await asyncio.sleep(_UNIT_TIMEOUT)
            raise StoreUnavailable("the simulated store did not answer in time")
        if self.down:
            await asyncio.sleep(1.0)
            raise StoreUnavailable("the simulated store is down")

    async def _way_back(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.0, _LONGEST_UNIT) ** 2)
        if self._chance.random() < self.doubt:
            raise StoreUnavailable("the simulated store's answer was lost")


def _findings(part: StreamCommit) -> int:
    """Returns how many findings there are; what is nothing without a track's decision counts as one with it."""
    decided = {each.track_id for each in part.decided}
    seen = sum(each.track_id not in decided for each in part.seen)
    answers = sum(each.track_id not in decided for each in part.recognitions)
    return len(decided) + seen + answers + len(part.left) + len(part.texts)


def _frames_of(part: StreamCommit) -> set[int]:
    """Returns the frames whose findings a commit holds."""
    findings: list[Any] = [*part.decided, *part.seen, *part.left, *part.recognitions, *part.texts]
    return {each.sequence for each in findings}
