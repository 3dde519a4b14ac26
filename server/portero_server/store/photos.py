"""The photographs of the vault. A row is written before its object and goes after it, so that none is nobody's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.photos import SETTLES_AFTER, Keeping, PhotoState, VaultPhoto
from portero_server.errors import NotFound
from portero_server.store.database import Database
from portero_server.store.eligibility import may_keep_photos
from portero_server.store.people import lock_person
from portero_server.store.photo_rows import delete_later
from portero_server.store.schema import faces, photos

_KEPT, _PENDING, _DELETING = (state.value for state in (PhotoState.KEPT, PhotoState.PENDING, PhotoState.DELETING))


class PhotoStore:
    """Stores which photographs the vault keeps. Every change of a person's rows locks the person first."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, photo_id: str, person_id: str, face_id: str, digest: str) -> Keeping | None:
        """Stores the row of a photo whose object is to be written now.

        Returns:
            None: the object may be written. KNOWN: the vault has the photo already. NO_CONSENT: it must not keep it.

        Raises:
            NotFound: Person or face went meanwhile.
            StoreUnavailable: The database does not answer.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> Keeping | None:
            await lock_person(connection, person_id)
            taught = select(faces.c.face_id).where(faces.c.face_id == face_id, faces.c.person_id == person_id)
            if (await connection.execute(taught)).first() is None:
                raise NotFound(f"people/{person_id}/faces/{face_id}")
            if not (await connection.execute(select(may_keep_photos(literal(person_id), now)))).scalar_one():
                return Keeping.NO_CONSENT
            if await _kept(connection, person_id, digest, face_id):
                return Keeping.KNOWN
            row = {"photo_id": photo_id, "person_id": person_id, "face_id": face_id, "digest": digest}
            await connection.execute(insert(photos).values(row | {"state": _PENDING, "created_at": now}))
            return None

        return await self._database.run(unit)

    async def complete(self, photo_id: str, person_id: str) -> Keeping | None:
        """Records that the object is in the vault.

        Returns:
            KEPT: it stays. Otherwise it must be deleted again at once: KNOWN, another enrollment of the same photo was
            faster; None, person, face or consent went meanwhile.

        Raises:
            NotFound: The person went meanwhile.
            StoreUnavailable: The database does not answer; the row stays pending, and is swept.
        """

        async def unit(connection: AsyncConnection) -> Keeping | None:
            await lock_person(connection, person_id)
            own = photos.c.photo_id == photo_id
            row = (await connection.execute(select(photos).where(own))).one_or_none()
            if row is None or row.state != _PENDING:
                return None
            if await _kept(connection, person_id, row.digest, row.face_id):
                await delete_later(connection, own)
                return Keeping.KNOWN
            await connection.execute(update(photos).where(own).values(state=_KEPT, kept_at=self._clock.now()))
            return Keeping.KEPT

        return await self._database.run(unit)

    async def kept_of(self, person_id: str) -> Sequence[VaultPhoto]:
        """Returns the kept photos of a person, by id."""
        query = self._photos().where(photos.c.state == _KEPT, photos.c.person_id == person_id)
        return await self._read(query.order_by(photos.c.photo_id))

    async def begin_copy(self, photo_id: str, person_id: str, photo: VaultPhoto, digest: str) -> bool:
        """Stores the row of a copy, for another person, of a photo; it stays pending until the two are merged.

        Returns:
            Whether the object may be written; False: that person has the same photo.

        Raises:
            NotFound: There is no such person.
            StoreUnavailable: The database does not answer.
        """
        now = self._clock.now()
        own = (photos.c.person_id == person_id, photos.c.digest == digest, photos.c.state == _KEPT)

        async def unit(connection: AsyncConnection) -> bool:
            await lock_person(connection, person_id)
            if (await connection.execute(select(photos.c.photo_id).where(*own))).first() is not None:
                return False
            row = {"photo_id": photo_id, "person_id": person_id, "face_id": photo.face_id, "digest": digest}
            await connection.execute(insert(photos).values(row | {"state": _PENDING, "created_at": now}))
            return True

        return await self._database.run(unit)

    async def taught(self, photo_id: str, face_id: str) -> bool:
        """Records which face a photo taught last. Returns False if the photo is not kept any more.

        The face that it taught before, of another model, is its twin from then on, and goes with it.
        """

        async def unit(connection: AsyncConnection) -> bool:
            own = (photos.c.photo_id == photo_id, photos.c.state == _KEPT)
            before = await connection.scalar(select(photos.c.face_id).where(*own).with_for_update())
            if before is None:
                return False
            await _bind(connection, photo_id, before, face_id)
            return True

        return await self._database.run(unit)

    async def expire(self, limit: int) -> int:
        """Marks photos for deletion that were never finished, or that nobody consents to any more.

        Args:
            limit: How many at most.

        Returns:
            How many were marked.
        """
        now = self._clock.now()
        abandoned = and_(photos.c.state == _PENDING, photos.c.created_at <= now - SETTLES_AFTER)
        unwanted = and_(photos.c.state == _KEPT, ~may_keep_photos(photos.c.person_id, now))

        # Read first: nearly always there is nothing to mark, and who only reads keeps no commit waiting.
        if not await self._ids(select(photos.c.photo_id).where(or_(abandoned, unwanted)).limit(1)):
            return 0

        async def unit(connection: AsyncConnection) -> int:
            return await delete_later(connection, or_(abandoned, unwanted), limit=limit)

        return await self._database.run(unit)

    async def due(self, limit: int, person_id: str | None = None) -> Sequence[str]:
        """Returns photos whose objects are to be deleted now: of a person, or of everybody (None).

        One whose object may still be on its way to the vault is not due yet.
        """
        settled = or_(photos.c.kept_at.is_not(None), photos.c.created_at <= self._clock.now() - SETTLES_AFTER)
        query = select(photos.c.photo_id).where(photos.c.state == _DELETING, settled)
        query = query.order_by(photos.c.photo_id).limit(limit)
        return await self._ids(query if person_id is None else query.where(photos.c.person_id == person_id))

    async def forget(self, photo_ids: Collection[str]) -> None:
        """Removes rows whose objects are deleted."""

        async def unit(connection: AsyncConnection) -> None:
            await connection.execute(delete(photos).where(photos.c.photo_id.in_(sorted(photo_ids))))

        await self._database.run(unit)

    async def page(self, limit: int, after_id: str | None = None) -> Sequence[VaultPhoto]:
        """Returns the kept photos by id, with the face that each taught last: at most `limit` after `after_id`."""
        query = self._photos().where(photos.c.state == _KEPT, photos.c.photo_id > (after_id or ""))
        return await self._read(query.order_by(photos.c.photo_id).limit(limit))

    async def get(self, photo_id: str) -> VaultPhoto | None:
        """Returns a kept photo; None: the vault keeps none of this id."""
        query = self._photos().where(photos.c.state == _KEPT, photos.c.photo_id == photo_id)
        return next(iter(await self._read(query)), None)

    async def known(self, photo_ids: Collection[str]) -> frozenset[str]:
        """Returns those of these photos of which there is a row, in whatever state."""
        return frozenset(await self._ids(select(photos.c.photo_id).where(photos.c.photo_id.in_(sorted(photo_ids)))))

    async def counts(self) -> Mapping[PhotoState, int]:
        """Returns how many photos there are in each state."""
        query = select(photos.c.state, func.count().label("number")).group_by(photos.c.state)

        async def unit(connection: AsyncConnection) -> dict[str, int]:
            return {row.state: row.number for row in await connection.execute(query)}

        found = await self._database.read(unit)
        return {state: found.get(state.value, 0) for state in PhotoState}

    def _photos(self) -> Select[Any]:
        may = may_keep_photos(photos.c.person_id, self._clock.now())
        taught = (faces.c.engine, faces.c.model_version, faces.c.external_id)
        return select(photos, may.label("consented"), *taught).select_from(
            photos.outerjoin(faces, faces.c.face_id == photos.c.face_id)
        )

    async def _read(self, query: Select[Any]) -> Sequence[VaultPhoto]:
        async def unit(connection: AsyncConnection) -> Sequence[VaultPhoto]:
            return [_photo_of(row) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def _ids(self, query: Select[tuple[str]]) -> Sequence[str]:
        async def unit(connection: AsyncConnection) -> Sequence[str]:
            return list(await connection.scalars(query))

        return await self._database.read(unit)


async def _kept(connection: AsyncConnection, person_id: str, digest: str, face_id: str) -> bool:
    """Returns whether a photo is kept already, and if so binds it to the face that it has taught now."""
    own = (photos.c.person_id == person_id, photos.c.digest == digest, photos.c.state == _KEPT)
    found = (await connection.execute(select(photos.c.photo_id, photos.c.face_id).where(*own))).first()
    if found is None:
        return False
    await _bind(connection, found.photo_id, found.face_id, face_id)
    return True


async def _bind(connection: AsyncConnection, photo_id: str, before: str, face_id: str) -> None:
    """Makes a photo that of a face, and the face that it taught before that one's twin, since both are of one photo."""
    if before == face_id:
        return
    await connection.execute(update(photos).where(photos.c.photo_id == photo_id).values(face_id=face_id))
    lone = (faces.c.face_id == face_id, faces.c.twin_of.is_(None))
    await connection.execute(update(faces).where(*lone).values(twin_of=before))


def _photo_of(row: Any) -> VaultPhoto:
    return VaultPhoto(
        photo_id=row.photo_id,
        person_id=row.person_id,
        face_id=row.face_id,
        created_at=row.created_at,
        consented=bool(row.consented),
        taught_by=None if row.engine is None else (row.engine, row.model_version),
        external_id=row.external_id,
    )
