"""What is known of the engine's collection, which server looks at it next, and the stored faces to compare it with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.collection import CollectionState, CollectionTruth, Known, StoredFace
from portero_server.domain.people.people import FaceModel
from portero_server.store.bulk.writing import insert_new
from portero_server.store.database import Database
from portero_server.store.schema import collections, faces

_CHUNK = 5000
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class CollectionStore:
    """Stores what the last comparison found, for all servers; one row a collection.

    There is no leader: whichever server's turn comes first claims the next look, and the others take over what it
    found. One that dies amid its look leaves it to the next turn.
    """

    def __init__(self, database: Database, name: str) -> None:
        """Creates the store of one collection, `name`: of all the collections that servers of this database use."""
        self._database = database
        self._own = collections.c.name == name
        self._name = name

    async def claim(self, now: datetime, spacing: timedelta) -> bool:
        """Claims the next look. Returns False if another server did within `spacing`.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        # A claim from the future is that of a server whose clock was wrong.
        due = or_(collections.c.claimed_at <= now - spacing, collections.c.claimed_at > now + spacing)

        async def unit(connection: AsyncConnection) -> bool:
            await insert_new(connection, collections, [_BLANK | {"name": self._name}])
            claimed = await connection.execute(update(collections).where(self._own, due).values(claimed_at=now))
            return claimed.rowcount == 1

        return await self._database.run(unit)

    async def known(self) -> Known | None:
        """Returns what the last comparison found; None: there was none yet.

        Raises:
            StoreUnavailable: The database does not answer.
        """

        async def unit(connection: AsyncConnection) -> Known | None:
            row = (await connection.execute(select(collections).where(self._own))).one_or_none()
            # A server of a later version may know states that this one does not; it compares by itself.
            known = row is not None and row.compared_at is not None and row.state in _STATES
            return _known(row) if known else None

        return await self._database.read(unit)

    async def save(self, known: Known) -> None:
        """Stores what a comparison found.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        truth = known.truth
        values = {
            "compared_at": known.compared_at,
            "state": truth.state.value,
            "engine": truth.model.engine,
            "model_version": truth.model.version,
            "kept_faces": truth.kept,
            "stored_faces": truth.stored,
            "missing_faces": truth.missing,
            "foreign_faces": truth.foreign,
            "others_faces": truth.others,
            "other_models_faces": truth.other_models,
        }

        async def unit(connection: AsyncConnection) -> None:
            await insert_new(connection, collections, [_BLANK | {"name": self._name}])
            await connection.execute(update(collections).where(self._own).values(values))

        await self._database.run(unit)

    async def faces(self, engine: str) -> AsyncIterator[StoredFace]:
        """Yields every stored face of an engine, of whatever model, in chunks of short transactions.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        query = select(faces.c.face_id, faces.c.person_id, faces.c.model_version, faces.c.external_id)
        query = query.where(faces.c.engine == engine).order_by(faces.c.face_id).limit(_CHUNK)
        after = ""
        while True:
            chunk = query.where(faces.c.face_id > after)

            async def unit(connection: AsyncConnection, chunk: Any = chunk) -> list[StoredFace]:
                return [StoredFace(*row) for row in await connection.execute(chunk)]

            found = await self._database.read(unit)
            for face in found:
                yield face
            if len(found) < _CHUNK:
                return
            after = found[-1].face_id

    async def count_stored(self, model: FaceModel) -> int:
        """Returns how many faces of a model are stored.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        own = and_(faces.c.engine == model.engine, faces.c.model_version == model.version)
        return await self._counted(select(func.count()).select_from(faces).where(own))

    async def count_other_models(self, model: FaceModel) -> int:
        """Returns how many faces are stored of people who have none of a model.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        current = faces.alias()
        of_model = (current.c.engine == model.engine, current.c.model_version == model.version)
        known = select(current.c.face_id).where(current.c.person_id == faces.c.person_id, *of_model).exists()
        return await self._counted(select(func.count()).select_from(faces).where(~known))

    async def _counted(self, query: Any) -> int:
        async def unit(connection: AsyncConnection) -> int:
            return int((await connection.execute(query)).scalar_one())

        return await self._database.read(unit)


_BLANK: dict[str, Any] = {
    "claimed_at": _NEVER,
    "compared_at": None,
    "state": "",
    "engine": "",
    "model_version": "",
    "kept_faces": None,
    "stored_faces": 0,
    "missing_faces": 0,
    "foreign_faces": 0,
    "others_faces": 0,
    "other_models_faces": 0,
}


_STATES = frozenset(state.value for state in CollectionState)


def _known(row: Any) -> Known:
    truth = CollectionTruth(
        CollectionState(row.state),
        FaceModel(row.engine, row.model_version),
        stored=row.stored_faces,
        kept=row.kept_faces,
        missing=row.missing_faces,
        foreign=row.foreign_faces,
        others=row.others_faces,
        other_models=row.other_models_faces,
    )
    return Known(truth, row.compared_at)
