"""What decisions saw, as it is read; `store/commit/decisions.py` writes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.detection.detections import Candidate, MatchPolicy
from portero_server.domain.tracking.deciding import DecisionReason, FaceDecision, Ranking
from portero_server.domain.tracking.what_if import StoredDecision
from portero_server.store.database import Database
from portero_server.store.schema import along, decision_candidates, decisions, people, sighting_tracks, unserved


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Conditions on decisions; all must hold, and None means no condition.

    Attributes:
        sighting_id: About a track of this sighting.
        start: Captured at this time or later.
        end: Captured before this time.
        within: At one of these cameras.
    """

    sighting_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    within: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class DecisionCursor:
    """A position in the list."""

    captured_at: datetime
    recognition_id: str


class DecisionStore:
    """Reads decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self, which: DecisionFilter, limit: int, after: DecisionCursor | None = None
    ) -> Sequence[StoredDecision]:
        """Returns at most `limit` decisions, oldest first, after a place in the list."""
        query = _filtered(which, after).limit(limit)

        async def unit(connection: AsyncConnection) -> Sequence[StoredDecision]:
            rows = (await connection.execute(query)).all()
            candidates = await _candidates(connection, [row.recognition_id for row in rows])
            return [_decision(row, candidates[row.recognition_id]) for row in rows]

        return await self._database.read(unit)

    async def of_sightings(self, sighting_ids: Sequence[str], most: int) -> Mapping[str, Sequence[StoredDecision]]:
        """Returns the first decisions about each of these sightings, at most `most`, oldest first."""

        async def unit(connection: AsyncConnection) -> Mapping[str, Sequence[StoredDecision]]:
            return await decisions_of(connection, sighting_ids, most)

        return await self._database.read(unit) if sighting_ids else {}

    async def names(self, found: Sequence[StoredDecision]) -> Mapping[str, str]:
        """Returns the display names of all candidates of decisions."""
        ids = {each.person_id for decision in found for each in decision.decision.ranking.candidates}
        query = select(people.c.person_id, people.c.display_name).where(people.c.person_id.in_(sorted(ids)))

        async def unit(connection: AsyncConnection) -> Mapping[str, str]:
            return {row.person_id: row.display_name for row in await connection.execute(query)}

        return await self._database.read(unit) if ids else {}

    async def count(self, which: DecisionFilter, most: int) -> int:
        """Returns how many decisions there are, or `most` if there are more."""
        some = _filtered(which, None).with_only_columns(decisions.c.recognition_id).limit(most).subquery()

        async def unit(connection: AsyncConnection) -> int:
            return int((await connection.execute(select(func.count()).select_from(some))).scalar_one())

        return await self._database.read(unit)


async def decisions_of(
    connection: AsyncConnection, sighting_ids: Sequence[str], most: int
) -> Mapping[str, Sequence[StoredDecision]]:
    """Returns the first decisions about each of these sightings, as part of a unit of work; see `of_sightings`."""
    of_tracks = sighting_tracks.c.track_id == decisions.c.track_id
    query = select(sighting_tracks.c.sighting_id, decisions).join(decisions, of_tracks)
    query = query.where(sighting_tracks.c.sighting_id.in_(sorted(sighting_ids)))
    query = query.order_by(decisions.c.captured_at, decisions.c.recognition_id)
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in await connection.execute(query):
        rows[row.sighting_id].append(row)
    kept = {sighting_id: found[:most] for sighting_id, found in rows.items()}
    candidates = await _candidates(connection, [row.recognition_id for found in kept.values() for row in found])
    return {
        sighting_id: [_decision(row, candidates[row.recognition_id]) for row in found]
        for sighting_id, found in kept.items()
    }


async def decisions_of_tracks(
    connection: AsyncConnection, track_ids: Sequence[str], known: Collection[str] = ()
) -> Sequence[StoredDecision]:
    """Returns every decision about tracks, oldest first, but for those whose ids are known already."""
    query = select(decisions).where(decisions.c.track_id.in_(sorted(track_ids)))
    query = query.order_by(decisions.c.captured_at, decisions.c.recognition_id)
    rows = [row for row in await connection.execute(query) if row.recognition_id not in known]
    candidates = await _candidates(connection, [row.recognition_id for row in rows])
    return [_decision(row, candidates[row.recognition_id]) for row in rows]


def _filtered(which: DecisionFilter, after: DecisionCursor | None) -> Select[Any]:
    table = decisions.c
    if which.sighting_id is not None:
        of_tracks = sighting_tracks.c.track_id == table.track_id
        query = select(decisions).join(sighting_tracks, of_tracks)
        query = query.where(sighting_tracks.c.sighting_id == which.sighting_id)
    elif which.within is not None and len(which.within) == 1:
        query = along(select(decisions), decisions, "ix_decisions_camera")
    else:
        query = along(select(decisions), decisions, "ix_decisions_time")
    if which.within is not None and len(which.within) == 1:
        query = query.where(table.camera_id == next(iter(which.within)))
    elif which.within is not None:
        # SQLite would put those of each camera in order, rather than walk along time.
        query = query.where(unserved(table.camera_id).in_(sorted(which.within)))
    if which.start is not None:
        query = query.where(table.captured_at >= which.start)
    if which.end is not None:
        query = query.where(table.captured_at < which.end)
    if after is not None:
        # MySQL takes no range from (a, b) > (x, y); it does from the first of these conditions.
        tie = and_(table.captured_at == after.captured_at, table.recognition_id > after.recognition_id)
        query = query.where(table.captured_at >= after.captured_at, or_(table.captured_at > after.captured_at, tie))
    return query.order_by(table.captured_at, table.recognition_id)


async def _candidates(connection: AsyncConnection, ids: Sequence[str]) -> Mapping[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    if ids:
        table = decision_candidates.c
        query = select(decision_candidates).where(table.recognition_id.in_(sorted(ids)))
        for row in await connection.execute(query.order_by(table.recognition_id, table.place)):
            found[row.recognition_id].append(row)
    return found


def _decision(row: Any, candidates: Sequence[Any]) -> StoredDecision:
    ranking = Ranking(
        candidates=tuple(Candidate(each.person_id, "", each.similarity) for each in candidates),
        confusable=frozenset(each.person_id for each in candidates if each.confusable),
        people=row.people,
        face_found=row.reason != DecisionReason.NO_FACE.value,
        demanded=row.demanded,
    )
    policy = MatchPolicy(
        threshold=row.threshold,
        margin=row.margin,
        sure_by=row.sure_by,
        sure_by_tenfold=row.sure_by_tenfold,
        sure_quality=row.sure_quality,
        confusable_margin=row.confusable_margin,
    )
    return StoredDecision(
        recognition_id=row.recognition_id,
        camera_id=row.camera_id,
        track_id=row.track_id,
        captured_at=row.captured_at,
        engine=row.engine,
        outcome=row.outcome,
        quality=row.quality,
        whole=len(candidates) == row.candidates,
        decision=FaceDecision(row.shot, row.face_pixels, ranking, policy, row.agreeing, DecisionReason(row.reason)),
    )
