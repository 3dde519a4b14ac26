"""Reads what is stored of a sighting that decides whether pictures of it may be kept, and shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.review_pictures import PictureFacts, gap_is_near
from portero_server.domain.tracking.what_if import StoredDecision
from portero_server.store.decisions import decisions_of, decisions_of_tracks
from portero_server.store.schema import (
    cameras,
    decision_candidates,
    decisions,
    erased_records,
    sighting_reviews,
    sighting_tracks,
    sightings,
)
from portero_server.store.sightings import sighting_of

_MOST_DECISIONS = 20
"""Decisions about a sighting by which it is queued for a review, as in the queue."""


async def sighting_with(connection: AsyncConnection, track_id: str) -> str | None:
    """Returns the sighting that a track belongs to; None: none is stored."""
    query = select(sighting_tracks.c.sighting_id).where(sighting_tracks.c.track_id == track_id)
    found: str | None = (await connection.execute(query)).scalar_one_or_none()
    return found


async def facts_of(
    connection: AsyncConnection, sighting_id: str | None, track_ids: Sequence[str]
) -> PictureFacts | None:
    """Returns what is stored of a sighting, and of those of its tracks whose picture it is; None: it is gone."""
    if sighting_id is None:
        return None
    joined = sightings.outerjoin(cameras, cameras.c.camera_id == sightings.c.camera_id)
    own = (sightings.c.sighting_id == sighting_id, sightings.c.track_count > 0)
    row = (await connection.execute(select(sightings, cameras.c.site).select_from(joined).where(*own))).one_or_none()
    if row is None:
        return None
    said = select(sighting_reviews.c.review_id)
    said = said.where(sighting_reviews.c.sighting_id == sighting_id, sighting_reviews.c.undone_at.is_(None))
    reviewed = (await connection.execute(said.limit(1))).first() is not None
    decided = (await decisions_of(connection, [sighting_id], _MOST_DECISIONS)).get(sighting_id, ())
    # The decision behind the picture may be any of its track.
    later = await decisions_of_tracks(connection, track_ids, {each.recognition_id for each in decided})
    gone = select(erased_records.c.record_id).where(erased_records.c.record_id == sighting_id)
    return PictureFacts(
        sighting_of(row),
        row.site or "",
        reviewed,
        decided,
        await _unsure(connection, [*decided, *later]),
        forgotten=(await connection.execute(gone)).first() is not None,
        later=later,
    )


async def _unsure(connection: AsyncConnection, decided: Sequence[StoredDecision]) -> frozenset[str]:
    """Returns those decisions in which somebody who is gone, or was never written, may have been near the threshold."""
    incomplete = {each.recognition_id: each.decision.policy.threshold for each in decided if not each.whole}
    if not incomplete:
        return frozenset()
    known: dict[str, dict[int, float]] = defaultdict(dict)
    table = decision_candidates.c
    query = select(table.recognition_id, table.place, table.similarity)
    for row in await connection.execute(query.where(table.recognition_id.in_(sorted(incomplete)))):
        known[row.recognition_id][row.place] = row.similarity
    counts = select(decisions.c.recognition_id, decisions.c.candidates)
    return frozenset(
        row.recognition_id
        for row in await connection.execute(counts.where(decisions.c.recognition_id.in_(sorted(incomplete))))
        if gap_is_near(known[row.recognition_id], row.candidates, incomplete[row.recognition_id])
    )
