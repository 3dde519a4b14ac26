"""The group commit: everything that all streams add in one tick, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.frames import FrameOutcome
from portero_server.domain.resuming import OpenTrack
from portero_server.domain.sightings import CommitResult, StreamCommit
from portero_server.store.commit_sql import CommitSql
from portero_server.store.database import Database
from portero_server.store.open_tracks import written
from portero_server.store.progress import Progress, move_streams
from portero_server.store.recognizable import hold_people, recognizable_names
from portero_server.store.schema import OUTCOME_COLUMNS
from portero_server.store.visits import VisitBook


class Recording:
    """Writes what the streams found out."""

    def __init__(self, database: Database, clock: Clock, *, consent_required: bool = False) -> None:
        """Writes into `database`; with `consent_required`, people without a valid consent stay unnamed."""
        self._database = database
        self._clock = clock
        self._consent_required = consent_required
        self._sql = CommitSql(database.dialect)

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        """Writes the parts of all streams in one transaction, with as many statements for one row as for a thousand.

        Only watermarks take a statement for each 200 streams that move.

        Writing the same again changes nothing and gives the same `sighting_of`, so after CommitUnknown the same
        commits may simply be handed in once more. A watermark never goes back; outcomes are counted when the
        watermark moves, except REPLAYED, which are arrivals below it and counted whenever they are reported.

        Raises:
            CommitUnknown: Whether the commit happened is not known.
            StoreUnavailable: The database does not answer; nothing was written.
            StoreRefused: The database will never take this data.
        """
        return await self._database.run(lambda connection: self._write(connection, commits, self._clock.now()))

    async def _write(self, connection: AsyncConnection, commits: Sequence[StreamCommit], now: datetime) -> CommitResult:
        sql = self._sql
        # Locked until the end: the owner cannot change, and nobody else writes sightings of these cameras.
        owners = await sql.lock_streams(connection, {commit.stream_id for commit in commits})
        parts: list[StreamCommit] = []
        superseded: set[str] = set()
        for commit in commits:
            owner = owners.get(commit.stream_id)
            if owner is not None and owner.session == commit.session:
                parts.append(commit)
            else:
                superseded.add(commit.session)

        # Asked here, and held until the end: an answer that was on its way while somebody was erased or blocked
        # must not bring them back.
        told = _people_of(parts)
        await hold_people(connection, told)
        names = await recognizable_names(connection, told, now, consent_required=self._consent_required)
        links = await sql.links(connection, _tracks_of(parts))
        near = await sql.joinable_sightings(connection, parts)
        sightings = await sql.sightings(connection, near.union(link.sighting_id for link in links))
        book = VisitBook(sightings, links, names)
        sighting_of: dict[str, str] = {}
        for part in parts:
            sighting_of |= book.enter(part)

        await sql.write_sightings(connection, book.changed_sightings)
        await sql.write_links(connection, book.changed_links)
        await sql.write_evidence(connection, parts, names, now)
        watermarks = {stream_id: owner.durable_sequence for stream_id, owner in owners.items()}
        await move_streams(connection, self._database.dialect, _progress(parts, watermarks, names))
        last_position = await sql.write_events(connection, book.events, now)
        return CommitResult(frozenset(superseded), sighting_of, last_position, frozenset(told - names.keys()))


def _people_of(parts: Iterable[StreamCommit]) -> set[str]:
    people: set[str] = set()
    for part in parts:
        people.update(track.match.person_id for track in part.decided if track.match is not None)
        people.update(answer.person_id for answer in part.recognitions if answer.person_id is not None)
        people.update(track.match.person_id for track in part.open_tracks or () if track.match is not None)
        people.update(part.told)
    return people


def _tracks_of(parts: Iterable[StreamCommit]) -> set[str]:
    tracks: set[str] = set()
    for part in parts:
        tracks.update(track.track_id for track in part.decided)
        tracks.update(track.track_id for track in part.seen)
        tracks.update(track.track_id for track in part.left)
    return tracks


def _unnamed(tracks: Iterable[OpenTrack], names: Mapping[str, str]) -> list[OpenTrack]:
    """Takes the match from tracks of people who may not be named."""
    return [
        track if track.match is None or track.match.person_id in names else replace(track, match=None)
        for track in tracks
    ]


def _progress(parts: Iterable[StreamCommit], watermarks: Mapping[int, int], names: Mapping[str, str]) -> list[Progress]:
    reached = dict(watermarks)
    progress: dict[int, Progress] = {}
    for part in parts:
        moves = part.durable_sequence > reached[part.stream_id]
        counted = {
            OUTCOME_COLUMNS[outcome]: count
            for outcome, count in part.outcomes.items()
            if count and (moves or outcome is FrameOutcome.REPLAYED)
        }
        # Whoever tells of an earlier watermark did not know that the stream goes on, nor what is open now.
        current = part.durable_sequence >= reached[part.stream_id]
        told = moves or part.decided or part.left or part.recognitions
        follows = part.open_tracks is not None and current and told
        if not moves and not counted and not follows:
            continue
        reached[part.stream_id] = max(reached[part.stream_id], part.durable_sequence)
        stream = progress.setdefault(part.stream_id, Progress(part.stream_id, 0))
        stream.durable_sequence = reached[part.stream_id]
        for column, count in counted.items():
            stream.counted[column] = stream.counted.get(column, 0) + count
        if follows and part.open_tracks is not None:
            stream.open_tracks = written(_unnamed(part.open_tracks, names))
    return list(progress.values())
