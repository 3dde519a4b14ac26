"""Rows of the pictures that wait to be reviewed, as units of work about people and sightings remove them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.reviews import NEAR
from portero_server.store.schema import (
    decision_candidates,
    decisions,
    review_pictures,
    sighting_tracks,
    sightings,
    visitor_visits,
)

_track = review_pictures.c.track_id


async def delete_pictures_of_person(connection: AsyncConnection, person_id: str) -> int:
    """Removes every picture that may show a person, whose row the caller has locked. Returns how many.

    Those of their sightings, of faces that were nearly named as theirs, and of strangers who turned out to be them.
    """
    said = select(_track).where(review_pictures.c.person_id == person_id)
    return await _delete(connection, *tracks_showing(review_pictures, person_id), said)


def tracks_showing(table: Table, person_id: str) -> Sequence[Select[Any]]:
    """Returns queries for those tracks of a table of pictures whose pictures may show a person."""
    track = table.c.track_id
    joined = table.join(sighting_tracks, sighting_tracks.c.track_id == track)
    joined = joined.join(sightings, sightings.c.sighting_id == sighting_tracks.c.sighting_id)
    own = select(track).select_from(joined).where(sightings.c.person_id == person_id)
    compared = table.join(decisions, decisions.c.track_id == track)
    compared = compared.join(decision_candidates, decision_candidates.c.recognition_id == decisions.c.recognition_id)
    near = decisions.c.threshold - NEAR * (1.0 - decisions.c.threshold)
    like = select(track).select_from(compared)
    like = like.where(decision_candidates.c.person_id == person_id, decision_candidates.c.similarity >= near)
    turned_out = select(visitor_visits.c.visitor_id)
    turned_out = turned_out.join(sightings, sightings.c.sighting_id == visitor_visits.c.sighting_id)
    turned_out = turned_out.where(sightings.c.person_id == person_id)
    return own, like, _of_visitors(table, visitor_visits.c.visitor_id.in_(turned_out))


async def delete_pictures_of_sighting(connection: AsyncConnection, sighting_id: str) -> int:
    """Removes the pictures of a sighting. Returns how many."""
    joined = review_pictures.join(sighting_tracks, sighting_tracks.c.track_id == _track)
    return await _delete(
        connection, select(_track).select_from(joined).where(sighting_tracks.c.sighting_id == sighting_id)
    )


async def delete_pictures_of_visitors(connection: AsyncConnection, visitor_ids: Collection[str]) -> int:
    """Removes the pictures of the visits of visitors, while these visits are still stored. Returns how many."""
    return await _delete(connection, tracks_of_visitors(review_pictures, visitor_ids))


def tracks_of_visitors(table: Table, visitor_ids: Collection[str]) -> Select[Any]:
    """Returns a query for those tracks of a table of pictures that are visits of visitors."""
    return _of_visitors(table, visitor_visits.c.visitor_id.in_(sorted(visitor_ids)))


def _of_visitors(table: Table, theirs: ColumnElement[bool]) -> Select[Any]:
    joined = table.join(sighting_tracks, sighting_tracks.c.track_id == table.c.track_id)
    joined = joined.join(visitor_visits, visitor_visits.c.sighting_id == sighting_tracks.c.sighting_id)
    return select(table.c.track_id).select_from(joined).where(theirs)


async def _delete(connection: AsyncConnection, *queries: Select[Any]) -> int:
    # Read first: MySQL deletes from no table that the condition reads, and nearly always there is nothing.
    found = {track_id for query in queries for track_id in await connection.scalars(query)}
    if found:
        await connection.execute(delete(review_pictures).where(_track.in_(sorted(found))))
    return len(found)
