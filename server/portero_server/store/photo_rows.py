"""Rows of the vault's photographs, as units of work about faces and people change them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.photos import PhotoState
from portero_server.store.schema import faces, photos


async def delete_later(connection: AsyncConnection, *which: ColumnElement[Any], limit: int | None = None) -> int:
    """Marks photos for deletion, at most `limit`. Returns how many. The vault deletes the objects, then the rows."""
    waiting = photos.c.state != PhotoState.DELETING.value
    query = select(photos.c.photo_id).where(waiting, *which).order_by(photos.c.photo_id)
    found = list(await connection.scalars(query if limit is None else query.limit(limit)))
    if found:
        own = photos.c.photo_id.in_(found)
        await connection.execute(update(photos).where(own, waiting).values(state=PhotoState.DELETING.value))
    return len(found)


async def delete_faces(connection: AsyncConnection, *which: ColumnElement[Any]) -> None:
    """Deletes rows of `faces`, and has the vault delete the photos that taught them last."""
    found = list(await connection.scalars(select(faces.c.face_id).where(*which)))
    if found:
        await delete_later(connection, photos.c.face_id.in_(found))
        await connection.execute(delete(faces).where(faces.c.face_id.in_(found)))
