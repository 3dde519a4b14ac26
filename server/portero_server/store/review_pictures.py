"""The pictures of faces that wait to be reviewed, one for each sighting: sealed bytes, which no key in here opens.

Each is written in one transaction with the checks that allow it, which holds visitors, and the people whom it may
show. So whoever is erased, blocked or forgotten meanwhile either has the picture removed by that, or none is written
after it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.recording.review_pictures import (
    PictureFacts,
    PictureOutcome,
    PictureRank,
    PictureRules,
    concealment,
    refusal,
)
from portero_server.store.database import Database
from portero_server.store.eligibility import hold_people, recognizable_names
from portero_server.store.picture_facts import facts_of, sighting_with
from portero_server.store.schema import decisions, review_pictures, sighting_tracks
from portero_server.store.visitor_rows import hold_visitors


@dataclass(frozen=True, slots=True)
class SealedPicture:
    """The picture of a track.

    Attributes:
        track_id: Whose it is, and what it is sealed for.
        rank: How good it is.
        taken_at: When it was captured, UTC.
        sealed: A JPEG file, sealed.
        kept_at: When it was stored, UTC; None: it is not yet.
    """

    track_id: str
    rank: PictureRank
    taken_at: datetime
    sealed: bytes
    kept_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PicturesHeld:
    """How many pictures are stored, and their bytes together."""

    count: int
    size: int


class ReviewPictureStore:
    """Stores pictures for reviews."""

    def __init__(self, database: Database, clock: Clock, rules: PictureRules, *, span: timedelta, most: int) -> None:
        """Creates the store.

        Args:
            database: Where they are.
            clock: Dates them.
            rules: Whose pictures may be kept.
            span: How long one is shown.
            most: How many are kept at most.
        """
        self._database = database
        self._clock = clock
        self._rules = rules
        self._span = span
        self._most = most

    async def refusal(self, track_id: str, taken_at: datetime) -> PictureOutcome | None:
        """Returns why a picture of a track is not kept now; None: it may be.

        Args:
            track_id: Whose.
            taken_at: When it was captured. UNSTORED is returned until sighting and decision are stored.

        Raises:
            StoreUnavailable: The database does not answer.
        """

        async def unit(connection: AsyncConnection) -> PictureOutcome | None:
            if not await _decided(connection, track_id, taken_at):
                return PictureOutcome.UNSTORED
            facts = await facts_of(connection, await sighting_with(connection, track_id), [track_id])
            if facts is None:
                return PictureOutcome.UNSTORED
            return refusal(facts, self._rules, await self._nameable(connection, facts))

        return await self._database.read(unit)

    async def keep(self, picture: SealedPicture) -> PictureOutcome:
        """Stores a picture in the place of the poorer ones of its sighting, if it may be kept.

        Returns:
            KEPT, POORER, FULL, or why it may not be kept.

        Raises:
            StoreUnavailable: The database does not answer.
            StoreRefused: It refuses the row.
        """

        async def unit(connection: AsyncConnection) -> PictureOutcome:
            own = [picture.track_id]
            facts = await facts_of(connection, await sighting_with(connection, picture.track_id), own)
            if facts is None:
                return PictureOutcome.UNSTORED
            people = facts.people
            await hold_people(connection, people)
            await hold_visitors(connection)
            # Once more, with them held: somebody may have been erased or forgotten since.
            facts = await facts_of(connection, facts.sighting.sighting_id, own)
            if facts is None or not set(people).issuperset(facts.people):
                return PictureOutcome.WITHHELD
            refused = refusal(facts, self._rules, await self._nameable(connection, facts))
            return await self._written(connection, picture, facts) if refused is None else refused

        return await self._database.run(unit)

    async def get(self, sighting_id: str) -> SealedPicture | None:
        """Returns the best picture of a sighting; None: there is none that may be shown now."""

        async def unit(connection: AsyncConnection) -> SealedPicture | None:
            query = _of_sighting(sighting_id).where(review_pictures.c.kept_at > self._clock.now() - self._span)
            found = [_picture(row) for row in await connection.execute(query)]
            facts = await facts_of(connection, sighting_id, [each.track_id for each in found]) if found else None
            if facts is None:
                return None
            if concealment(facts, self._rules, await self._nameable(connection, facts)) is not None:
                return None
            return max(found, key=lambda each: each.rank)

        return await self._database.read(unit)

    async def having(self, sighting_ids: Collection[str]) -> frozenset[str]:
        """Returns those of these sightings of which there is a picture."""
        query = select(sighting_tracks.c.sighting_id)
        query = query.join(review_pictures, review_pictures.c.track_id == sighting_tracks.c.track_id)
        query = query.where(
            sighting_tracks.c.sighting_id.in_(sorted(sighting_ids)),
            review_pictures.c.kept_at > self._clock.now() - self._span,
        )

        async def unit(connection: AsyncConnection) -> frozenset[str]:
            return frozenset(await connection.scalars(query))

        return await self._database.read(unit) if sighting_ids else frozenset()

    async def held(self) -> PicturesHeld:
        """Returns how many pictures are stored."""
        sizes = func.coalesce(func.sum(review_pictures.c.size), 0)
        query = select(func.count(), sizes).select_from(review_pictures)

        async def unit(connection: AsyncConnection) -> PicturesHeld:
            count, size = (await connection.execute(query)).one()
            return PicturesHeld(int(count), int(size))

        return await self._database.read(unit)

    async def _nameable(self, connection: AsyncConnection, facts: PictureFacts) -> frozenset[str]:
        names = await recognizable_names(
            connection,
            facts.people,
            self._clock.now(),
            consent_required=self._rules.consent_required,
        )
        return frozenset(names)

    async def _written(
        self, connection: AsyncConnection, picture: SealedPicture, facts: PictureFacts
    ) -> PictureOutcome:
        rows = (await connection.execute(_of_sighting(facts.sighting.sighting_id))).all()
        others = [_picture(row) for row in rows]
        if any(each.rank >= picture.rank for each in others):
            return PictureOutcome.POORER
        if others:
            worse = review_pictures.c.track_id.in_([each.track_id for each in others])
            await connection.execute(delete(review_pictures).where(worse))
        else:
            count = select(func.count()).select_from(review_pictures)
            if (await connection.execute(count)).scalar_one() >= self._most:
                return PictureOutcome.FULL
        row = {
            "track_id": picture.track_id,
            "person_id": next(iter(facts.people), None),
            "similarity": picture.rank.similarity,
            "quality": picture.rank.quality,
            "taken_at": picture.taken_at,
            "kept_at": self._clock.now(),
            "size": len(picture.sealed),
            "sealed": picture.sealed,
        }
        await connection.execute(insert(review_pictures).values(row))
        return PictureOutcome.KEPT


async def _decided(connection: AsyncConnection, track_id: str, taken_at: datetime) -> bool:
    query = select(decisions.c.recognition_id)
    query = query.where(decisions.c.track_id == track_id, decisions.c.captured_at == taken_at)
    return (await connection.execute(query.limit(1))).first() is not None


def _of_sighting(sighting_id: str) -> Any:
    query = select(review_pictures).join(sighting_tracks, sighting_tracks.c.track_id == review_pictures.c.track_id)
    return query.where(sighting_tracks.c.sighting_id == sighting_id)


def _picture(row: Any) -> SealedPicture:
    return SealedPicture(
        row.track_id, PictureRank(row.similarity, row.quality), row.taken_at, bytes(row.sealed), row.kept_at
    )
