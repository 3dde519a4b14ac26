"""Creates the first tables: people, faces, cameras, streams, sightings and their events."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import Identity, Labels, UtcTime

revision = "0001"
down_revision = None

_OUTCOMES = ("replayed", "rejected", "missing", "duplicate", "unchanged", "skipped", "empty", "with_faces")


def upgrade() -> None:
    _registry()
    _gallery()
    _streams()
    _sightings()


def _registry() -> None:
    _create(
        "cameras",
        sa.Column("camera_id", sa.String(63), primary_key=True),
        _required("display_name", sa.String(200)),
        _required("site", sa.String(63)),
        _required("mode", sa.String(63)),
        _required("purpose", sa.String(63)),
        _required("disabled", sa.Boolean),
        sa.Column("visit_gap_seconds", sa.Double),
        sa.Column("similarity_threshold", sa.Double),
        _required("created_at", UtcTime),
        _required("updated_at", UtcTime),
    )
    op.create_index("ix_cameras_site", "cameras", ["site", "camera_id"])
    _create(
        "requests",
        sa.Column("request_id", sa.String(190), primary_key=True),
        _required("resource", sa.String(190)),
        _required("created_at", UtcTime),
    )
    op.create_index("ix_requests_created", "requests", ["created_at"])
    sequencers = _create(
        "sequencers",
        sa.Column("name", sa.String(63), primary_key=True),
        _required("position", sa.BigInteger),
    )
    op.bulk_insert(sequencers, [{"name": name, "position": 0} for name in ("events", "gallery")])


def _gallery() -> None:
    _create(
        "people",
        sa.Column("person_id", sa.String(63), primary_key=True),
        _required("display_name", sa.String(200)),
        _required("search_name", sa.String(600)),
        _required("labels", Labels),
        _required("created_at", UtcTime),
        _required("updated_at", UtcTime),
    )
    _create(
        "faces",
        sa.Column("face_id", sa.String(63), primary_key=True),
        _required("person_id", sa.String(63), sa.ForeignKey("people.person_id", name="fk_faces_person")),
        *_numbers("box_left", "box_top", "box_width", "box_height"),
        *_numbers("quality_size", "quality_frontality", "quality_sharpness", "quality_brightness"),
        _required("engine", sa.String(63)),
        _required("model_version", sa.String(63)),
        sa.Column("embedding", sa.LargeBinary),
        sa.Column("external_id", sa.String(190)),
        _required("created_at", UtcTime),
    )
    op.create_index("ix_faces_person", "faces", ["person_id", "created_at", "face_id"])
    op.create_index("ix_faces_gallery", "faces", ["engine", "model_version", "face_id"])
    _create(
        "gallery_changes",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        _required("added", sa.Boolean),
        _required("face_id", sa.String(63)),
        _required("person_id", sa.String(63)),
        _required("engine", sa.String(63)),
        _required("model_version", sa.String(63)),
        sa.Column("external_id", sa.String(190)),
    )


def _streams() -> None:
    _create(
        "streams",
        sa.Column("stream_id", Identity, primary_key=True),
        _required("camera_id", sa.String(63)),
        _required("epoch", sa.String(190)),
        _required("session", sa.String(63)),
        _required("durable_sequence", sa.BigInteger),
        *(_required(f"outcome_{outcome}", sa.BigInteger) for outcome in _OUTCOMES),
        _required("opened_at", UtcTime),
        sa.UniqueConstraint("camera_id", "epoch", name="uq_streams_epoch"),
    )
    _create(
        "recognitions",
        sa.Column("recognition_id", sa.String(190), primary_key=True),
        _required("stream_id", sa.BigInteger),
        _required("track_id", sa.String(190)),
        _required("sequence", sa.BigInteger),
        _required("captured_at", UtcTime),
        _required("engine", sa.String(63)),
        _required("outcome", sa.String(63)),
        sa.Column("person_id", sa.String(63)),
        *_numbers("similarity", "margin", "quality", "latency"),
    )
    _create(
        "stream_exceptions",
        sa.Column("stream_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("first_sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        _required("last_sequence", sa.BigInteger),
        _required("kind", sa.String(63)),
        _required("reason", sa.String(63)),
    )
    _create(
        "texts",
        sa.Column("stream_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        _required("captured_at", UtcTime),
        _required("content", sa.Text),
    )


def _sightings() -> None:
    _create(
        "sightings",
        sa.Column("sighting_id", sa.String(63), primary_key=True),
        _required("camera_id", sa.String(63)),
        sa.Column("person_id", sa.String(63)),
        _required("display_name", sa.String(200)),
        _required("first_seen", UtcTime),
        _required("last_seen", UtcTime),
        sa.Column("long_until", UtcTime),
        *_numbers("similarity", "margin"),
        _required("track_count", sa.Integer),
        *_numbers("box_left", "box_top", "box_width", "box_height"),
    )
    op.create_index("ix_sightings_time", "sightings", ["first_seen", "sighting_id"])
    op.create_index("ix_sightings_camera", "sightings", ["camera_id", "first_seen", "sighting_id"])
    op.create_index("ix_sightings_person", "sightings", ["person_id", "first_seen", "sighting_id"])
    op.create_index("ix_sightings_visit", "sightings", ["person_id", "camera_id", "first_seen", "sighting_id"])
    op.create_index("ix_sightings_long", "sightings", ["long_until"])
    _create(
        "sighting_tracks",
        sa.Column("track_id", sa.String(190), primary_key=True),
        _required("sighting_id", sa.String(63)),
        _required("ordinal", sa.Integer),
        _required("ended", sa.Boolean),
    )
    _create(
        "events",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        _required("kind", sa.String(63)),
        _required("sighting_id", sa.String(63)),
        _required("camera_id", sa.String(63)),
        _required("happened_at", UtcTime),
    )
    op.create_index("ix_events_camera", "events", ["camera_id", "position"])


def _create(name: str, *parts: Any) -> sa.Table:
    return op.create_table(name, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin")


def _required(name: str, kind: Any, *parts: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *parts, nullable=False)


def _numbers(*names: str) -> tuple[sa.Column[Any], ...]:
    return tuple(_required(name, sa.Double) for name in names)
