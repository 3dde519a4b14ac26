"""Erasures, step by step."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.privacy import ErasedFace, Erasure, digest_of, subject_of
from portero_server.errors import NotFound
from portero_server.store.adopted_ids import adopted_subjects, stored_ids
from portero_server.store.attendance.erasing import erase_attendance
from portero_server.store.bulk.writing import insert_new
from portero_server.store.database import Database
from portero_server.store.export_rows import days_behind, note_days_of_person
from portero_server.store.gallery import log_changes
from portero_server.store.gone_people import erase_merged, refuse_gone
from portero_server.store.holders import erase_run, run_of
from portero_server.store.leaving_faces import take_leaving
from portero_server.store.photo_rows import delete_faces, delete_later
from portero_server.store.picture_rows import delete_pictures_of_person
from portero_server.store.schema import (
    consents,
    decision_candidates,
    erasure_faces,
    erasures,
    faces,
    gallery_changes,
    leaving_faces,
    look_alikes,
    people,
    people_blocks,
    photos,
    recognitions,
    requests,
    sighting_reviews,
    sightings,
    subscription_people,
)
from portero_server.store.scrubbing import SCRUBS
from portero_server.store.snapshot_rows import delete_snapshots_of_person, snapshots_are_left
from portero_server.store.twin_faces import in_standby

_BATCH = 500
"""Rows of a place that are changed in one transaction: the recorder never waits longer than for these."""


@dataclass(frozen=True, slots=True)
class EarlierErasure:
    """An erasure that was carried out before, in a database that a backup then replaced."""

    erasure_id: str
    requested_at: datetime


class ErasureStore:
    """Stores erasures and carries out their steps."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, person_id: str, earlier: EarlierErasure | None = None) -> Erasure:
        """Starts the permanent erasure of a person, or returns the one that was started before.

        The person, faces, consents and block are removed at once. A person who was deleted before, but who still has
        sightings, can be erased as well.

        Args:
            person_id: Whom to erase.
            earlier: The erasure that is repeated, and whose id it gets; None: a new one.

        Raises:
            NotFound: Nothing is stored of such a person.
        """
        begun = earlier or EarlierErasure(uuid4().hex, self._clock.now())
        try:
            return await self._database.run(lambda connection: self._begin(connection, person_id, begun))
        except _BegunElsewhere:
            return await self.of_person(person_id)

    async def add(self, row: Mapping[str, Any]) -> None:
        """Stores an erasure as another database has it, of somebody who has left no trace in this one."""

        async def unit(connection: AsyncConnection) -> None:
            await connection.execute(insert(erasures).values(dict(row)))

        await self._database.run(unit)

    async def get(self, erasure_id: str) -> Erasure:
        """Returns an erasure by its id. Raises NotFound."""
        return await self._database.read(
            lambda connection: _one(connection, erasures.c.erasure_id == erasure_id, f"erasures/{erasure_id}")
        )

    async def of_person(self, person_id: str) -> Erasure:
        """Returns the erasure of a person. Raises NotFound."""
        subject = erasures.c.subject == subject_of(person_id)
        return await self._database.read(lambda connection: _one(connection, subject, f"people/{person_id}"))

    async def unfinished(self, limit: int) -> Sequence[Erasure]:
        """Returns the erasures that are not finished, oldest first."""
        query = select(erasures).where(erasures.c.finished_at.is_(None)).order_by(erasures.c.requested_at).limit(limit)

        async def unit(connection: AsyncConnection) -> Sequence[Erasure]:
            return [_erasure(row) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def scrub(self, erasure: Erasure) -> None:
        """Removes everything that was written about the person; several servers may run it at once."""
        for place, scrub in SCRUBS.items():
            while await self._counted(erasure, place, scrub) >= _BATCH:
                pass

    async def faces_left(self, erasure: Erasure) -> Sequence[ErasedFace]:
        """Returns the faces that engines have yet to remove."""
        query = select(erasure_faces).where(erasure_faces.c.erasure_id == erasure.erasure_id)

        async def unit(connection: AsyncConnection) -> Sequence[ErasedFace]:
            return [ErasedFace(row.face_id, row.engine, row.external_id) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def stored_ids(self, external_ids: Collection[str]) -> frozenset[str]:
        """Returns those of the engines' ids of faces that are stored, as somebody's who is not erased."""
        return await self._database.read(lambda connection: stored_ids(connection, external_ids))

    async def faces_forgotten(self, erasure: Erasure, face_ids: Collection[str], extra: int = 0) -> None:
        """Records that engines removed these faces, and `extra` faces that were never stored."""

        async def forget(connection: AsyncConnection, person_id: str, limit: int) -> int:
            gone = delete(erasure_faces).where(erasure_faces.c.face_id.in_(sorted(face_ids)))
            removed = (await connection.execute(gone)).rowcount if face_ids else 0
            return removed + extra

        await self._counted(erasure, "engine_faces", forget)

    async def photos_deleted(self, erasure: Erasure, count: int) -> None:
        """Records that the vault deleted `count` photos of which no row was left."""

        async def add(connection: AsyncConnection, person_id: str, limit: int) -> int:
            return count

        await self._counted(erasure, "photos", add)

    async def snapshots_left(self, erasure: Erasure) -> bool:
        """Returns whether snapshots are still to be deleted that were taken before the erasure was asked for."""
        return await self._database.read(lambda connection: snapshots_are_left(connection, erasure.requested_at))

    async def exported_days_left(self, erasure: Erasure) -> int:
        """Returns how many days of exports are to be written again that were read last before it ended."""
        moment = erasure.finished_at or self._clock.now()
        return await self._database.read(lambda connection: days_behind(connection, moment))

    async def finish(self, erasure_id: str) -> Erasure:
        """Writes the receipt and removes the person's id, if nothing is left to remove."""

        async def unit(connection: AsyncConnection) -> Erasure:
            found = await _locked(connection, erasure_id)
            if found.finished_at is not None or await _engines_have_faces(connection, erasure_id):
                return found
            if await _vault_has_photos(connection, found.person_id):
                return found
            if await snapshots_are_left(connection, found.requested_at):
                return found
            finished_at = self._clock.now()
            values = {"finished_at": finished_at, "digest": digest_of(found, finished_at), "person_id": None}
            await connection.execute(update(erasures).where(erasures.c.erasure_id == erasure_id).values(values))
            return await _one(connection, erasures.c.erasure_id == erasure_id, erasure_id)

        return await self._database.run(unit)

    async def overwrite(self) -> int:
        """Overwrites the bytes of finished erasures in SQLite's files, and records the time in the receipts.

        SQLite itself overwrites deleted data in the file; the write-ahead log, which still contains it, is moved into
        the file and emptied. Readers of an older state delay that.

        Returns:
            How many receipts still wait for it; 0 for a database server, whose files are its own matter.
        """
        if self._database.dialect != "sqlite":
            return 0
        waiting = select(erasures.c.erasure_id).where(
            erasures.c.finished_at.is_not(None), erasures.c.overwritten_at.is_(None)
        )

        async def find(connection: AsyncConnection) -> list[str]:
            return list((await connection.scalars(waiting.limit(_BATCH))).all())

        found = await self._database.read(find)
        if not found or not await self._database.empty_log():
            return len(found)
        written = update(erasures).where(erasures.c.erasure_id.in_(found)).values(overwritten_at=self._clock.now())

        async def note(connection: AsyncConnection) -> None:
            await connection.execute(written)

        await self._database.run(note)
        return 0

    async def _begin(self, connection: AsyncConnection, person_id: str, begun: EarlierErasure) -> Erasure:
        subject = subject_of(person_id)
        # Waits for the commits that hold the person, and makes the later ones find nobody.
        held = select(people.c.person_id).where(people.c.person_id == person_id).with_for_update()
        known = (await connection.execute(held)).first() is not None
        earlier = (await connection.execute(select(erasures).where(erasures.c.subject == subject))).first()
        if earlier is not None:
            return _erasure(earlier)
        if not known and not await _left_traces(connection, person_id):
            # Of whom nothing is left under this id, everything may be stored under another one.
            await refuse_gone(connection, person_id)
            raise NotFound(f"people/{person_id}")
        own = faces.c.person_id == person_id
        removed = (await connection.execute(select(faces).where(own).order_by(faces.c.face_id))).all()
        # Deleted before, and still with the engine.
        leaving = await take_leaving(connection, person_id)
        adopted_as = await adopted_subjects(connection, person_id, [*removed, *leaving])
        counts = {"people": int(known), "faces": len(removed)}
        erasure = Erasure(begun.erasure_id, person_id, begun.requested_at, counts=counts, adopted_as=adopted_as)
        row = {
            "erasure_id": erasure.erasure_id,
            "subject": subject,
            "person_id": person_id,
            "requested_at": erasure.requested_at,
            "counts": json.dumps(counts),
            "adopted_as": json.dumps(sorted(adopted_as)),
        }
        try:
            await connection.execute(insert(erasures).values(row))
        except IntegrityError:
            raise _BegunElsewhere from None
        if (standby := await in_standby(connection, removed)) is not None:
            counts["standby_faces"] = standby
        kept = [_kept_by_engine(erasure.erasure_id, row) for row in removed if row.external_id is not None]
        # One that was enrolled again since has the id of the new face: it is found in the collection by its name.
        kept += [_kept_by_engine(erasure.erasure_id, row) for row in leaving]
        await insert_new(connection, erasure_faces, kept)
        theirs = look_alikes.c.second_face_id.in_(select(faces.c.face_id).where(own))
        pairs = await connection.execute(
            delete(look_alikes).where(or_(look_alikes.c.first_person_id == person_id, theirs))
        )
        counts["look_alikes"] = pairs.rowcount
        await delete_faces(connection, own)
        counts["photos"] = await _let_go_of_photos(connection, person_id)
        # First, while decisions and sightings still say whose face each picture may show.
        counts["review_pictures"] = await delete_pictures_of_person(connection, person_id)
        counts["snapshots"] = await delete_snapshots_of_person(connection, person_id)
        if (days := await note_days_of_person(connection, person_id)) is not None:
            counts["exported_days"] = days
        for table in (consents, people_blocks, decision_candidates, subscription_people):
            gone = await connection.execute(delete(table).where(table.c.person_id == person_id))
            counts[table.name] = gone.rowcount
        own_reviews = or_(sighting_reviews.c.person_id == person_id, sighting_reviews.c.decided_person_id == person_id)
        counts["sighting_reviews"] = (await connection.execute(delete(sighting_reviews).where(own_reviews))).rowcount
        counts |= await erase_attendance(connection, person_id)
        run = await run_of(connection, person_id)
        if run is not None:
            counts |= await erase_run(connection, run, erasure.erasure_id, begun.requested_at)
        counts["merged_people"] = await erase_merged(connection, person_id, begun.requested_at)
        await connection.execute(delete(people).where(people.c.person_id == person_id))
        await log_changes(connection, removed, added=False)
        # Other servers need the face's id to forget it, not the person's.
        changes = gallery_changes.c.person_id == person_id
        await connection.execute(update(gallery_changes).where(changes).values(person_id=""))
        # The key stays, so that a late repetition of the request that made the person does not make them again.
        # The digest goes: whoever guesses a name could check the guess with it.
        asked = requests.c.resource == person_id
        await connection.execute(update(requests).where(asked).values(resource=erasure.erasure_id, digest=None))
        await _write_counts(connection, erasure.erasure_id, counts)
        return erasure

    async def _counted(
        self, erasure: Erasure, place: str, scrub: Callable[[AsyncConnection, str, int], Awaitable[int]]
    ) -> int:
        """Removes one batch from a table and adds its count to the receipt, in one transaction."""

        async def unit(connection: AsyncConnection) -> int:
            found = await _locked(connection, erasure.erasure_id)
            if found.person_id is None:
                return 0
            removed = await scrub(connection, found.person_id, _BATCH)
            if removed or place not in found.counts:
                counts = {**found.counts, place: found.counts.get(place, 0) + removed}
                await _write_counts(connection, erasure.erasure_id, counts)
            return removed

        return await self._database.run(unit)


class _BegunElsewhere(Exception):
    """A concurrent call for the same person was faster."""


async def _left_traces(connection: AsyncConnection, person_id: str) -> bool:
    query = select(
        or_(
            exists().where(sightings.c.person_id == person_id),
            exists().where(recognitions.c.person_id == person_id),
            exists().where(consents.c.person_id == person_id),
            exists().where(gallery_changes.c.person_id == person_id),
            exists().where(leaving_faces.c.person_id == person_id),
        )
    )
    return bool((await connection.execute(query)).scalar_one())


async def _engines_have_faces(connection: AsyncConnection, erasure_id: str) -> bool:
    query = select(erasure_faces.c.face_id).where(erasure_faces.c.erasure_id == erasure_id).limit(1)
    return (await connection.execute(query)).first() is not None


async def _let_go_of_photos(connection: AsyncConnection, person_id: str) -> int:
    """Has the vault delete every photo of a person, and returns how many rows there are."""
    own = photos.c.person_id == person_id
    await delete_later(connection, own)
    count = select(func.count()).select_from(photos).where(own)
    return int((await connection.execute(count)).scalar_one())


async def _vault_has_photos(connection: AsyncConnection, person_id: str | None) -> bool:
    query = select(photos.c.photo_id).where(photos.c.person_id == person_id).limit(1)
    return person_id is not None and (await connection.execute(query)).first() is not None


async def _locked(connection: AsyncConnection, erasure_id: str) -> Erasure:
    query = select(erasures).where(erasures.c.erasure_id == erasure_id).with_for_update()
    return _erasure((await connection.execute(query)).one())


async def _one(connection: AsyncConnection, condition: Any, resource: str) -> Erasure:
    row = (await connection.execute(select(erasures).where(condition))).one_or_none()
    if row is None:
        raise NotFound(resource)
    return _erasure(row)


async def _write_counts(connection: AsyncConnection, erasure_id: str, counts: dict[str, int]) -> None:
    own = erasures.c.erasure_id == erasure_id
    await connection.execute(update(erasures).where(own).values(counts=json.dumps(counts, sort_keys=True)))


def _kept_by_engine(erasure_id: str, row: Any) -> dict[str, str]:
    return {
        "face_id": row.face_id,
        "erasure_id": erasure_id,
        "engine": row.engine,
        "external_id": row.external_id,
    }


def _erasure(row: Any) -> Erasure:
    return Erasure(
        erasure_id=row.erasure_id,
        person_id=row.person_id,
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        counts=json.loads(row.counts),
        digest=row.digest or "",
        overwritten_at=row.overwritten_at,
        adopted_as=frozenset(json.loads(row.adopted_as or "[]")),
    )
