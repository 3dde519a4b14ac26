"""People, their enrolled faces, and the gallery that these form."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.people import FaceEnrollment, FaceModel, GalleryFace, Person
from portero_server.errors import AlreadyExists, NotFound
from portero_server.store.database import Database, Unit
from portero_server.store.eligibility import blocked, consented, recognizable_names
from portero_server.store.face_cursors import face_position
from portero_server.store.gallery import (
    GalleryChange,
    changes_of,
    changes_query,
    enrollment,
    face_columns,
    gallery_face,
    log_changes,
)
from portero_server.store.gone_people import refuse_gone
from portero_server.store.leaving_faces import note_leaving
from portero_server.store.photo_rows import delete_faces
from portero_server.store.picture_rows import delete_pictures_of_person
from portero_server.store.repeated_requests import claim_request
from portero_server.store.schema import along, consents, faces, people, people_blocks
from portero_server.store.sequencers import last_position
from portero_server.store.snapshot_rows import delete_snapshots_of_person
from portero_server.store.twin_faces import delete_with_twins
from portero_server.store.uncompared_faces import wait_for_comparison

_GALLERY_CHUNK = 2000
_FACE_COUNT = select(func.count()).where(faces.c.person_id == people.c.person_id).scalar_subquery()


class PeopleStore:
    """Stores people and their faces."""

    def __init__(self, database: Database, clock: Clock, *, consent_required: bool = False) -> None:
        """Creates a store that uses `database`.

        Args:
            database: The database to use.
            clock: The server's clock.
            consent_required: Whether only people with a valid consent may be named, and learned.
        """
        self._database = database
        self._clock = clock
        self._consent_required = consent_required

    async def create(
        self,
        person_id: str,
        display_name: str,
        labels: Mapping[str, str],
        request_id: str | None = None,
        digest: str | None = None,
    ) -> Person:
        """Adds a person and returns them as stored.

        Args:
            person_id: Checked identifier.
            display_name: Checked name.
            labels: Checked labels.
            request_id: The same within a day gives the person of the first request.
            digest: What the request asks for, hashed; another one under the same request id is refused.

        Raises:
            InvalidInput: The request id was used for another request.
            AlreadyExists: The id is taken.
            FailedPrecondition: Somebody of this id was erased, or merged into somebody else; nobody gets it again.
            NotFound: The person of the first request was deleted since; a late repetition brings nobody back.
        """
        now = self._clock.now()
        row = person_columns(Person(person_id, display_name, now, now, labels))

        async def unit(connection: AsyncConnection) -> Person:
            if request_id is not None:
                first = await claim_request(connection, request_id, digest, person_id, now)
                if first is not None:
                    return await self._person(connection, first)
            try:
                await connection.execute(insert(people).values(row))
            except IntegrityError:
                raise AlreadyExists(f"people/{person_id}") from None
            await refuse_gone(connection, person_id)
            return await self._person(connection, person_id)

        return await self._database.run(unit)

    async def get(self, person_id: str) -> Person:
        """Returns a person by id.

        Raises:
            NotFound: It does not exist.
        """
        return await self._database.read(lambda connection: self._person(connection, person_id))

    async def list(
        self, limit: int, after_id: str | None = None, display_name_contains: str | None = None
    ) -> Sequence[Person]:
        """Returns people by id.

        Args:
            limit: How many at most.
            after_id: Only those after this id.
            display_name_contains: Only those whose display name holds this, whatever the case.
        """
        query = self._people().order_by(people.c.person_id).limit(limit)
        if after_id is not None:
            query = query.where(people.c.person_id > after_id)
        if display_name_contains:
            query = query.where(func.instr(people.c.search_name, display_name_contains.casefold()) > 0)
        return [_person_of(row) for row in await self._database.read(lambda connection: _rows(connection, query))]

    async def update(
        self, person_id: str, display_name: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Person:
        """Changes the values that are not None and returns the person as stored.

        Raises:
            NotFound: It does not exist.
        """
        values: dict[str, Any] = {"updated_at": self._clock.now()}
        if display_name is not None:
            values |= _named(display_name)
        if labels is not None:
            values["labels"] = labels

        async def unit(connection: AsyncConnection) -> Person:
            await connection.execute(update(people).where(people.c.person_id == person_id).values(values))
            return await self._person(connection, person_id)

        return await self._database.run(unit)

    async def delete(self, person_id: str) -> Sequence[GalleryFace]:
        """Removes a person with all faces, and returns the faces for engines to remove.

        Past sightings keep the name, as a visitors' book does; use `ErasureStore` to remove everything.

        Raises:
            NotFound: It does not exist.
        """

        async def unit(connection: AsyncConnection) -> Sequence[GalleryFace]:
            await lock_person(connection, person_id)
            # Before candidates go: also those of faces that the person was merely near.
            await delete_pictures_of_person(connection, person_id)
            await delete_snapshots_of_person(connection, person_id)
            own = faces.c.person_id == person_id
            removed = await _rows(connection, select(faces).where(own).order_by(faces.c.face_id))
            await delete_faces(connection, own)
            await connection.execute(delete(people).where(people.c.person_id == person_id))
            # The next person with this id has not consented to anything.
            ended = (consents.c.person_id == person_id, consents.c.withdrawn_at.is_(None))
            await connection.execute(update(consents).where(*ended).values(withdrawn_at=self._clock.now()))
            await connection.execute(delete(people_blocks).where(people_blocks.c.person_id == person_id))
            await note_leaving(connection, removed)
            await log_changes(connection, removed, added=False)
            return [gallery_face(row) for row in removed]

        return await self._database.run(unit)

    async def display_names(self, ids: Collection[str]) -> Mapping[str, str]:
        """Returns the display names of the people among `ids` who exist and may be named now."""
        now = self._clock.now()
        return await self._database.read(
            lambda connection: recognizable_names(connection, ids, now, consent_required=self._consent_required)
        )

    async def count_faces(self) -> Mapping[FaceModel, int]:
        """Returns the number of enrolled faces of each model that has any."""
        model = (faces.c.engine, faces.c.model_version)
        rows = await self._database.read(_reading(select(*model, func.count().label("number")).group_by(*model)))
        return {FaceModel(row.engine, row.model_version): row.number for row in rows}

    async def enrolled(
        self, limit: int, after_id: str | None = None
    ) -> Sequence[tuple[Person, Sequence[FaceEnrollment]]]:
        """Returns people by id with all their faces, oldest first: at most `limit` people after `after_id`."""
        chosen = self._people().where(people.c.person_id > (after_id or "")).order_by(people.c.person_id).limit(limit)

        async def unit(connection: AsyncConnection) -> Sequence[tuple[Person, Sequence[FaceEnrollment]]]:
            found = [_person_of(row) for row in await _rows(connection, chosen)]
            own = select(faces).where(faces.c.person_id.in_([person.person_id for person in found]))
            enrolled: dict[str, list[FaceEnrollment]] = {person.person_id: [] for person in found}
            for row in await _rows(connection, own.order_by(faces.c.created_at, faces.c.face_id)):
                enrolled[row.person_id].append(enrollment(row))
            return [(person, enrolled[person.person_id]) for person in found]

        return await self._database.read(unit)

    async def outdated(self, model: FaceModel, limit: int, after_id: str | None = None) -> Sequence[str]:
        """Returns people who have faces, and none of a model: at most `limit` ids after `after_id`, in order."""
        other = faces.alias()
        of_model = (other.c.person_id == people.c.person_id, other.c.engine == model.engine)
        current = select(other.c.face_id).where(*of_model, other.c.model_version == model.version)
        query = (
            select(people.c.person_id)
            .where(select(faces.c.face_id).where(faces.c.person_id == people.c.person_id).exists(), ~current.exists())
            .where(people.c.person_id > (after_id or ""))
            .order_by(people.c.person_id)
            .limit(limit)
        )
        return [row.person_id for row in await self._database.read(_reading(query))]

    async def add_face(
        self, face: FaceEnrollment, *, instead_of: FaceEnrollment | None = None, compared: bool = True
    ) -> FaceEnrollment:
        """Adds a face and returns what is stored: the existing face if its id is taken.

        Args:
            face: The face.
            instead_of: The existing face of this id, which the engine has lost; it is replaced.
            compared: Whether nobody waits for it to be compared with the faces of others.

        Raises:
            NotFound: The person does not exist.
        """

        async def unit(connection: AsyncConnection) -> FaceEnrollment:
            await lock_person(connection, face.person_id)
            query = select(faces).where(faces.c.face_id == face.face_id)
            present = (await connection.execute(query)).one_or_none()
            if present is not None:
                # Another enrollment may have replaced it, or the engine found it again.
                lost = instead_of is not None and present.external_id == instead_of.external_id
                if not lost or present.external_id == face.external_id:
                    return enrollment(present)
                await connection.execute(delete(faces).where(faces.c.face_id == face.face_id))
                await log_changes(connection, [present], added=False)
            await connection.execute(insert(faces).values(face_columns(face)))
            await log_changes(connection, [face], added=True)
            if not compared:
                await wait_for_comparison(connection, [face.face_id], self._clock.now())
            return face

        return await self._database.run(unit)

    async def list_faces(self, person_id: str, limit: int, after: str | None = None) -> Sequence[FaceEnrollment]:
        """Returns faces of a person, oldest first.

        Args:
            person_id: The person whose faces are listed.
            limit: How many at most.
            after: `face_cursor` of the last face of the page before; it may have been deleted since.

        Raises:
            NotFound: The person does not exist.
            InvalidInput: `after` is not a cursor.
        """
        query = select(faces).where(faces.c.person_id == person_id)
        if after is not None:
            moment, face_id = face_position(after)
            later = and_(faces.c.created_at == moment, faces.c.face_id > face_id)
            query = query.where(or_(faces.c.created_at > moment, later))
        query = query.order_by(faces.c.created_at, faces.c.face_id).limit(limit)

        async def unit(connection: AsyncConnection) -> Sequence[FaceEnrollment]:
            await self._person(connection, person_id)
            return [enrollment(row) for row in await _rows(connection, query)]

        return await self._database.read(unit)

    async def get_face(self, person_id: str, face_id: str) -> FaceEnrollment:
        """Returns one face of a person.

        Raises:
            NotFound: The person has no such face.
        """
        return await self._database.read(lambda connection: _face(connection, person_id, face_id))

    async def delete_face(self, person_id: str, face_id: str) -> GalleryFace:
        """Removes a face, and what its photo taught elsewhere, and returns it, for engines to remove.

        Raises:
            NotFound: The person has no such face.
        """

        async def unit(connection: AsyncConnection) -> GalleryFace:
            await lock_person(connection, person_id)
            removed = await _face(connection, person_id, face_id)
            gone = await delete_with_twins(connection, face_id)
            await note_leaving(connection, gone)
            await log_changes(connection, gone, added=False)
            return gallery_face(removed)

        return await self._database.run(unit)

    async def gallery(self, engine: str, model_version: str | None = None) -> AsyncIterator[GalleryFace]:
        """Yields every face of a model (None: of all models of the engine), in chunks of short transactions.

        Read `gallery_position` first: applying the changes after it corrects for concurrent changes.
        """
        query: Select[Any] = select(faces.c.face_id, faces.c.person_id, faces.c.embedding, faces.c.external_id)
        query = query.where(faces.c.engine == engine)
        if model_version is not None:
            query = along(query.where(faces.c.model_version == model_version), faces, "ix_faces_gallery")
        query = query.order_by(faces.c.face_id).limit(_GALLERY_CHUNK)
        after = ""
        while True:
            chunk = query.where(faces.c.face_id > after)
            rows = await self._database.read(_reading(chunk))
            for row in rows:
                yield gallery_face(row)
            if len(rows) < _GALLERY_CHUNK:
                return
            after = rows[-1].face_id

    async def gallery_position(self) -> int:
        """Returns the position of the gallery's last change, or 0 if there is none."""
        return await self._database.read(lambda connection: last_position(connection, "gallery"))

    async def gallery_changes(self, after: int, limit: int = 1000) -> Sequence[GalleryChange]:
        """Returns changes of the gallery after a position, in order; fewer than `limit` if there are no more."""
        query = changes_query(after, limit)
        return changes_of(await self._database.read(lambda connection: _rows(connection, query)))

    def _people(self) -> Select[Any]:
        may = consented(self._clock.now(), consent_required=self._consent_required)
        return select(people, _FACE_COUNT.label("face_count"), blocked().label("blocked"), may.label("consented"))

    async def _person(self, connection: AsyncConnection, person_id: str) -> Person:
        row = (await connection.execute(self._people().where(people.c.person_id == person_id))).one_or_none()
        if row is None:
            raise NotFound(f"people/{person_id}")
        return _person_of(row)


def person_columns(person: Person) -> dict[str, Any]:
    """Returns the column values of a row of `people`."""
    return {
        "person_id": person.person_id,
        "labels": person.labels,
        "created_at": person.created_at,
        "updated_at": person.updated_at,
    } | _named(person.display_name)


def _named(display_name: str) -> dict[str, str]:
    return {"display_name": display_name, "search_name": display_name.casefold()}


async def _rows(connection: AsyncConnection, query: Select[Any]) -> Sequence[Row[Any]]:
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


def _reading(query: Select[Any]) -> Unit[Sequence[Row[Any]]]:
    return lambda connection: _rows(connection, query)


def _person_of(row: Any) -> Person:
    return Person(
        row.person_id,
        row.display_name,
        row.created_at,
        row.updated_at,
        row.labels,
        row.face_count,
        blocked=bool(row.blocked),
        without_consent=not row.consented,
    )


async def lock_person(connection: AsyncConnection, person_id: str) -> None:
    """Locks a person's row until the transaction ends. Raises NotFound.

    Faces of a person are added and removed one at a time, so that none is added while the person is being deleted.
    """
    query = select(people.c.person_id).where(people.c.person_id == person_id).with_for_update()
    if (await connection.execute(query)).one_or_none() is None:
        raise NotFound(f"people/{person_id}")


async def _face(connection: AsyncConnection, person_id: str, face_id: str) -> FaceEnrollment:
    query = select(faces).where(faces.c.face_id == face_id, faces.c.person_id == person_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"people/{person_id}/faces/{face_id}")
    return enrollment(row)
