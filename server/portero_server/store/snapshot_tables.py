"""The table of snapshots; `schema.py` has most others."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer

from portero_server.store.tables import required, table
from portero_server.store.types import Key, Name, UtcTime

snapshots = table(
    "snapshots",
    # Random; the name of the object in the folder or bucket.
    Column("snapshot_id", Name, primary_key=True),
    # Without a foreign key: the row stays when the sighting goes, until its object is deleted.
    required("track_id", Key),
    required("camera_id", Name),
    # See SnapshotKind and SnapshotState in snapshots.py.
    *(required(name, Name) for name in ("kind", "state")),
    # Which of a sighting's snapshots is the best one; see PictureRank in review_pictures.py.
    *(required(name, Double) for name in ("similarity", "quality")),
    required("taken_at", UtcTime),
    # Its retention counts from here.
    required("created_at", UtcTime),
    # When its object was known to be there; null: it may still be on its way.
    Column("kept_at", UtcTime),
    required("size", Integer),
    Index("ix_snapshots_track", "track_id"),
    Index("ix_snapshots_camera", "camera_id", "taken_at"),
    Index("ix_snapshots_state", "state", "snapshot_id"),
    Index("ix_snapshots_created", "created_at"),
)
