"""Faces that the same photograph taught in two collections, or two face models: who deletes one deletes the photo."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.standby import FIRST, KEEPER, STANDING_BY, number_of
from portero_server.store.bulk.writing import insert_new
from portero_server.store.photo_rows import delete_faces
from portero_server.store.schema import faces, gallery_collections, look_alikes


def of_collection(number: int, table: Any = faces) -> ColumnElement[bool]:
    """Returns the condition that a row of `faces` is in a collection of this number; see `CollectionPlace.marked`."""
    version = table.c.model_version
    if number == FIRST:
        return and_(table.c.engine == KEEPER, ~version.contains("@"))
    return and_(table.c.engine == KEEPER, or_(version.endswith(f"@{number}"), version.contains(f"@{number}+")))


async def delete_with_twins(connection: AsyncConnection, face_id: str) -> Sequence[Row[Any]]:
    """Deletes a face, and the faces of other collections or models that its photograph has taught. Returns the rows."""
    found: dict[str, Row[Any]] = {}
    asked, wanted = set[str](), {face_id}
    # A photo may have taught three models one after the other, of which only the neighbors know each other.
    while wanted:
        either = or_(faces.c.face_id.in_(sorted(wanted)), faces.c.twin_of.in_(sorted(wanted)))
        rows = (await connection.execute(select(faces).where(either))).all()
        found |= {row.face_id: row for row in rows}
        asked |= wanted
        wanted = {each for row in rows for each in (row.face_id, row.twin_of) if each is not None} - asked
    gone = [found[each] for each in sorted(found)]
    await delete_faces(connection, faces.c.face_id.in_(sorted(found)))
    return gone


async def in_standby(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> int | None:
    """Returns how many of these faces are in the collection that stands by; None: no collection does."""
    columns = gallery_collections.c
    roles = [role.value for role in STANDING_BY]
    number: int | None = await connection.scalar(select(columns.number).where(columns.role.in_(roles)).limit(1))
    if number is None:
        return None
    return sum(1 for row in rows if row.engine == KEEPER and number_of(row.model_version) == number)


async def carry_pairs(connection: AsyncConnection, face_ids: Sequence[str]) -> None:
    """Stores, for faces that are about to go, that their twins are like the twins of whomever they were like."""
    pair = look_alikes.c
    either = or_(pair.first_face_id.in_(face_ids), pair.second_face_id.in_(face_ids))
    pairs = (await connection.execute(select(look_alikes).where(either))).all()
    twins = await _other_twins(connection, {row.first_face_id for row in pairs} | {row.second_face_id for row in pairs})
    carried = [
        {**row._asdict(), "first_face_id": twins[row.first_face_id], "second_face_id": twins[row.second_face_id]}
        for row in pairs
        if row.first_face_id in twins and row.second_face_id in twins
    ]
    if carried:
        await insert_new(connection, look_alikes, carried)


async def _other_twins(connection: AsyncConnection, face_ids: Collection[str]) -> Mapping[str, str]:
    """Returns a twin of each face that has one."""
    other, wanted = faces.alias(), sorted(face_ids)
    query = select(faces.c.face_id, other.c.face_id.label("twin")).where(faces.c.face_id.in_(wanted))
    found = [
        *await connection.execute(query.where(other.c.twin_of == faces.c.face_id)),
        *await connection.execute(query.where(faces.c.twin_of == other.c.face_id)),
    ]
    return {row.face_id: row.twin for row in found}
