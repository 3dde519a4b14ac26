"""Faces that were deleted here and that an engine, which keeps them itself, has yet to remove.

A row is written with the deletion, so that a restart while the engine is away forgets no face, and goes when the engine
has answered. Without it, a face that another program put there would look like that program's again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, func, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.people import GalleryFace
from portero_server.store.bulk.writing import insert_new
from portero_server.store.database import Database
from portero_server.store.schema import erasure_faces, leaving_faces

_columns = leaving_faces.c


async def note_leaving(connection: AsyncConnection, rows: Sequence[Any]) -> None:
    """Has the engine remove faces (rows of `faces`) that it keeps itself, as part of the unit that deletes them."""
    kept = [
        {"engine": row.engine, "external_id": row.external_id, "face_id": row.face_id, "person_id": row.person_id}
        for row in rows
        if row.external_id is not None
    ]
    await insert_new(connection, leaving_faces, kept)


async def take_leaving(connection: AsyncConnection, person_id: str) -> Sequence[Any]:
    """Takes the faces of a person off the list, and returns the rows, for their erasure to wait for them."""
    own = _columns.person_id == person_id
    rows = (await connection.execute(select(leaving_faces).where(own).with_for_update())).all()
    await connection.execute(delete(leaving_faces).where(own))
    return rows


async def move_leaving(connection: AsyncConnection, kept_id: str, other_id: str) -> None:
    """Makes the faces of a person those of another one, into whom they are merged."""
    await connection.execute(update(leaving_faces).where(_columns.person_id == other_id).values(person_id=kept_id))


async def leaving_ids(connection: AsyncConnection, external_ids: Collection[str]) -> frozenset[str]:
    """Returns those of these ids whose faces an engine has yet to remove, also for an erasure."""
    if not external_ids:
        return frozenset()
    wanted = sorted(external_ids)
    either = union_all(
        *(
            select(table.c.external_id).where(table.c.external_id.in_(wanted))
            for table in (leaving_faces, erasure_faces)
        )
    )
    return frozenset((await connection.scalars(either)).all())


class LeavingFaceStore:
    """Stores which faces an engine has yet to remove."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def first(self, engine: str, limit: int) -> Sequence[GalleryFace]:
        """Returns faces that an engine has yet to remove, without whose they were: at most `limit`.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        query = select(leaving_faces).where(_columns.engine == engine).order_by(_columns.external_id).limit(limit)

        async def unit(connection: AsyncConnection) -> Sequence[GalleryFace]:
            return [GalleryFace(row.face_id, "", None, row.external_id) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def removed(self, engine: str, faces: Collection[GalleryFace]) -> None:
        """Records that an engine has removed faces. Raises StoreUnavailable."""
        gone = _columns.external_id.in_(sorted(face.external_id for face in faces if face.external_id is not None))

        async def unit(connection: AsyncConnection) -> None:
            await connection.execute(delete(leaving_faces).where(_columns.engine == engine, gone))

        await self._database.run(unit)

    async def count(self) -> int:
        """Returns how many faces engines have yet to remove. Raises StoreUnavailable."""
        query = select(func.count()).select_from(leaving_faces)

        async def unit(connection: AsyncConnection) -> int:
            return int((await connection.execute(query)).scalar_one())

        return await self._database.read(unit)
