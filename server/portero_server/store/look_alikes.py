"""People who may be taken for each other: pairs of their faces, and what these say of the people.

A row is a pair of faces, and goes with either of them: the database sees to that, so that nothing stays of somebody
whom a server of an earlier version removes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.look_alikes import ConfusablePair, FacePair, as_owned
from portero_server.domain.people.people import FaceEnrollment
from portero_server.store.bulk.writing import insert_new
from portero_server.store.database import Database
from portero_server.store.gallery import enrollment
from portero_server.store.schema import faces, look_alikes
from portero_server.store.uncompared_faces import compared

_columns = look_alikes.c
_people = (_columns.first_person_id, _columns.second_person_id)


class LookAlikeStore:
    """Stores pairs of faces."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, pairs: Sequence[FacePair], of_face: str | None = None) -> None:
        """Stores pairs; those that are known, or whose faces are gone, are passed over.

        A face that became another person's while it was compared is stored as that person's; pairs of one person are
        passed over.

        Args:
            pairs: What was found.
            of_face: The face that was compared, which waits for it no more; None: none waits.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        if not pairs and of_face is None:
            return
        now = self._clock.now()
        ids = sorted({face_id for pair in pairs for face_id in (pair.first_face_id, pair.second_face_id)})
        # Held until the end, so that none is removed before the row that names it is there to go with it.
        there = select(faces.c.face_id, faces.c.person_id).where(faces.c.face_id.in_(ids)).order_by(faces.c.face_id)

        async def unit(connection: AsyncConnection) -> None:
            held = {row.face_id: row.person_id for row in await connection.execute(there.with_for_update(read=True))}
            stored = [each for pair in pairs if (each := as_owned(pair, held)) is not None]
            rows = [{**pair._asdict(), "found_at": now} for pair in stored]
            await insert_new(connection, look_alikes, rows)
            if of_face is not None:
                await compared(connection, of_face)

        await self._database.run(unit)

    async def confusable_with(self, person_id: str, others: Collection[str]) -> frozenset[str]:
        """Returns those of the others who may be taken for a person.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        if not others:
            return frozenset()
        pairs = [sorted((person_id, other)) for other in sorted(others)]
        either = or_(
            *(and_(_columns.first_person_id == first, _columns.second_person_id == second) for first, second in pairs)
        )
        query = select(*_people).where(either).distinct()

        async def unit(connection: AsyncConnection) -> frozenset[str]:
            rows = (await connection.execute(query)).all()
            return frozenset(second if first == person_id else first for first, second in rows)

        return await self._database.read(unit)

    async def list(self, limit: int, after: tuple[str, str] | None = None) -> Sequence[ConfusablePair]:
        """Returns pairs of people by their ids: at most `limit` after the ids of the last one.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        query = select(
            *_people,
            func.max(_columns.similarity).label("similarity"),
            func.min(_columns.found_at).label("found_at"),
        )
        if after is not None:
            first, second = after
            in_first = and_(_columns.first_person_id == first, _columns.second_person_id > second)
            query = query.where(or_(_columns.first_person_id > first, in_first))
        query = query.group_by(*_people).order_by(*_people).limit(limit)

        async def unit(connection: AsyncConnection) -> Sequence[ConfusablePair]:
            return [ConfusablePair(*row) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def partners(self, face_id: str, limit: int) -> Sequence[FaceEnrollment]:
        """Returns the faces that a face is paired with, the most similar first.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        either = union_all(
            select(_columns.second_face_id.label("face_id"), _columns.similarity).where(
                _columns.first_face_id == face_id
            ),
            select(_columns.first_face_id.label("face_id"), _columns.similarity).where(
                _columns.second_face_id == face_id
            ),
        ).subquery()
        query: Any = select(faces).join(either, either.c.face_id == faces.c.face_id)
        query = query.order_by(either.c.similarity.desc(), faces.c.face_id).limit(limit)

        async def unit(connection: AsyncConnection) -> Sequence[FaceEnrollment]:
            return [enrollment(row) for row in await connection.execute(query)]

        return await self._database.read(unit)
