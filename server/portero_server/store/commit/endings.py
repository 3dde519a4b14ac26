"""Ends the tracks that an earlier epoch left behind, as part of a transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import StreamCommit, TrackLeft
from portero_server.store.commit.statements import CommitSql
from portero_server.store.commit.visits import SightingMerger


async def end_tracks(
    connection: AsyncConnection, sql: CommitSql, camera_id: str, tracks: Iterable[OpenTrack], now: datetime
) -> None:
    """Ends stored tracks of a camera and emits LEFT for the visits that are over; ended ones are left unchanged.

    The caller holds the rows of their streams, so nobody else writes these tracks.
    """
    lefts = tuple(TrackLeft(track.track_id, track.last_seen) for track in tracks)
    links = await sql.links(connection, {left.track_id for left in lefts})
    merger = SightingMerger(await sql.sightings(connection, {link.sighting_id for link in links}), links, {})
    merger.add(StreamCommit(stream_id=0, camera_id=camera_id, session="", durable_sequence=0, left=lefts))
    await sql.write_sightings(connection, merger.changed_sightings)
    await sql.write_links(connection, merger.changed_links)
    await sql.write_events(connection, merger.events, now)
