"""The table of the photo vault; `schema.py` has most others."""

from __future__ import annotations

from sqlalchemy import Column, Index

from portero_server.store.tables import required, table
from portero_server.store.types import Digest, Name, UtcTime

photos = table(
    "photos",
    # Random; the name of the object in the vault.
    Column("photo_id", Name, primary_key=True),
    required("person_id", Name),
    # The face that it taught last; a face that is deleted takes its photo along.
    required("face_id", Name),
    # SHA-256 of person and photo: the same photo is kept once.
    required("digest", Digest),
    # See PhotoState in photos.py.
    required("state", Name),
    required("created_at", UtcTime),
    # When its object was known to be in the vault; null: it may still be on its way there.
    Column("kept_at", UtcTime),
    Index("ix_photos_person", "person_id", "digest"),
    Index("ix_photos_face", "face_id"),
    Index("ix_photos_state", "state", "photo_id"),
    Index("ix_photos_created", "created_at"),
)
