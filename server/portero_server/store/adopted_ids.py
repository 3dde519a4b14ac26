"""As whom faces of another program are adopted that belong to a person who is erased."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.adoption import adopted_ids
from portero_server.domain.people.collection import is_adopted
from portero_server.domain.people.privacy import subject_of
from portero_server.store.schema import faces, gallery_changes, merged_people, people

_AT_ONCE = 500


async def adopted_subjects(connection: AsyncConnection, person_id: str, rows: Sequence[Any]) -> frozenset[str]:
    """Returns the subjects of the ids as which faces of a person are adopted; none if none ever were.

    The labels say it, and where somebody changed these or deleted the person, the faces do. Whoever was merged into the
    person is the same, and their label may have given way to that of the person.

    Args:
        connection: Of the unit that begins the erasure, before it deletes anything.
        person_id: Who is erased.
        rows: Their faces, and those that they had and that an engine has yet to remove.
    """
    labels = await connection.scalar(select(people.c.labels).where(people.c.person_id == person_id))
    ids = set(adopted_ids(labels or {}))
    log = gallery_changes.c
    logged = select(exists().where(log.person_id == person_id, log.face_id == log.external_id))
    if any(is_adopted(row.face_id, row.external_id) for row in rows) or await connection.scalar(logged):
        ids.add(person_id)
    if ids:
        merged = select(merged_people.c.merged_id).where(merged_people.c.person_id == person_id)
        ids.update((await connection.scalars(merged)).all())
    return frozenset(map(subject_of, ids))


async def stored_ids(connection: AsyncConnection, external_ids: Collection[str]) -> frozenset[str]:
    """Returns those of the engines' ids of faces that are stored."""
    found: set[str] = set()
    wanted = sorted(external_ids)
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(faces.c.external_id).where(faces.c.external_id.in_(wanted[start : start + _AT_ONCE]))
        found.update((await connection.scalars(query)).all())
    return frozenset(found)
