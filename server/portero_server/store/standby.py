"""Which collection is in use and which stands by, and the faces of the latter. Servers follow these rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, distinct, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.people import FaceEnrollment, FaceModel
from portero_server.domain.people.standby import (
    FIRST,
    STANDING_BY,
    CollectionPlace,
    CollectionRole,
    GalleryCollection,
    Sides,
    StandbyCounts,
    number_of,
)
from portero_server.errors import FailedPrecondition, InvalidInput, NotFound
from portero_server.store.database import Database
from portero_server.store.gallery import enrollment, face_columns, log_changes
from portero_server.store.people import lock_person
from portero_server.store.schema import faces, gallery_collections, photos
from portero_server.store.sequencers import take_positions
from portero_server.store.twin_faces import carry_pairs, of_collection

_columns = gallery_collections.c
_HELD = (CollectionRole.IN_USE, CollectionRole.PREPARING, CollectionRole.KEPT)


class StandbyStore:
    """Stores the roles of collections, and the faces of the one that stands by."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def sides(self) -> Sides | None:
        """Returns the collection in use and the one that stands by; None: that of the settings has always been alone.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        return await self._database.read(_sides)

    async def prepare(self, wanted: CollectionPlace, version: str, first: GalleryCollection) -> Sides:
        """Has a collection stand by. Repeating it changes nothing.

        Args:
            wanted: Its name and region; its number is ignored.
            version: Its face model, without a mark.
            first: The collection in use, as stored where none is stored yet.

        Raises:
            InvalidInput: It is the one in use.
            FailedPrecondition: Another one stands by, or this one has another face model than before.
        """

        async def unit(connection: AsyncConnection) -> Sides:
            # Two, so that the first one made is not the first of all.
            number = FIRST + await take_positions(connection, "collections", 2)
            sides = await _sides(connection)
            if sides is None:
                await connection.execute(insert(gallery_collections).values(_row_of(first)))
                sides = Sides(first)
            if _same(sides.in_use.place, wanted):
                raise InvalidInput("collection", f"the collection {wanted.collection_id} is the one in use")
            if sides.standby is not None:
                _check_same(sides.standby, wanted, version)
                return sides
            place = replace(wanted, number=number)
            made = GalleryCollection(place, CollectionRole.PREPARING, version, self._clock.now())
            await connection.execute(insert(gallery_collections).values(_row_of(made)))
            return replace(sides, standby=made)

        return await self._database.run(unit)

    async def switch(self, number: int) -> Sides:
        """Puts the collection that stands by in use, and keeps the other one, in one transaction.

        Photographs follow: each is then of the face that it taught in the collection in use.

        Args:
            number: Of the collection that stands by, as it was looked at.

        Raises:
            FailedPrecondition: It does not stand by any more.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> Sides:
            await take_positions(connection, "collections", 1)
            sides, standby = _standing_by(await _sides(connection), number)
            await _set_role(connection, sides.in_use.place.number, CollectionRole.KEPT, now)
            await _set_role(connection, number, CollectionRole.IN_USE, now)
            await _move_photos(connection, number)
            return Sides(
                replace(standby, role=CollectionRole.IN_USE, switched_at=now),
                replace(sides.in_use, role=CollectionRole.KEPT, switched_at=now),
            )

        return await self._database.run(unit)

    async def begin_drop(self, number: int) -> GalleryCollection:
        """Marks the collection that stands by as being removed: from now on nobody adds to it. May be repeated.

        Raises:
            FailedPrecondition: It does not stand by.
        """

        async def unit(connection: AsyncConnection) -> GalleryCollection:
            await take_positions(connection, "collections", 1)
            _, standby = _standing_by(await _sides(connection), number, also=CollectionRole.DROPPING)
            await _set_role(connection, number, CollectionRole.DROPPING, None)
            return replace(standby, role=CollectionRole.DROPPING)

        return await self._database.run(unit)

    async def finish_drop(self, number: int) -> None:
        """Records that a collection that was being removed is gone."""

        async def unit(connection: AsyncConnection) -> None:
            await take_positions(connection, "collections", 1)
            await _set_role(connection, number, CollectionRole.DROPPED, None)

        await self._database.run(unit)

    async def drop_faces(self, number: int, limit: int) -> int:
        """Removes faces of a collection that is being dropped; photographs stay, and people who look alike stay known.

        Args:
            number: Of the collection.
            limit: How many at most.

        Returns:
            How many were removed.
        """
        return await self._database.run(lambda connection: _drop_faces(connection, number, limit))

    async def counts(self, in_use: FaceModel, number: int) -> StandbyCounts:
        """Returns how far the collection that stands by agrees with the faces of the model in use."""
        other = faces.alias()
        beside, used = of_collection(number), _of_model(in_use)
        twinned = _twinned(faces, other, number)
        known = select(other.c.face_id).where(other.c.person_id == faces.c.person_id, of_collection(number, other))
        people = func.count(distinct(faces.c.person_id))

        async def unit(connection: AsyncConnection) -> StandbyCounts:
            held = (await connection.execute(select(func.count(), people).select_from(faces).where(beside))).one()
            missing = select(func.count()).select_from(faces).where(used, *twinned)
            unknown = select(people).select_from(faces).where(used, ~known.exists())
            return StandbyCounts(
                held[0],
                held[1],
                (await connection.execute(missing)).scalar_one(),
                (await connection.execute(unknown)).scalar_one(),
            )

        return await self._database.read(unit)

    async def twins(self, face_ids: Collection[str], number: int) -> Mapping[str, FaceEnrollment]:
        """Returns, by these faces, what their photographs taught a collection; faces without a twin are left out."""
        other, wanted = faces.alias(), sorted(face_ids)
        query = select(faces.c.face_id.label("of"), *other.c)
        query = query.where(faces.c.face_id.in_(wanted), of_collection(number, other))
        after = query.where(other.c.twin_of == faces.c.face_id)
        before = query.where(faces.c.twin_of == other.c.face_id)

        async def unit(connection: AsyncConnection) -> Mapping[str, FaceEnrollment]:
            found = [*await connection.execute(after), *await connection.execute(before)]
            return {row.of: enrollment(row) for row in found}

        return await self._database.read(unit) if wanted else {}

    async def add(self, face: FaceEnrollment, twin_of: str) -> FaceEnrollment:
        """Stores a face of the collection that stands by, and returns it as stored; one that was lost is replaced.

        Args:
            face: The face; its model version bears the collection's mark.
            twin_of: The face in use that the same photograph taught.

        Raises:
            NotFound: The person, or the face in use, went meanwhile.
            FailedPrecondition: The collection is being dropped.
        """
        number = number_of(face.model_version)

        async def unit(connection: AsyncConnection) -> FaceEnrollment:
            await lock_person(connection, face.person_id)
            used = select(faces.c.face_id).where(faces.c.face_id == twin_of, faces.c.person_id == face.person_id)
            if (await connection.execute(used)).first() is None:
                raise NotFound(f"people/{face.person_id}/faces/{twin_of}")
            # Held, so that none is added once the collection is being dropped.
            role = select(_columns.role).where(_columns.number == number).with_for_update(read=True)
            if (await connection.execute(role)).scalar() not in {each.value for each in _HELD}:
                raise FailedPrecondition("the collection is being dropped", reason="STANDBY_DROPPED")
            own = faces.c.face_id == face.face_id
            present = (await connection.execute(select(faces).where(own))).one_or_none()
            if present is None:
                await connection.execute(insert(faces).values(face_columns(face) | {"twin_of": twin_of}))
            else:
                link = present.twin_of if await _linked(connection, present, twin_of) else twin_of
                values = {"external_id": face.external_id, "embedding": face.embedding, "twin_of": link}
                await connection.execute(update(faces).where(own).values(values))
            if present is None or present.external_id != face.external_id:
                await log_changes(connection, [face], added=True)
            return enrollment((await connection.execute(select(faces).where(own))).one())

        return await self._database.run(unit)


async def _sides(connection: AsyncConnection) -> Sides | None:
    rows = (await connection.execute(select(gallery_collections).order_by(_columns.number))).all()
    found = [_collection_of(row) for row in rows]
    in_use = next((each for each in found if each.role is CollectionRole.IN_USE), None)
    if in_use is None:
        return None
    return Sides(in_use, next((each for each in found if each.role in STANDING_BY), None))


def _standing_by(
    sides: Sides | None, number: int, also: CollectionRole | None = None
) -> tuple[Sides, GalleryCollection]:
    standby = None if sides is None else sides.standby
    allowed = (CollectionRole.PREPARING, CollectionRole.KEPT, also)
    if sides is None or standby is None or standby.place.number != number or standby.role not in allowed:
        raise FailedPrecondition("the collection does not stand by any more: look again", reason="STANDBY_CHANGED")
    return sides, standby


def _check_same(standby: GalleryCollection, wanted: CollectionPlace, version: str) -> None:
    name = standby.place.collection_id
    if standby.role is CollectionRole.DROPPING:
        raise FailedPrecondition(
            f"the collection {name} is being dropped: `portero faces drop {name}` ends that", reason="STANDBY_EXISTS"
        )
    if not _same(standby.place, wanted):
        raise FailedPrecondition(
            f"the collection {name} stands by already: `portero faces drop {name}` removes it", reason="STANDBY_EXISTS"
        )
    if standby.model_version != version:
        raise FailedPrecondition(
            f"the collection {name} was made anew, with the face model {version} instead of {standby.model_version}: "
            f"`portero faces drop {name}`, then prepare it again",
            reason="STANDBY_OTHER_MODEL",
        )


def _same(one: CollectionPlace, other: CollectionPlace) -> bool:
    return (one.collection_id, one.region) == (other.collection_id, other.region)


async def _set_role(
    connection: AsyncConnection, number: int, role: CollectionRole, switched_at: datetime | None
) -> None:
    values: dict[str, Any] = {"role": role.value}
    if switched_at is not None:
        values["switched_at"] = switched_at
    await connection.execute(update(gallery_collections).where(_columns.number == number).values(values))


async def _move_photos(connection: AsyncConnection, number: int) -> None:
    """Makes each photo that taught a face of a collection that face's."""
    own, other = faces.alias("own"), faces.alias("other")
    later = select(own.c.face_id).where(own.c.twin_of == photos.c.face_id, of_collection(number, own)).limit(1)
    earlier = (
        select(own.c.face_id)
        .join(other, other.c.twin_of == own.c.face_id)
        .where(other.c.face_id == photos.c.face_id, of_collection(number, own))
        .limit(1)
    )
    for found in (later, earlier):
        moved = update(photos).where(found.correlate(photos).exists())
        await connection.execute(moved.values(face_id=found.correlate(photos).scalar_subquery()))


async def _drop_faces(connection: AsyncConnection, number: int, limit: int) -> int:
    query = select(faces.c.face_id).where(of_collection(number)).order_by(faces.c.face_id).limit(limit)
    gone = list(await connection.scalars(query))
    if gone:
        await carry_pairs(connection, gone)
        own = faces.c.face_id.in_(gone)
        await connection.execute(update(faces).where(faces.c.twin_of.in_(gone)).values(twin_of=None))
        await connection.execute(delete(faces).where(own))
    return len(gone)


def _twinned(table: Any, other: Any, number: int) -> tuple[ColumnElement[bool], ...]:
    """Returns the conditions that a face has no twin in a collection; two, since each can use its own index."""
    beside: Select[Any] = select(other.c.face_id).where(of_collection(number, other))
    return (
        ~beside.where(other.c.twin_of == table.c.face_id).exists(),
        ~beside.where(other.c.face_id == table.c.twin_of).exists(),
    )


async def _linked(connection: AsyncConnection, present: Row[Any], twin_of: str) -> bool:
    """Returns whether a stored face and the face in use are known as twins already."""
    back = select(faces.c.face_id).where(faces.c.face_id == twin_of, faces.c.twin_of == present.face_id)
    return present.twin_of == twin_of or (await connection.execute(back)).first() is not None


def _of_model(model: FaceModel) -> ColumnElement[bool]:
    return (faces.c.engine == model.engine) & (faces.c.model_version == model.version)


def _row_of(collection: GalleryCollection) -> dict[str, Any]:
    return {
        "number": collection.place.number,
        "collection": collection.place.collection_id,
        "region": collection.place.region,
        "role": collection.role.value,
        "model_version": collection.model_version,
        "created_at": collection.created_at,
        "switched_at": collection.switched_at,
    }


def _collection_of(row: Row[Any]) -> GalleryCollection:
    place = CollectionPlace(row.number, row.collection, row.region)
    return GalleryCollection(place, CollectionRole(row.role), row.model_version, row.created_at, row.switched_at)
