"""Ids that nobody gets again: of people who were erased, or who turned out to be somebody else who is enrolled."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.privacy import Erasure, digest_of, subject_of
from portero_server.errors import FailedPrecondition
from portero_server.store.schema import erasures, merged_people, people


async def refuse_gone(connection: AsyncConnection, person_id: str) -> None:
    """Raises an error if a person of this id was erased or merged, as part of the unit that needs or takes the id.

    Raises:
        FailedPrecondition: Somebody was.
    """
    merged = select(merged_people.c.person_id).where(merged_people.c.merged_id == person_id)
    kept_id = (await connection.execute(merged.with_for_update(read=True))).scalar_one_or_none()
    if kept_id is not None:
        raise FailedPrecondition(
            f"people/{person_id} was merged into people/{kept_id}, who is the same person", reason="PERSON_MERGED"
        )
    erased = select(erasures.c.erasure_id).where(erasures.c.subject == subject_of(person_id))
    if (await connection.execute(erased.with_for_update())).first() is not None:
        raise FailedPrecondition(
            f"somebody of the id people/{person_id} was erased; choose another id", reason="PERSON_ERASED"
        )


async def erase_merged(connection: AsyncConnection, person_id: str, now: datetime) -> int:
    """Erases the ids under which a person was enrolled too, so that no backup from before brings one back.

    An id keeps the receipt that it has: a restore may bring it along, or a server of an earlier version, which gives
    such ids out again, may have erased somebody. Of somebody who has the id now, it is their own erasure that counts.

    Returns:
        How many there were.
    """
    own = merged_people.c.person_id == person_id
    ids = list(await connection.scalars(select(merged_people.c.merged_id).where(own)))
    subjects = {subject_of(merged_id): merged_id for merged_id in ids}
    erased = set(await connection.scalars(select(erasures.c.subject).where(erasures.c.subject.in_(sorted(subjects)))))
    taken = set(await connection.scalars(select(people.c.person_id).where(people.c.person_id.in_(sorted(ids)))))
    for subject, merged_id in sorted(subjects.items()):
        if subject in erased or merged_id in taken:
            continue
        erasure = Erasure(uuid4().hex, None, now, now)
        row = {
            "erasure_id": erasure.erasure_id,
            "subject": subject,
            "person_id": None,
            "requested_at": now,
            "finished_at": now,
            "counts": json.dumps({}),
            "digest": digest_of(erasure, now),
        }
        await connection.execute(insert(erasures).values(row))
    await connection.execute(delete(merged_people).where(own))
    return len(ids)
