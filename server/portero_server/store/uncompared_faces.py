"""Enrolled faces that wait to be compared with those of others, since the engine or the database was away.

A row is written with its face, and goes when the comparison is stored, or with the face.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.people import FaceEnrollment
from portero_server.store.bulk.writing import insert_new
from portero_server.store.database import Database
from portero_server.store.gallery import enrollment
from portero_server.store.schema import faces, uncompared_faces

_columns = uncompared_faces.c


async def wait_for_comparison(connection: AsyncConnection, face_ids: Sequence[str], now: datetime) -> None:
    """Has faces wait, as part of the unit that holds them."""
    await insert_new(connection, uncompared_faces, [{"face_id": each, "tried_at": now} for each in face_ids])


async def compared(connection: AsyncConnection, face_id: str) -> None:
    """Has a face wait no more, as part of the unit that stores whom it is like."""
    await connection.execute(delete(uncompared_faces).where(_columns.face_id == face_id))


class UncomparedFaceStore:
    """Stores which faces wait."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, face_ids: Sequence[str]) -> None:
        """Has faces wait; those that are gone are passed over.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        there = select(faces.c.face_id).where(faces.c.face_id.in_(sorted(face_ids))).order_by(faces.c.face_id)

        async def unit(connection: AsyncConnection) -> None:
            held = list(await connection.scalars(there.with_for_update(read=True)))
            await wait_for_comparison(connection, held, self._clock.now())

        await self._database.run(unit)

    async def claim(self, limit: int, waited: timedelta) -> Sequence[FaceEnrollment]:
        """Returns faces that nobody has tried to compare for a time, the longest first; no other server has them then.

        Args:
            limit: How many at most.
            waited: For how long nobody must have tried.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        now = self._clock.now()
        due = select(_columns.face_id).where(_columns.tried_at <= now - waited)
        due = due.order_by(_columns.tried_at, _columns.face_id).limit(limit)

        async def unit(connection: AsyncConnection) -> Sequence[FaceEnrollment]:
            ids = list(await connection.scalars(due.with_for_update()))
            if not ids:
                return []
            own = update(uncompared_faces).where(_columns.face_id.in_(ids))
            await connection.execute(own.values(tried_at=now))
            found = await connection.execute(select(faces).where(faces.c.face_id.in_(ids)))
            known = {row.face_id: enrollment(row) for row in found}
            return [known[each] for each in ids if each in known]

        # Read first: nearly always none waits, and who only reads keeps no commit waiting.
        if not await self._database.read(lambda connection: _ids(connection, limit=1)):
            return []
        return await self._database.run(unit)

    async def settle(self, face_id: str) -> None:
        """Has a face wait no more.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        await self._database.run(lambda connection: compared(connection, face_id))

    async def count(self) -> int:
        """Returns how many faces wait."""

        async def unit(connection: AsyncConnection) -> int:
            found: int = (await connection.execute(select(func.count()).select_from(uncompared_faces))).scalar_one()
            return found

        return await self._database.read(unit)


async def _ids(connection: AsyncConnection, limit: int) -> Sequence[str]:
    return list(await connection.scalars(select(_columns.face_id).limit(limit)))
