"""Rows of enrolled faces, and the change log by which other server processes follow the gallery."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.people import FaceEnrollment, GalleryFace
from portero_server.store.bulk.writing import insert_new
from portero_server.store.schema import faces, gallery_changes
from portero_server.store.sequencers import take_positions
from portero_server.store.types import box_columns, box_of


@dataclass(frozen=True, slots=True)
class GalleryChange:
    """A face that was added or removed.

    Attributes:
        position: Grows with every change; positions become visible in order.
        added: Whether the face was added; False: it was removed.
        engine: Name of the engine that the face is of ("local", "rekognition").
        model_version: The face model of its embedding.
        face: The face; if it was added, with its embedding.
    """

    position: int
    added: bool
    engine: str
    model_version: str
    face: GalleryFace


def gallery_face(row: Any) -> GalleryFace:
    """Converts a row of `faces` to what engines need."""
    return GalleryFace(row.face_id, row.person_id, row.embedding, row.external_id)


def enrollment(row: Any) -> FaceEnrollment:
    """Converts a row of `faces` to an enrollment."""
    return FaceEnrollment(
        face_id=row.face_id,
        person_id=row.person_id,
        box=box_of(row),
        quality=FaceQuality(row.quality_size, row.quality_frontality, row.quality_sharpness, row.quality_brightness),
        engine=row.engine,
        model_version=row.model_version,
        embedding=row.embedding,
        external_id=row.external_id,
        created_at=row.created_at,
    )


def face_columns(face: FaceEnrollment) -> dict[str, Any]:
    """Returns the column values of a row of `faces`."""
    quality = face.quality
    return box_columns(face.box) | {
        "face_id": face.face_id,
        "person_id": face.person_id,
        "quality_size": quality.size,
        "quality_frontality": quality.frontality,
        "quality_sharpness": quality.sharpness,
        "quality_brightness": quality.brightness,
        "engine": face.engine,
        "model_version": face.model_version,
        "embedding": face.embedding,
        "external_id": face.external_id,
        "created_at": face.created_at,
        # Of no face in another collection, as far as the face itself knows.
        "twin_of": None,
    }


async def log_changes(connection: AsyncConnection, rows: Sequence[Any], *, added: bool) -> None:
    """Logs that faces (rows of `faces`) were added or removed, in the same transaction."""
    if not rows:
        return
    first = await take_positions(connection, "gallery", len(rows))
    changes = [
        {
            "position": position,
            "added": added,
            "face_id": row.face_id,
            "person_id": row.person_id,
            "engine": row.engine,
            "model_version": row.model_version,
            "external_id": row.external_id,
        }
        for position, row in enumerate(rows, first)
    ]
    await insert_new(connection, gallery_changes, changes)


def changes_query(after: int, limit: int) -> Select[Any]:
    """Returns the query for changes after a position; faces that were added and removed again are left out."""
    embedding = faces.c.embedding
    return (
        select(gallery_changes, embedding)
        .select_from(gallery_changes.outerjoin(faces, faces.c.face_id == gallery_changes.c.face_id))
        .where(gallery_changes.c.position > after, or_(~gallery_changes.c.added, faces.c.face_id.is_not(None)))
        .order_by(gallery_changes.c.position)
        .limit(limit)
    )


def changes_of(rows: Iterable[Row[Any]]) -> list[GalleryChange]:
    """Returns the changes from the rows of `changes_query`."""
    return [
        GalleryChange(
            row.position,
            row.added,
            row.engine,
            row.model_version,
            GalleryFace(row.face_id, row.person_id, row.embedding if row.added else None, row.external_id),
        )
        for row in rows
    ]
