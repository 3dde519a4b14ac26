"""The group commit: everything that all streams add per tick, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import CommitResult, Sighting, StreamCommit
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.store.commit.decisions import candidates_of, write_decisions
from portero_server.store.commit.statements import CommitSql, StreamOwner
from portero_server.store.commit.visits import SightingMerger, TrackLink, join_windows, sighting_id_of, windows_before
from portero_server.store.commit.watermarks import Claim, WatermarkRow, move_claimed, move_streams
from portero_server.store.database import Database
from portero_server.store.eligibility import hold_people, recognizable_names
from portero_server.store.open_tracks import read, written
from portero_server.store.schema import OUTCOME_COLUMNS


class Recording:
    """Writes the commits of streams."""

    def __init__(
        self, database: Database, clock: Clock, *, consent_required: bool = False, keep_decisions: bool = True
    ) -> None:
        """Creates the writer.

        Args:
            database: Where to.
            clock: The server's clock.
            consent_required: Whether people without a valid consent are stored as strangers.
            keep_decisions: Whether what decisions saw is stored.
        """
        self._database = database
        self._clock = clock
        self._consent_required = consent_required
        self._keep_decisions = keep_decisions
        self._sql = CommitSql(database.dialect)

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        """Writes the commits of all streams in one transaction.

        The number of statements does not depend on the number of rows, except that watermarks take one statement per
        200 streams that move. Writing the same commits again changes nothing and returns the same `sighting_of`, so
        after CommitUnknown they may simply be passed again. A watermark never goes back. Outcomes are counted when the
        watermark moves, except REPLAYED: these frames arrive below the watermark and are counted whenever they are
        reported.

        Raises:
            CommitUnknown: Whether the commit happened is not known.
            StoreUnavailable: The database does not answer; nothing was written.
            StoreRefused: The database will never take this data.
        """
        return await self._database.run(lambda connection: self._write(connection, commits, self._clock.now()))

    async def _write(self, connection: AsyncConnection, commits: Sequence[StreamCommit], now: datetime) -> CommitResult:
        sql = self._sql
        # Checked here, with the people's rows locked until the end: a late answer must not bring back a person who was
        # erased or blocked meanwhile.
        names = await self._names(connection, commits, now)
        parts, superseded, found = commits, frozenset[str](), dict[int, int]()
        if not await self._moved_as_claimed(connection, commits, names):
            # Rare: a session was superseded, or this was committed before. The true state has to be read first.
            await connection.rollback()
            names = await self._names(connection, commits, now)
            parts, superseded, found = await self._moved_as_found(connection, commits, names)

        links = await sql.links(connection, _tracks_of(parts))
        sightings = await self._sightings(connection, parts, links)
        merger = SightingMerger(sightings, links, names)
        sighting_of = merger.add_all(parts)
        if merger.merged:
            # Rare: a track lies between sightings, which are one visit. Now their other tracks have to be known, too.
            of_merged = await sql.links_of(connection, merger.merged)
            merger = SightingMerger(sightings, [*links, *of_merged], names)
            sighting_of = merger.add_all(parts)

        await sql.write_sightings(connection, merger.changed_sightings)
        await sql.write_links(connection, merger.changed_links)
        await sql.write_evidence(connection, parts, names, now)
        if self._keep_decisions:
            await write_decisions(connection, parts, names)
        last_position = await sql.write_events(connection, merger.events, now)
        unnamed = frozenset(_people_of(parts) - names.keys())
        return CommitResult(superseded, sighting_of, last_position, unnamed, names, found)

    async def _sightings(
        self, connection: AsyncConnection, parts: Sequence[StreamCommit], links: Sequence[TrackLink]
    ) -> list[Sighting]:
        """Locks and returns the sightings that the parts touch or may join."""
        sql, windows = self._sql, join_windows(parts)
        touched = {link.sighting_id for link in links}
        # A track that was decided differently before may come back to the sighting that it had begun and left.
        linked = {link.track_id for link in links}
        begun = {
            sighting_id_of(track.track_id, person_id)
            for part in parts
            for track in part.decided
            if track.track_id in linked
            for person_id in ("", *([track.match.person_id] if track.match is not None else ()))
        }
        near = await sql.joinable_sightings(connection, windows)
        found = [*await sql.sightings(connection, near | touched | begun)]
        if back := windows_before(windows, found):
            # Rare: a track that is decided after a later one.
            more = await sql.all_joinable_sightings(connection, back)
            found += await sql.sightings(connection, more - {sighting.sighting_id for sighting in found})
        return found

    async def _names(
        self, connection: AsyncConnection, commits: Sequence[StreamCommit], now: datetime
    ) -> Mapping[str, str]:
        told = _people_of(commits)
        if self._keep_decisions:
            told |= candidates_of(commits)
        await hold_people(connection, told)
        return await recognizable_names(connection, told, now, consent_required=self._consent_required)

    async def _moved_as_claimed(
        self, connection: AsyncConnection, commits: Sequence[StreamCommit], names: Mapping[str, str]
    ) -> bool:
        """Moves and locks all streams, unless one belongs to another session or is not where its commit claims."""
        moving = {commit.stream_id: _says_it_moves(commit) for commit in commits}
        if len(moving) < len(commits) or any(commit.expected_tracks is not None for commit in commits):
            return False
        claimed = {commit.stream_id: commit.durable_sequence - moving[commit.stream_id] for commit in commits}
        progress = {each.stream_id: each for each in _progress(commits, claimed, names)}
        claims = [
            Claim(
                commit.session,
                moving[commit.stream_id],
                progress.get(commit.stream_id) or WatermarkRow(commit.stream_id, commit.durable_sequence),
            )
            for commit in commits
        ]
        return await move_claimed(connection, self._database.dialect, claims)

    async def _moved_as_found(
        self, connection: AsyncConnection, commits: Sequence[StreamCommit], names: Mapping[str, str]
    ) -> tuple[Sequence[StreamCommit], frozenset[str], dict[int, int]]:
        """Locks and reads the streams, and moves those that belong to their sessions.

        Returns:
            Their parts, the sessions of the others, and the watermarks that were found.
        """
        owners = await self._sql.lock_streams(connection, {commit.stream_id for commit in commits})
        parts: list[StreamCommit] = []
        superseded: set[str] = set()
        together = Counter(commit.stream_id for commit in commits)
        for commit in commits:
            owner = owners.get(commit.stream_id)
            if owner is None or owner.session != commit.session:
                superseded.add(commit.session)
            elif _is_as_expected(commit, owner, alone=together[commit.stream_id] == 1):
                parts.append(commit)
        watermarks = {stream_id: owner.durable_sequence for stream_id, owner in owners.items()}
        await move_streams(connection, self._database.dialect, _progress(parts, watermarks, names))
        return parts, frozenset(superseded), watermarks


def _is_as_expected(commit: StreamCommit, owner: StreamOwner, *, alone: bool) -> bool:
    if commit.expected_tracks is None:
        return True
    found = (owner.durable_sequence, read(owner.open_tracks))
    return alone and found == (commit.durable_sequence, commit.expected_tracks)


def _says_it_moves(commit: StreamCommit) -> bool:
    # Whatever settles a frame counts it, and the watermark only passes what is settled.
    return any(count and outcome is not FrameOutcome.REPLAYED for outcome, count in commit.outcomes.items())


def _people_of(parts: Collection[StreamCommit]) -> set[str]:
    # Few commits have any, so one loop per kind over all commits is much cheaper than four loops per commit.
    people = {track.match.person_id for part in parts for track in part.decided if track.match is not None}
    people |= {answer.person_id for part in parts for answer in part.recognitions if answer.person_id is not None}
    people |= {track.match.person_id for part in parts for track in part.open_tracks or () if track.match is not None}
    people |= {person_id for part in parts for person_id in part.told}
    return people


def _tracks_of(parts: Collection[StreamCommit]) -> set[str]:
    tracks = {track.track_id for part in parts for track in part.decided}
    tracks |= {track.track_id for part in parts for track in part.seen}
    tracks |= {track.track_id for part in parts for track in part.left}
    return tracks


def _unnamed(tracks: Iterable[OpenTrack], names: Mapping[str, str]) -> list[OpenTrack]:
    """Removes the match from tracks of people who may not be named."""
    return [
        track if track.match is None or track.match.person_id in names else replace(track, match=None)
        for track in tracks
    ]


def _progress(
    parts: Iterable[StreamCommit], watermarks: Mapping[int, int], names: Mapping[str, str]
) -> list[WatermarkRow]:
    reached = dict(watermarks)
    progress: dict[int, WatermarkRow] = {}
    for part in parts:
        moves = part.durable_sequence > reached[part.stream_id]
        counted = {
            OUTCOME_COLUMNS[outcome]: count
            for outcome, count in part.outcomes.items()
            if count and (moves or outcome is FrameOutcome.REPLAYED)
        }
        # A commit with an earlier watermark does not know the stream's later state, nor which tracks are open now.
        current = part.durable_sequence >= reached[part.stream_id]
        told = moves or part.decided or part.left or part.recognitions
        follows = part.open_tracks is not None and current and told
        if not moves and not counted and not follows:
            continue
        reached[part.stream_id] = max(reached[part.stream_id], part.durable_sequence)
        stream = progress.setdefault(part.stream_id, WatermarkRow(part.stream_id, 0))
        stream.durable_sequence = reached[part.stream_id]
        for column, count in counted.items():
            stream.counted[column] = stream.counted.get(column, 0) + count
        if follows and part.open_tracks is not None:
            stream.open_tracks = written(_unnamed(part.open_tracks, names))
    return list(progress.values())
