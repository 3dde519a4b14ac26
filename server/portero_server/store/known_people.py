"""What is stored of people whom a request names, read within the transaction that decides about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.privacy import subject_of
from portero_server.domain.people.transfer import StoredPeople
from portero_server.store.eligibility import consented
from portero_server.store.leaving_faces import leaving_ids
from portero_server.store.schema import consents, erasures, faces, merged_people, people


async def known_people(
    connection: AsyncConnection,
    person_ids: Collection[str],
    face_ids: Collection[str],
    consent_ids: Collection[str],
    now: datetime,
) -> StoredPeople:
    """Returns what is stored of people, faces and consents, and keeps it so until the transaction ends."""
    ids = sorted(person_ids)
    subjects = {subject_of(person_id): person_id for person_id in ids}
    may = consented(now, consent_required=True)
    there = select(people.c.person_id, people.c.display_name, people.c.labels).where(people.c.person_id.in_(_VALUES))
    gone = select(erasures.c.subject).where(erasures.c.subject.in_(_VALUES)).with_for_update()
    agreed = select(people.c.person_id).where(people.c.person_id.in_(_VALUES), may)
    merged = select(merged_people).where(merged_people.c.merged_id.in_(_VALUES))
    owned = select(faces.c.face_id, faces.c.person_id).where(faces.c.face_id.in_(_VALUES))
    given = select(consents.c.consent_id).where(consents.c.consent_id.in_(_VALUES))
    rows = await _found(connection, there.with_for_update(), ids)
    erased = await _found(connection, gone, sorted(subjects))
    consenting = await _found(connection, agreed, ids)
    return StoredPeople(
        names={row.person_id: row.display_name for row in rows},
        labels={row.person_id: row.labels for row in rows},
        erased={subjects[row.subject] for row in erased},
        consented={row.person_id for row in consenting},
        consents={row.consent_id for row in await _found(connection, given, consent_ids)},
        faces={row.face_id: row.person_id for row in await _found(connection, owned, face_ids)},
        leaving=await leaving_ids(connection, face_ids),
        merged={row.merged_id: row.person_id for row in await _found(connection, merged, ids)},
    )


_VALUES: BindParameter[Any] = bindparam("values", expanding=True)


async def _found(connection: AsyncConnection, query: Select[Any], values: Collection[str]) -> Sequence[Row[Any]]:
    if not values:
        return []
    rows: Sequence[Row[Any]] = (await connection.execute(query, {"values": list(values)})).all()
    return rows
