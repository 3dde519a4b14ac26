"""What people say of sightings: written with the correction that follows from it, and taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.recording.reviews import (
    Demand,
    ReviewAction,
    SightingIdentity,
    SightingReview,
    corrected,
    identity_of,
    restored,
)
from portero_server.domain.recording.sightings import Sighting, SightingEventKind
from portero_server.domain.tracking.recommendation import Truth
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.store.database import Database
from portero_server.store.eligibility import hold_people, recognizable_names
from portero_server.store.picture_rows import delete_pictures_of_sighting
from portero_server.store.schema import events, people, sighting_reviews, sighting_tracks, sightings
from portero_server.store.sequencers import take_positions
from portero_server.store.sightings import sighting_columns, sighting_of

_table = sighting_reviews.c
_MOST_DEMANDS = 10_000
"""Demands that servers hold in memory; of more, the latest."""


@dataclass(frozen=True, slots=True)
class NewReview:
    """What a person says.

    Attributes:
        person_id: Whom the sighting shows, or does not show; None for IGNORE.
        demand: What is demanded from now on.
    """

    action: ReviewAction
    person_id: str | None
    note: str
    reviewer: str
    demand: Demand | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review, or its end, led to.

    Attributes:
        sighting: As it is now; None: it is not kept any more.
        position: That of the event that tells of it; None: the sighting did not change.
    """

    review: SightingReview
    sighting: Sighting | None
    position: int | None


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Conditions on reviews; all must hold, and None means no condition.

    Attributes:
        sighting_id: Of this sighting.
        within: At one of these cameras.
        holding: Only those that were not undone.
    """

    sighting_id: str | None = None
    within: frozenset[str] | None = None
    holding: bool = False


@dataclass(frozen=True, slots=True)
class ReviewCursor:
    """A position in the list."""

    reviewed_at: datetime
    review_id: str


class SightingReviewStore:
    """Stores reviews."""

    def __init__(self, database: Database, clock: Clock, *, consent_required: bool = False) -> None:
        """Stores in `database`; with `consent_required`, nobody without a valid consent is named by a person either."""
        self._database = database
        self._clock = clock
        self._consent_required = consent_required

    async def add(self, sighting_id: str, said: NewReview) -> Reviewed:
        """Stores what a person says of a sighting, corrects it, and tells watchers, in one transaction.

        Raises:
            NotFound: There is no such sighting, or no such person.
            FailedPrecondition: The sighting has a review that holds, belongs to another sighting now, or is of somebody
                who was removed; or it is said to be of somebody who may not be named.
        """
        return await self._database.run(lambda connection: self._add(connection, sighting_id, said))

    async def undo(self, review_id: str, subject: str) -> Reviewed:
        """Takes a review back: the sighting is again as it was decided, and nothing is demanded any more.

        A review that was undone before stays as it is, and so does a sighting that belongs to another one since.

        Raises:
            NotFound: There is no such review.
        """
        return await self._database.run(lambda connection: self._undo(connection, review_id, subject))

    async def check_nameable(self, person_id: str) -> None:
        """Refuses a person of whom no sighting may be said to be.

        Raises:
            NotFound: There is no such person.
            FailedPrecondition: The person is blocked, or has no valid consent.
        """

        async def unit(connection: AsyncConnection) -> None:
            if person_id not in await _names(connection, {person_id}):
                raise NotFound(f"people/{person_id}")
            await self._refuse_unnameable(connection, person_id, self._clock.now())

        await self._database.run(unit)

    async def get(self, review_id: str) -> SightingReview:
        """Returns a review. Raises NotFound."""
        return await self._database.read(lambda connection: _one(connection, review_id))

    async def list(
        self, which: ReviewFilter, limit: int, after: ReviewCursor | None = None
    ) -> Sequence[SightingReview]:
        """Returns at most `limit` reviews, latest first, after a place in the list."""
        query = _filtered(which, after).limit(limit)

        async def unit(connection: AsyncConnection) -> Sequence[SightingReview]:
            return [_review(row) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def reviewed(self, sighting_ids: Collection[str]) -> frozenset[str]:
        """Returns those sightings that have a review that holds."""
        query = select(_table.sighting_id).where(
            _table.sighting_id.in_(sorted(sighting_ids)), _table.undone_at.is_(None)
        )

        async def unit(connection: AsyncConnection) -> frozenset[str]:
            return frozenset(await connection.scalars(query))

        return await self._database.read(unit) if sighting_ids else frozenset()

    async def truths(self, track_ids: Collection[str]) -> Mapping[str, Truth]:
        """Returns what the reviews that hold say of these tracks, by track id."""
        own = sighting_tracks.c.track_id.in_(sorted(track_ids))
        said = and_(_table.sighting_id == sighting_tracks.c.sighting_id, _table.undone_at.is_(None))
        query = select(sighting_tracks.c.track_id, _table.person_id, _table.action)
        query = query.join(sighting_reviews, said).where(own, _table.person_id.is_not(None))

        async def unit(connection: AsyncConnection) -> Mapping[str, Truth]:
            return {
                row.track_id: Truth(row.person_id, denied=row.action == ReviewAction.NOT.value)
                for row in await connection.execute(query)
            }

        return await self._database.read(unit) if track_ids else {}

    async def demanded(self) -> Mapping[tuple[str, str, str], float]:
        """Returns the similarities that are not enough now, by engine, camera and person."""
        query = (
            select(_table.demand_engine, _table.camera_id, _table.person_id, _table.demand_similarity)
            .where(_table.demand_until > self._clock.now(), _table.undone_at.is_(None))
            .order_by(_table.demand_until.desc())
            .limit(_MOST_DEMANDS)
        )

        async def unit(connection: AsyncConnection) -> Mapping[tuple[str, str, str], float]:
            found: dict[tuple[str, str, str], float] = {}
            for engine, camera_id, person_id, similarity in await connection.execute(query):
                key = engine, camera_id, person_id
                found[key] = max(similarity, found.get(key, 0.0))
            return found

        return await self._database.read(unit)

    async def _add(self, connection: AsyncConnection, sighting_id: str, said: NewReview) -> Reviewed:
        sighting = await _held(connection, sighting_id)
        if sighting is None:
            raise NotFound(f"sightings/{sighting_id}")
        if sighting.track_count == 0:
            raise FailedPrecondition(
                f"sightings/{sighting_id} turned out to be part of another one; review that", reason="SIGHTING_MERGED"
            )
        earlier = select(_table.review_id).where(_table.sighting_id == sighting_id, _table.undone_at.is_(None))
        if (found := (await connection.execute(earlier.limit(1))).scalar_one_or_none()) is not None:
            raise FailedPrecondition(
                f"sightings/{sighting_id} was reviewed before; undo reviews/{found} first", reason="ALREADY_REVIEWED"
            )
        names = await _names(connection, {each for each in (said.person_id, sighting.person_id) if each})
        if said.person_id is not None and said.person_id not in names:
            raise NotFound(f"people/{said.person_id}")
        if sighting.person_id is not None and sighting.person_id not in names:
            raise FailedPrecondition(
                f"people/{sighting.person_id} was removed, so nobody can say any more whether it was them",
                reason="PERSON_REMOVED",
            )
        now = self._clock.now()
        if said.action is ReviewAction.THIS_IS:
            await self._refuse_unnameable(connection, said.person_id or "", now)
        review = SightingReview(
            review_id=uuid4().hex,
            sighting_id=sighting_id,
            camera_id=sighting.camera_id,
            action=said.action,
            person_id=said.person_id,
            before=identity_of(sighting),
            track_count=sighting.track_count,
            note=said.note,
            reviewer=said.reviewer,
            reviewed_at=now,
            demand=said.demand,
        )
        await connection.execute(insert(sighting_reviews).values(_columns(review)))
        # What a person has judged needs no picture any more.
        await delete_pictures_of_sighting(connection, sighting_id)
        after = corrected(sighting, said.action, said.person_id, names.get(said.person_id or "", ""))
        return Reviewed(review, after, await _rewritten(connection, sighting, after, now))

    async def _undo(self, connection: AsyncConnection, review_id: str, subject: str) -> Reviewed:
        review = await _one(connection, review_id)
        sighting = await _held(connection, review.sighting_id)
        # Once more, with the sighting held, if there is one: somebody else may have undone it meanwhile.
        review = await _one(connection, review_id)
        if review.undone_at is not None:
            return Reviewed(review, sighting, None)
        now = self._clock.now()
        undone = replace(review, undone_at=now, undone_by=subject)
        own = update(sighting_reviews).where(_table.review_id == review_id)
        await connection.execute(own.values(undone_at=now, undone_by=subject))
        if sighting is None or sighting.track_count == 0:
            return Reviewed(undone, sighting, None)
        after = restored(sighting, review)
        return Reviewed(undone, after, await _rewritten(connection, sighting, after, now))

    async def _refuse_unnameable(self, connection: AsyncConnection, person_id: str, now: datetime) -> None:
        required = self._consent_required
        if not await recognizable_names(connection, {person_id}, now, consent_required=required):
            raise FailedPrecondition(
                f"people/{person_id} is blocked, or has no valid consent, and may not be named",
                reason="PERSON_NOT_RECOGNIZABLE",
            )


async def _held(connection: AsyncConnection, sighting_id: str) -> Sighting | None:
    """Locks a sighting until the transaction ends, as a commit does, and returns it; None if there is none."""
    query = select(sightings).where(sightings.c.sighting_id == sighting_id).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else sighting_of(row)


async def _names(connection: AsyncConnection, ids: set[str]) -> Mapping[str, str]:
    await hold_people(connection, ids)
    query = select(people.c.person_id, people.c.display_name).where(people.c.person_id.in_(sorted(ids)))
    return {row.person_id: row.display_name for row in await connection.execute(query)} if ids else {}


async def _rewritten(connection: AsyncConnection, before: Sighting, after: Sighting, now: datetime) -> int | None:
    if after == before:
        return None
    own = update(sightings).where(sightings.c.sighting_id == after.sighting_id)
    await connection.execute(own.values(sighting_columns(after)))
    position = await take_positions(connection, "events", 1)
    row = {
        "position": position,
        "kind": SightingEventKind.REVISED.value,
        "sighting_id": after.sighting_id,
        "camera_id": after.camera_id,
        "happened_at": now,
    }
    await connection.execute(insert(events).values(row))
    return position


async def _one(connection: AsyncConnection, review_id: str) -> SightingReview:
    row = (await connection.execute(select(sighting_reviews).where(_table.review_id == review_id))).one_or_none()
    if row is None:
        raise NotFound(f"reviews/{review_id}")
    return _review(row)


def _filtered(which: ReviewFilter, after: ReviewCursor | None) -> Select[Any]:
    query = select(sighting_reviews)
    if which.sighting_id is not None:
        query = query.where(_table.sighting_id == which.sighting_id)
    if which.within is not None:
        query = query.where(_table.camera_id.in_(sorted(which.within)))
    if which.holding:
        query = query.where(_table.undone_at.is_(None))
    if after is not None:
        tie = and_(_table.reviewed_at == after.reviewed_at, _table.review_id < after.review_id)
        query = query.where(_table.reviewed_at <= after.reviewed_at, or_(_table.reviewed_at < after.reviewed_at, tie))
    return query.order_by(_table.reviewed_at.desc(), _table.review_id.desc())


def _columns(review: SightingReview) -> dict[str, Any]:
    demand = review.demand
    return {
        "review_id": review.review_id,
        "sighting_id": review.sighting_id,
        "camera_id": review.camera_id,
        "action": review.action.value,
        "person_id": review.person_id,
        "decided_person_id": review.before.person_id,
        "decided_name": review.before.display_name,
        "decided_similarity": review.before.similarity,
        "decided_margin": review.before.margin,
        "decided_tracks": review.track_count,
        "note": review.note,
        "reviewer": review.reviewer,
        "reviewed_at": review.reviewed_at,
        "demand_engine": None if demand is None else demand.engine,
        "demand_similarity": None if demand is None else demand.similarity,
        "demand_until": None if demand is None else demand.until,
    }


def _review(row: Any) -> SightingReview:
    demand = None
    if row.demand_until is not None:
        demand = Demand(row.demand_engine, row.demand_similarity, row.demand_until)
    return SightingReview(
        review_id=row.review_id,
        sighting_id=row.sighting_id,
        camera_id=row.camera_id,
        action=ReviewAction(row.action),
        person_id=row.person_id,
        before=SightingIdentity(row.decided_person_id, row.decided_name, row.decided_similarity, row.decided_margin),
        track_count=row.decided_tracks,
        note=row.note,
        reviewer=row.reviewer,
        reviewed_at=row.reviewed_at,
        demand=demand,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
    )
