"""Rows of snapshots, as units of work about people and sightings change them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.snapshots import SnapshotState
from portero_server.store.picture_rows import tracks_of_visitors, tracks_showing
from portero_server.store.schema import sighting_reviews, sighting_tracks, sightings, snapshots

_track = snapshots.c.track_id


async def delete_snapshots_later(
    connection: AsyncConnection, *which: ColumnElement[Any], limit: int | None = None
) -> int:
    """Marks snapshots for deletion, at most `limit`. Returns how many. Their objects go next, then the rows."""
    waiting = snapshots.c.state != SnapshotState.DELETING.value
    query = select(snapshots.c.snapshot_id).where(waiting, *which).order_by(snapshots.c.snapshot_id)
    found = list(await connection.scalars(query if limit is None else query.limit(limit)))
    if found:
        own = snapshots.c.snapshot_id.in_(found)
        await connection.execute(update(snapshots).where(own, waiting).values(state=SnapshotState.DELETING.value))
    return len(found)


async def delete_snapshots_of_person(connection: AsyncConnection, person_id: str) -> int:
    """Marks every snapshot that may show a person, whose row the caller has locked. Returns how many.

    Those of their sightings, of faces that were nearly named as theirs, of strangers who turned out to be them, of
    sightings that were theirs before a review, and of anybody taken where and while they were seen.
    """
    reviewed = sighting_tracks.join(sighting_reviews, sighting_reviews.c.sighting_id == sighting_tracks.c.sighting_id)
    before = select(sighting_tracks.c.track_id).select_from(reviewed)
    before = before.where(or_(*(sighting_reviews.c[name] == person_id for name in ("person_id", "decided_person_id"))))
    seen = and_(
        sightings.c.camera_id == snapshots.c.camera_id,
        sightings.c.first_seen <= snapshots.c.taken_at,
        sightings.c.last_seen >= snapshots.c.taken_at,
    )
    beside = select(_track).select_from(snapshots.join(sightings, seen)).where(sightings.c.person_id == person_id)
    return await _delete_tracks(connection, *tracks_showing(snapshots, person_id), before, beside)


async def delete_snapshots_of_visitors(connection: AsyncConnection, visitor_ids: Collection[str]) -> int:
    """Marks the snapshots of the visits of visitors, while these visits are still stored. Returns how many."""
    return await _delete_tracks(connection, tracks_of_visitors(snapshots, visitor_ids))


async def snapshots_are_left(connection: AsyncConnection, since: datetime) -> bool:
    """Returns whether a snapshot that was taken by then is still to be deleted."""
    query = select(snapshots.c.snapshot_id)
    query = query.where(snapshots.c.state == SnapshotState.DELETING.value, snapshots.c.created_at <= since)
    return (await connection.execute(query.limit(1))).first() is not None


async def _delete_tracks(connection: AsyncConnection, *queries: Select[Any]) -> int:
    # Read first: MySQL changes no table that the condition reads, and nearly always there is nothing.
    found = {track_id for query in queries for track_id in await connection.scalars(query)}
    return await delete_snapshots_later(connection, _track.in_(sorted(found))) if found else 0
