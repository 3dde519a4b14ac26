"""Streams and their visits in memory, by the rules of the real store; `contracts/store_contract.py` holds both to them.

What fakes build on. They add faults, delays and what their tests read; the rules are here once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace

from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import (
    CommitResult,
    Sighting,
    SightingEventKind,
    StreamCommit,
    StreamRow,
    TrackLeft,
)
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.store.commit.visits import SightingMerger, TrackLink


class StoreInMemory:
    """Everything that streams and their commits leave behind, without faults and without waiting.

    Attributes:
        rows: Streams by camera and epoch.
        counted: Outcomes by stream id.
        sightings: By id.
        links: Which sighting a track belongs to, by track.
        events: What happened to sightings, in order; the first one's position is 1.
    """

    def __init__(self, name_of: Callable[[str], str | None]) -> None:
        """Begins empty; `name_of` gives a person's name, or None for whom it may not name."""
        self.rows: dict[tuple[str, str], StreamRow] = {}
        self.counted: dict[int, Counter[FrameOutcome]] = {}
        self.sightings: dict[str, Sighting] = {}
        self.links: dict[str, TrackLink] = {}
        self.events: list[tuple[SightingEventKind, Sighting]] = []
        self._name_of = name_of

    def taken(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        """Assigns a stream to a session, as `StreamStore.open`."""
        row = self.rows.get((camera_id, epoch)) or StreamRow(len(self.rows) + 1, camera_id, epoch, session, 0)
        left_behind: list[OpenTrack] = []
        for key, other in self.rows.items():
            if key[0] == camera_id and key[1] != epoch and other.session:
                left_behind += other.open_tracks
                self.rows[key] = replace(other, session="", open_tracks=())
        self.rows[camera_id, epoch] = row = replace(row, session=session)
        self.counted.setdefault(row.stream_id, Counter())
        open_tracks = tuple(replace(track, sighting_id=self._sighting_of(track)) for track in row.open_tracks)
        self._end(camera_id, left_behind)
        return replace(row, open_tracks=open_tracks)

    def with_somebody(self) -> Sequence[StreamRow]:
        """Returns owned streams with an open track that is not absent, as `StreamStore.followed`."""
        return [row for row in self.rows.values() if row.session and any(not track.absent for track in row.open_tracks)]

    def row(self, stream_id: int) -> StreamRow | None:
        """Returns a stream by its id."""
        return next((row for row in self.rows.values() if row.stream_id == stream_id), None)

    def owned(self, commits: Sequence[StreamCommit]) -> list[StreamCommit]:
        """Returns the commits that are written: their sessions own the streams, which are as the commits expect."""
        together = Counter(part.stream_id for part in commits)
        return [
            part
            for part in commits
            if (row := self.row(part.stream_id))
            and row.session == part.session
            and (part.expected_tracks is None or (together[part.stream_id] == 1 and _is_as_expected(part, row)))
        ]

    def write(self, commits: Sequence[StreamCommit]) -> CommitResult:
        """Writes all, as `Recording.commit`."""
        parts = self.owned(commits)
        superseded = frozenset(
            part.session for part in commits if (row := self.row(part.stream_id)) is None or row.session != part.session
        )
        found = {} if self._are_as_claimed(commits) else self._watermarks(commits)
        people = set().union(*(_people_of(part) for part in commits))
        names = {person: name for person in people if (name := self._name_of(person)) is not None}
        merger = SightingMerger(self.sightings.values(), self.links.values(), names)
        sighting_of = merger.add_all(parts)
        for part in parts:
            self._move(part, names)
        self._keep(merger)
        last = len(self.events) if merger.events else None
        unnamed = set().union(*(_people_of(part) for part in parts)) - names.keys()
        return CommitResult(superseded, sighting_of, last, frozenset(unnamed), names, found)

    def copied(self) -> StoreInMemory:
        """Returns a copy that later writes do not change."""
        copied = copy(self)
        copied.rows, copied.sightings, copied.links = dict(self.rows), dict(self.sightings), dict(self.links)
        copied.counted = {stream_id: Counter(counted) for stream_id, counted in self.counted.items()}
        copied.events = list(self.events)
        return copied

    def _end(self, camera_id: str, tracks: Sequence[OpenTrack]) -> None:
        merger = SightingMerger(self.sightings.values(), self.links.values(), {})
        lefts = tuple(TrackLeft(track.track_id, track.last_seen) for track in tracks)
        merger.add(StreamCommit(0, camera_id, "", 0, left=lefts))
        self._keep(merger)

    def _keep(self, merger: SightingMerger) -> None:
        self.sightings |= {each.sighting_id: each for each in merger.changed_sightings}
        self.links |= {each.track_id: each for each in merger.changed_links}
        self.events += merger.events

    def _are_as_claimed(self, commits: Sequence[StreamCommit]) -> bool:
        if any(part.expected_tracks is not None for part in commits):
            return False
        return len({part.stream_id for part in commits}) == len(commits) and all(
            (row := self.row(part.stream_id)) is not None
            and row.session == part.session
            and (row.durable_sequence < part.durable_sequence) == _says_it_moves(part)
            and row.durable_sequence <= part.durable_sequence
            for part in commits
        )

    def _watermarks(self, commits: Sequence[StreamCommit]) -> dict[int, int]:
        rows = [self.row(part.stream_id) for part in commits]
        return {row.stream_id: row.durable_sequence for row in rows if row is not None}

    def _move(self, part: StreamCommit, names: dict[str, str]) -> None:
        row = self.row(part.stream_id)
        assert row is not None
        moves = part.durable_sequence > row.durable_sequence
        counted = self.counted.setdefault(row.stream_id, Counter())
        for outcome, count in part.outcomes.items():
            if count and (moves or outcome is FrameOutcome.REPLAYED):
                counted[outcome] += count
        open_tracks = row.open_tracks
        current = part.durable_sequence >= row.durable_sequence
        if part.open_tracks is not None and current and (moves or part.decided or part.left or part.recognitions):
            open_tracks = tuple(_stored(track, names) for track in part.open_tracks)
        durable = max(row.durable_sequence, part.durable_sequence)
        self.rows[row.camera_id, row.epoch] = replace(row, durable_sequence=durable, open_tracks=open_tracks)

    def _sighting_of(self, track: OpenTrack) -> str:
        link = self.links.get(track.track_id)
        return "" if link is None else link.sighting_id


def _is_as_expected(part: StreamCommit, row: StreamRow) -> bool:
    return (row.durable_sequence, row.open_tracks) == (part.durable_sequence, part.expected_tracks)


def _says_it_moves(part: StreamCommit) -> bool:
    return any(count and outcome is not FrameOutcome.REPLAYED for outcome, count in part.outcomes.items())


def _people_of(part: StreamCommit) -> set[str]:
    matches = [track.match for track in part.decided] + [track.match for track in part.open_tracks or ()]
    answered = {answer.person_id for answer in part.recognitions if answer.person_id is not None}
    return {match.person_id for match in matches if match is not None} | answered | part.told


def _stored(track: OpenTrack, names: dict[str, str]) -> OpenTrack:
    named = track.match is not None and track.match.person_id in names
    return replace(track, match=track.match if named else None, sighting_id="")
