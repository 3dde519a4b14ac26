"""Strangers who are known again, and the visits that are theirs.

Whose visit it is, is decided outside of any transaction, from what was read at one position of the sequencer
"visitors". Every change of a visitor locks that row and moves it, so a decision that somebody else has overtaken is not
written: two servers never make two visitors of one stranger at once, and nobody who was forgotten meanwhile comes back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.visitors import Forgotten, StrangerFace, Visitor, VisitorOutcome
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.store.database import Database
from portero_server.store.export_rows import note_days_of_visitors
from portero_server.store.remains import rows_naming
from portero_server.store.schema import (
    cameras,
    review_pictures,
    sighting_tracks,
    sightings,
    snapshots,
    visitor_encodings,
    visitor_visits,
    visitors,
)
from portero_server.store.sequencers import last_position, take_positions
from portero_server.store.visitor_rows import (
    erase_visitors,
    keep_newest,
    lock_visitors,
    never_again,
    renumber,
    tell,
    visitors_of,
)

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class StrangerVisit:
    """The stored sighting of a stranger's track; `named`: it is a person's, or a visitor's already."""

    sighting_id: str
    camera_id: str
    site: str
    first_seen: datetime
    last_seen: datetime
    named: bool


@dataclass(frozen=True, slots=True)
class KnownVisitors:
    """The encodings of a site's visitors.

    Attributes:
        position: Where the sequencer was when they were read.
        visitor_ids: Whose each encoding is.
        encodings: One row each, float32.
        beside: Visitors seen at the same camera at the same time as the visit that is asked about.
    """

    position: int
    visitor_ids: tuple[str, ...]
    encodings: NDArray[np.float32]
    beside: frozenset[str]

    @property
    def count(self) -> int:
        """How many visitors there are."""
        return len(set(self.visitor_ids))


@dataclass(frozen=True, slots=True)
class Assigned:
    """What was written of a visit; `visit`: which one of the visitor it is; `position`: of the event that tells it."""

    visitor_id: str
    visit: int
    position: int


class VisitorStore:
    """Stores visitors."""

    def __init__(self, database: Database, clock: Clock, *, most_encodings: int = 5, visit_gap: timedelta) -> None:
        """Creates the store.

        Args:
            database: Where they are.
            clock: Dates them.
            most_encodings: Encodings kept of a visitor, the newest.
            visit_gap: A sighting that begins later than this after the one before is another visit.
        """
        self._database = database
        self._clock = clock
        self._most_encodings = most_encodings
        self._visit_gap = visit_gap

    async def visit_of(self, track_id: str) -> StrangerVisit | None:
        """Returns the sighting of a track; None: none is stored."""
        joined = sighting_tracks.join(sightings, sightings.c.sighting_id == sighting_tracks.c.sighting_id)
        joined = joined.outerjoin(cameras, cameras.c.camera_id == sightings.c.camera_id)
        joined = joined.outerjoin(visitor_visits, visitor_visits.c.sighting_id == sightings.c.sighting_id)
        query = select(sightings, cameras.c.site, visitor_visits.c.visitor_id).select_from(joined)
        query = query.where(sighting_tracks.c.track_id == track_id, sightings.c.track_count > 0)

        async def unit(connection: AsyncConnection) -> StrangerVisit | None:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            taken = row.person_id is not None or row.visitor_id is not None
            return StrangerVisit(
                row.sighting_id, row.camera_id, row.site or "", row.first_seen, row.last_seen, named=taken
            )

        return await self._database.read(unit)

    async def known(self, visit: StrangerVisit, model_version: str) -> KnownVisitors:
        """Returns the encodings that a visit is compared with: those of its site, made by one model."""
        own = (visitors.c.site == visit.site, visitor_encodings.c.model_version == model_version)
        query = select(visitor_encodings.c.visitor_id, visitor_encodings.c.embedding)
        query = query.join(visitors, visitors.c.visitor_id == visitor_encodings.c.visitor_id).where(*own)
        at_once: Any = select(visitor_visits.c.visitor_id).join(
            sightings, sightings.c.sighting_id == visitor_visits.c.sighting_id
        )
        at_once = at_once.where(
            sightings.c.camera_id == visit.camera_id,
            sightings.c.first_seen < visit.last_seen,
            sightings.c.first_seen > visit.first_seen - timedelta(days=1),
            sightings.c.last_seen > visit.first_seen,
        )

        async def unit(connection: AsyncConnection) -> KnownVisitors:
            # First: whatever is read after it and is newer makes the decision void, which is then made again.
            position = await last_position(connection, "visitors")
            rows = (await connection.execute(query)).all()
            vectors = np.frombuffer(b"".join(row.embedding for row in rows), dtype="<f4")
            beside = frozenset(await connection.scalars(at_once))
            width = len(rows[0].embedding) // 4 if rows else 0
            return KnownVisitors(
                position, tuple(row.visitor_id for row in rows), vectors.reshape(len(rows), width), beside
            )

        return await self._database.read(unit)

    async def assign(
        self,
        visit: StrangerVisit,
        visitor_id: str | None,
        faces: Sequence[StrangerFace],
        model_version: str,
        position: int,
    ) -> Assigned | VisitorOutcome | None:
        """Stores whose visit it is, and tells it by an event of the sighting.

        Args:
            visit: The sighting.
            visitor_id: Whose it is; None: a new visitor's.
            faces: Encodings to keep.
            model_version: What made them.
            position: Where the sequencer was when the visitors were read that it was compared with.

        Returns:
            None: visitors have changed since; decide again. NAMED: the sighting is somebody's by now.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> Assigned | VisitorOutcome | None:
            if await lock_visitors(connection) != position:
                return None
            held = select(sightings).where(sightings.c.sighting_id == visit.sighting_id, sightings.c.track_count > 0)
            row = (await connection.execute(held.with_for_update(read=True))).one_or_none()
            taken = select(visitor_visits.c.sighting_id).where(visitor_visits.c.sighting_id == visit.sighting_id)
            if row is None or row.person_id is not None or (await connection.execute(taken)).first() is not None:
                return VisitorOutcome.NAMED
            own = visitor_id or uuid4().hex
            if visitor_id is None:
                made = {"visitor_id": own, "site": visit.site, "created_at": now}
                await connection.execute(insert(visitors).values(made))
            else:
                there = select(visitors.c.visitor_id).where(visitors.c.visitor_id == own).with_for_update(read=True)
                if (await connection.execute(there)).first() is None:
                    # Expired meanwhile.
                    return None
            number = await self._next_visit(connection, own, row.first_seen)
            link = {"sighting_id": visit.sighting_id, "visitor_id": own, "visit": number, "seen_at": row.last_seen}
            await connection.execute(insert(visitor_visits).values(link))
            rows = [
                {
                    "encoding_id": uuid4().hex,
                    "visitor_id": own,
                    "sighting_id": visit.sighting_id,
                    "model_version": model_version,
                    "embedding": np.asarray(face.encoding, dtype="<f4").tobytes(),
                    "quality": face.quality,
                    "seen_at": row.last_seen,
                }
                for face in faces
            ]
            await connection.execute(insert(visitor_encodings), rows)
            await keep_newest(connection, own, self._most_encodings)
            await take_positions(connection, "visitors", 1)
            return Assigned(own, number, await tell(connection, visit.sighting_id, visit.camera_id, now))

        return await self._database.run(unit)

    async def get(self, visitor_id: str) -> Visitor:
        """Returns a visitor. Raises NotFound."""
        found = await self._read(select(visitors).where(visitors.c.visitor_id == visitor_id))
        if not found:
            raise NotFound(f"visitors/{visitor_id}")
        return found[0]

    async def list(
        self, limit: int, after: tuple[datetime, str] | None = None, site: str | None = None
    ) -> Sequence[Visitor]:
        """Returns visitors, the newest first: at most `limit` after the creation and id of the last one.

        Args:
            limit: How many at most.
            after: Where the page before ended; None: the first page.
            site: Only of this site; None: of all.
        """
        query = select(visitors).order_by(visitors.c.created_at.desc(), visitors.c.visitor_id.desc()).limit(limit)
        if site is not None:
            query = query.where(visitors.c.site == site)
        if after is not None:
            moment, visitor_id = after
            tie = (visitors.c.created_at == moment) & (visitors.c.visitor_id < visitor_id)
            query = query.where(or_(visitors.c.created_at < moment, tie))
        return await self._read(query)

    async def nameless(self, visitor_id: str, limit: int, after: str = "") -> Sequence[str]:
        """Returns sightings of a visitor that are nobody's else, by id: at most `limit` after the last one."""
        query = select(sightings.c.sighting_id).join(
            visitor_visits, visitor_visits.c.sighting_id == sightings.c.sighting_id
        )
        query = query.where(visitor_visits.c.visitor_id == visitor_id, sightings.c.person_id.is_(None))
        query = query.where(sightings.c.track_count > 0, sightings.c.sighting_id > after)

        async def unit(connection: AsyncConnection) -> Sequence[str]:
            return list(await connection.scalars(query.order_by(sightings.c.sighting_id).limit(limit)))

        return await self._database.read(unit)

    async def all_encodings(self, model_version: str) -> Mapping[str, Sequence[bytes]]:
        """Returns the encodings of every visitor of every site, by id."""
        query = select(visitor_encodings.c.visitor_id, visitor_encodings.c.embedding)
        query = query.where(visitor_encodings.c.model_version == model_version)

        async def unit(connection: AsyncConnection) -> Mapping[str, Sequence[bytes]]:
            found: dict[str, list[bytes]] = {}
            for row in await connection.execute(query):
                found.setdefault(row.visitor_id, []).append(row.embedding)
            return found

        return await self._database.read(unit)

    async def merge(self, visitor_id: str, other_id: str) -> Visitor:
        """Makes two visitors one: everything of the other becomes the first one's, and the other is gone.

        Raises:
            NotFound: One of them does not exist.
            FailedPrecondition: They are of two sites.
        """

        async def unit(connection: AsyncConnection) -> Visitor:
            await lock_visitors(connection)
            sites = []
            for each in (visitor_id, other_id):
                row = (await connection.execute(select(visitors).where(visitors.c.visitor_id == each))).one_or_none()
                if row is None:
                    raise NotFound(f"visitors/{each}")
                sites.append(row.site)
            if sites[0] != sites[1]:
                raise FailedPrecondition("visitors of two sites are never one", reason="OTHER_SITE")
            # Visits get another visitor or number, of which no event tells.
            await note_days_of_visitors(connection, [visitor_id, other_id])
            for table in (visitor_encodings, visitor_visits):
                moved = update(table).where(table.c.visitor_id == other_id).values(visitor_id=visitor_id)
                await connection.execute(moved)
            await connection.execute(delete(visitors).where(visitors.c.visitor_id == other_id))
            # Whoever is forgotten later does not come back under this id with a backup from before.
            await never_again(connection, [other_id], self._clock.now())
            await keep_newest(connection, visitor_id, self._most_encodings)
            await renumber(connection, visitor_id, self._visit_gap)
            await take_positions(connection, "visitors", 1)
            rows = (await connection.execute(select(visitors).where(visitors.c.visitor_id == visitor_id))).all()
            return (await visitors_of(connection, rows))[0]

        return await self._database.run(unit)

    async def forget(self, visitor_ids: Collection[str]) -> Forgotten:
        """Erases visitors; those who are gone already are passed over.

        Their sightings stay, as those of strangers whom nobody knows again.

        Raises:
            StoreUnavailable: The database does not answer; called again, it goes on.
        """
        now = self._clock.now()
        counts = {table.name: 0 for table in (visitors, visitor_encodings, visitor_visits, review_pictures, snapshots)}
        gone: set[str] = set()
        ordered = sorted(visitor_ids)
        for start in range(0, len(ordered), _AT_ONCE):
            some = ordered[start : start + _AT_ONCE]
            removed, found = await self._database.run(partial(erase_visitors, visitor_ids=some, now=now))
            gone |= found
            counts = {place: count + removed[place] for place, count in counts.items()}
        sqlite = self._database.dialect == "sqlite"
        overwritten = sqlite and bool(gone) and await self._database.empty_log()
        return Forgotten(tuple(sorted(gone)), counts, now, self._clock.now() if overwritten else None)

    async def remains(self, visitor_ids: Collection[str]) -> Mapping[str, int]:
        """Searches every table for visitors, which takes as long as reading the database.

        Returns:
            Number of rows that name one of them, by table and column.
        """
        found: dict[str, int] = {}
        for each in sorted(visitor_ids):
            for place, rows in await self._database.read(partial(rows_naming, name=each)):
                found[place] = found.get(place, 0) + rows
        return found

    async def counts(self) -> tuple[int, int]:
        """Returns how many visitors and how many encodings are stored."""

        async def unit(connection: AsyncConnection) -> tuple[int, int]:
            numbers = [
                int((await connection.execute(select(func.count()).select_from(table))).scalar_one())
                for table in (visitors, visitor_encodings)
            ]
            return numbers[0], numbers[1]

        return await self._database.read(unit)

    async def _next_visit(self, connection: AsyncConnection, visitor_id: str, first_seen: datetime) -> int:
        """Returns which visit a sighting is: the latest one, or the one after it."""
        query: Any = select(visitor_visits.c.visit, sightings.c.last_seen).join(
            sightings, sightings.c.sighting_id == visitor_visits.c.sighting_id
        )
        query = query.where(visitor_visits.c.visitor_id == visitor_id)
        latest = (await connection.execute(query.order_by(sightings.c.last_seen.desc()).limit(1))).one_or_none()
        if latest is None:
            return 1
        visit: int = latest.visit
        return visit + 1 if first_seen - latest.last_seen > self._visit_gap else visit

    async def _read(self, query: Select[Any]) -> Sequence[Visitor]:
        async def unit(connection: AsyncConnection) -> Sequence[Visitor]:
            return await visitors_of(connection, (await connection.execute(query)).all())

        return await self._database.read(unit)
