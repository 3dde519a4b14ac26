"""Consents, blocks and erasures; privacy zones; and what retention finds old rows by."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0006"
down_revision = "0003"


def upgrade() -> None:
    _create(
        "consents",
        sa.Column("consent_id", sa.String(63), primary_key=True),
        _required("person_id", sa.String(63)),
        _required("purpose", sa.String(200)),
        _required("text_version", sa.String(63)),
        _required("channel", sa.String(63)),
        _required("guardian", sa.String(200)),
        _required("given_at", UtcTime),
        _required("recorded_at", UtcTime),
        sa.Column("expires_at", UtcTime),
        sa.Column("withdrawn_at", UtcTime),
    )
    op.create_index("ix_consents_person", "consents", ["person_id", "given_at"])
    _create(
        "people_blocks",
        sa.Column("person_id", sa.String(63), primary_key=True),
        _required("reason", sa.String(200)),
        _required("blocked_at", UtcTime),
    )
    _create(
        "erasures",
        sa.Column("erasure_id", sa.String(63), primary_key=True),
        _required("subject", sa.String(190)),
        sa.Column("person_id", sa.String(63)),
        _required("requested_at", UtcTime),
        sa.Column("finished_at", UtcTime),
        _required("counts", sa.Text),
        sa.Column("digest", sa.String(190)),
        sa.UniqueConstraint("subject", name="uq_erasures_subject"),
    )
    op.create_index("ix_erasures_open", "erasures", ["finished_at"])
    _create(
        "erasure_faces",
        sa.Column("face_id", sa.String(63), primary_key=True),
        _required("erasure_id", sa.String(63)),
        _required("engine", sa.String(63)),
        _required("external_id", sa.String(190)),
    )
    op.create_index("ix_erasure_faces_erasure", "erasure_faces", ["erasure_id"])
    # Null, where a server of the version before writes: no zones, and not yet dated.
    op.add_column("cameras", sa.Column("privacy_zones", sa.Text))
    op.add_column("stream_exceptions", sa.Column("recorded_at", UtcTime))
    op.create_index("ix_stream_exceptions_time", "stream_exceptions", ["recorded_at"])
    op.create_index("ix_gallery_changes_person", "gallery_changes", ["person_id"])
    op.create_index("ix_sighting_tracks_sighting", "sighting_tracks", ["sighting_id"])
    op.create_index("ix_recognitions_person", "recognitions", ["person_id", "captured_at"])
    op.create_index("ix_recognitions_time", "recognitions", ["captured_at"])
    op.create_index("ix_texts_time", "texts", ["captured_at"])


def _required(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _create(name: str, *parts: sa.Column[Any] | sa.UniqueConstraint) -> None:
    op.create_table(name, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin")
