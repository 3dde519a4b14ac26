"""A store in memory that keeps what the real one keeps, with its fencing, and with faults on command."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from portero_server.domain.frames import FrameOutcome, RejectionReason
from portero_server.domain.resuming import OpenTrack
from portero_server.domain.sightings import CommitResult, Sighting, StreamCommit, StreamRow
from portero_server.errors import StoreUnavailable
from portero_server.store.schema import OUTCOME_COLUMNS
from portero_server.store.visits import TrackLink, VisitBook
from tests.chaos.stored import Rows, Stored

_LONGEST_UNIT = 0.3
_UNIT_TIMEOUT = 5.0
_CHECKED = ("sighting_id", "camera_id", "person_id", "first_seen", "last_seen", "track_count")


class SimulatedStore:
    """Survives every server. Units take their time, happen at one instant, and may fail before or after it.

    Attributes:
        down: Whether it answers nobody.
        stopped: Whether it takes whatever it is asked and does not answer, as a process that was sent SIGSTOP.
        doubt: Share of units whose caller never learns that they happened.
    """

    def __init__(self, people: Sequence[str], chance: random.Random) -> None:
        self.down = False
        self.stopped = False
        self.doubt = 0.0
        self._names = {person: person for person in people}
        self._chance = chance
        self._streams: dict[int, StreamRow] = {}
        self._counters: dict[int, dict[str, int]] = {}
        self._recognitions: dict[str, dict[str, Any]] = {}
        self._exceptions: dict[tuple[int, int], dict[str, Any]] = {}
        self._sightings: dict[str, Sighting] = {}
        self._links: dict[str, TrackLink] = {}
        self._events: Rows = []

    async def open(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        """Makes the session the owner of the stream, as `StreamStore.open`."""
        await self._way()
        found = [row for row in self._streams.values() if (row.camera_id, row.epoch) == (camera_id, epoch)]
        row = (
            replace(found[0], session=session)
            if found
            else StreamRow(len(self._streams) + 1, camera_id, epoch, session, 0)
        )
        left_behind: list[OpenTrack] = []
        for other in tuple(self._streams.values()):
            if other.camera_id == camera_id and other.stream_id != row.stream_id and other.session:
                left_behind += other.open_tracks
                self._streams[other.stream_id] = replace(other, session="", open_tracks=())
        self._streams[row.stream_id] = row
        self._counters.setdefault(row.stream_id, dict.fromkeys(OUTCOME_COLUMNS.values(), 0))
        await self._way_back()
        return replace(row, left_behind=tuple(left_behind))

    async def followed(self) -> Sequence[StreamRow]:
        """Gives streams with somebody before their camera, as `StreamStore.followed`."""
        await self._way()
        return [
            row for row in self._streams.values() if row.session and any(not track.absent for track in row.open_tracks)
        ]

    async def name_of(self, person_id: str) -> str | None:
        """Looks up a display name, as `PeopleStore.display_names`."""
        await self._way()
        return self._names.get(person_id)

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        """Writes all at one instant, as `Recording.commit`."""
        await self._way()
        result = self._apply(commits)
        await self._way_back()
        return result

    def stored(self) -> Stored:
        """Gives everything as the checker reads it."""
        return Stored(
            streams=[
                {
                    "stream_id": row.stream_id,
                    "camera_id": row.camera_id,
                    "epoch": row.epoch,
                    "durable_sequence": row.durable_sequence,
                    **self._counters[row.stream_id],
                }
                for row in self._streams.values()
            ],
            recognitions=list(self._recognitions.values()),
            exceptions=list(self._exceptions.values()),
            sightings=[{name: getattr(each, name) for name in _CHECKED} for each in self._sightings.values()],
            tracks=[asdict(link) for link in self._links.values()],
            events=list(self._events),
        )

    def _apply(self, commits: Sequence[StreamCommit]) -> CommitResult:
        parts = [part for part in commits if self._streams[part.stream_id].session == part.session]
        superseded = frozenset(part.session for part in commits) - {part.session for part in parts}
        book = VisitBook(self._sightings.values(), self._links.values(), self._names)
        sighting_of: dict[str, str] = {}
        for part in parts:
            sighting_of |= book.enter(part)
            self._keep_evidence(part)
            self._move(part)
        self._sightings |= {each.sighting_id: each for each in book.changed_sightings}
        self._links |= {each.track_id: each for each in book.changed_links}
        for kind, sighting in book.events:
            position = len(self._events) + 1
            self._events.append({"position": position, "kind": kind.value, "sighting_id": sighting.sighting_id})
        return CommitResult(superseded, sighting_of, len(self._events) or None, frozenset(), self._names)

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

    def _move(self, part: StreamCommit) -> None:
        row = self._streams[part.stream_id]
        moves = part.durable_sequence > row.durable_sequence
        for outcome, count in part.outcomes.items():
            if moves or outcome is FrameOutcome.REPLAYED:
                self._counters[part.stream_id][OUTCOME_COLUMNS[outcome]] += count
        open_tracks = row.open_tracks
        current = part.durable_sequence >= row.durable_sequence
        if part.open_tracks is not None and current and (moves or part.decided or part.left or part.recognitions):
            open_tracks = part.open_tracks
        durable = max(row.durable_sequence, part.durable_sequence)
        self._streams[part.stream_id] = replace(row, durable_sequence=durable, open_tracks=open_tracks)

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
