"""Moves the faces, photographs and pairs of one person to another, within the transaction of a merge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.look_alikes import FacePair
from portero_server.domain.people.photos import PhotoState
from portero_server.errors import FailedPrecondition
from portero_server.store.bulk.writing import insert_new
from portero_server.store.gallery import log_changes
from portero_server.store.leaving_faces import move_leaving
from portero_server.store.photo_rows import delete_later
from portero_server.store.schema import faces, gallery_changes, look_alikes, photos

_KEPT, _PENDING = PhotoState.KEPT.value, PhotoState.PENDING.value


class PhotosChanged(Exception):
    """The vault keeps photographs of the person of which no copies were made for the other one."""


async def refuse_kept_by_engine(connection: AsyncConnection, person_id: str) -> None:
    """Refuses a person of whom an engine itself keeps faces, under the person's id.

    Raises:
        FailedPrecondition: It does.
    """
    own = (faces.c.person_id == person_id, faces.c.external_id.is_not(None))
    count: int = (await connection.execute(select(func.count()).select_from(faces).where(*own))).scalar_one()
    if count:
        raise FailedPrecondition(
            f"the engine itself keeps {count} faces of people/{person_id} under that id, and cannot rename them: "
            "enroll their photographs for the other person, delete these faces, and merge then",
            reason="ENGINE_KEEPS_FACES",
        )


async def move_faces(connection: AsyncConnection, kept_id: str, other_id: str) -> int:
    """Moves faces to the person who is kept, with whom they are alike. Returns how many."""
    await _move_pairs(connection, kept_id, other_id)
    own = faces.c.person_id == other_id
    ids = list(await connection.scalars(select(faces.c.face_id).where(own)))
    await connection.execute(update(faces).where(own).values(person_id=kept_id))
    # What a server has still to apply says whose they are now.
    changes = gallery_changes.c.person_id == other_id
    await connection.execute(update(gallery_changes).where(changes).values(person_id=kept_id))
    await move_leaving(connection, kept_id, other_id)
    query = select(faces).where(faces.c.face_id.in_(ids)).order_by(faces.c.face_id)
    rows = (await connection.execute(query)).all() if ids else []
    await log_changes(connection, rows, added=False)
    await log_changes(connection, rows, added=True)
    return len(rows)


async def move_photos(
    connection: AsyncConnection, kept_id: str, other_id: str, copies: Mapping[str, str | None], now: datetime
) -> int:
    """Puts copies of photographs that are sealed for the person who is kept in the place of the other one's.

    Args:
        connection: Holds both people.
        kept_id: Whom the copies are sealed for.
        other_id: Whose photographs they replace.
        copies: Which photo was copied as which one, whose row is pending; None: that photo is to be deleted.
        now: When it happens.

    Returns:
        How many photos the person who is kept got.

    Raises:
        PhotosChanged: There are photos of which there are no copies.
    """
    own = photos.c.person_id == other_id
    rows = (await connection.execute(select(photos).where(own, photos.c.state == _KEPT))).all()
    if any(row.photo_id not in copies for row in rows):
        raise PhotosChanged
    moved = {copy: row.face_id for row in rows if (copy := copies[row.photo_id]) is not None}
    for photo_id, face_id in moved.items():
        ready = (photos.c.photo_id == photo_id, photos.c.state == _PENDING, photos.c.person_id == kept_id)
        values = {"state": _KEPT, "kept_at": now, "face_id": face_id}
        if not (await connection.execute(update(photos).where(*ready).values(values))).rowcount:
            # Swept meanwhile, since it was not finished in time.
            raise PhotosChanged
    await delete_later(connection, own)
    # Their objects go soon, and until then under the id that an erasure would ask for.
    await connection.execute(update(photos).where(own).values(person_id=kept_id))
    return len(moved)


async def _move_pairs(connection: AsyncConnection, kept_id: str, other_id: str) -> None:
    pair: Any = look_alikes.c
    theirs = pair.second_face_id.in_(select(faces.c.face_id).where(faces.c.person_id == other_id))
    own = or_(pair.first_person_id == other_id, theirs)
    rows = (await connection.execute(select(look_alikes).where(own))).all()
    if not rows:
        return
    await connection.execute(delete(look_alikes).where(own))
    moved = [
        {**_renamed(row, kept_id, other_id)._asdict(), "found_at": row.found_at}
        for row in rows
        # Who is one person is not taken for another one.
        if {row.first_person_id, row.second_person_id} != {kept_id, other_id}
    ]
    await insert_new(connection, look_alikes, moved)


def _renamed(row: Any, kept_id: str, other_id: str) -> FacePair:
    """Returns a pair of faces with the person who is kept; the first is the one whose id comes first."""
    ends = [(row.first_person_id, row.first_face_id), (row.second_person_id, row.second_face_id)]
    (first, first_face), (second, second_face) = sorted(
        (kept_id if person_id == other_id else person_id, face_id) for person_id, face_id in ends
    )
    return FacePair(first, second, first_face, second_face, row.similarity)
