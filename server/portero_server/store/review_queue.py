"""How many sightings wait to be judged, counted by the database in one statement of bounded cost."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.reviews import NEAR
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.store.database import Database
from portero_server.store.schema import (
    along,
    decision_candidates,
    decisions,
    sighting_reviews,
    sighting_tracks,
    sightings,
)

_best = decision_candidates.alias("best")


class ReviewQueueStore:
    """Counts what `Reviews.queue` would list."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, most: int) -> int:
        """Returns how many of the latest `most` sightings a person should look at.

        Those are the sightings that nobody reviewed and for which `queue_reason` has a reason. Of each, a handful of
        rows is looked up by index, however long sightings are kept.
        """
        query = _waiting(most)

        async def unit(connection: AsyncConnection) -> int:
            return (await connection.execute(query)).scalar_one()

        return await self._database.read(unit)


def _waiting(most: int) -> Select[int]:
    known = _known(most).subquery("known")
    unknown = and_(known.c.person_id.is_(None), known.c.decided > 0)
    doubtful = and_(known.c.named > 0, known.c.sure == 0)
    return select(func.count()).select_from(known).where(or_(unknown, doubtful))


def _known(most: int) -> Select[Any]:
    """Returns a query for what decisions say of each of the latest sightings that nobody reviewed.

    These are outer joins, which begin with the sightings. From conditions that something exists, MariaDB would make
    tables of all decisions, and SQLite would walk all candidates of a person.
    """
    table = sightings.c
    seen = along(select(table.sighting_id, table.person_id, table.reviewed), sightings, "ix_sightings_time")
    seen = seen.where(table.track_count > 0).order_by(table.first_seen.desc(), table.sighting_id.desc()).limit(most)
    latest = seen.subquery("latest")
    its, about, best = latest.c, decisions.c, _best.c
    holds = and_(sighting_reviews.c.sighting_id == its.sighting_id, sighting_reviews.c.undone_at.is_(None))
    of_tracks = and_(about.track_id == sighting_tracks.c.track_id, about.reason != DecisionReason.NO_FACE.value)
    found = (
        latest.outerjoin(sighting_reviews, holds)
        .outerjoin(sighting_tracks, sighting_tracks.c.sighting_id == its.sighting_id)
        .outerjoin(decisions, of_tracks)
        .outerjoin(_best, and_(best.recognition_id == about.recognition_id, best.place == 1))
    )
    compared = about.reason != DecisionReason.REMEMBERED.value
    named = and_(about.outcome == "match", compared, best.person_id == its.person_id, _whole())
    sure = best.similarity - about.threshold >= NEAR * (1.0 - about.threshold)
    return (
        select(
            its.person_id,
            func.count(about.recognition_id).label("decided"),
            func.sum(case((named, 1), else_=0)).label("named"),
            func.sum(case((and_(named, sure), 1), else_=0)).label("sure"),
        )
        .select_from(found)
        .where(its.reviewed.is_not(true()), sighting_reviews.c.review_id.is_(None))
        .group_by(its.sighting_id, its.person_id)
    )


def _whole() -> ColumnElement[bool]:
    """Returns whether all candidates of a decision are there: else it is not known whom it named."""
    kept = select(func.count()).select_from(decision_candidates)
    kept = kept.where(decision_candidates.c.recognition_id == decisions.c.recognition_id).correlate(decisions)
    return kept.scalar_subquery() == decisions.c.candidates
