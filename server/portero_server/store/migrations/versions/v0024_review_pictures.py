"""Pictures of faces that wait to be reviewed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import Binary, UtcTime

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    # A server of the version before, which knows no pictures, removes them with sighting and person.
    track = sa.ForeignKey("sighting_tracks.track_id", name="fk_review_pictures_track", ondelete="CASCADE")
    person = sa.ForeignKey("people.person_id", name="fk_review_pictures_person", ondelete="CASCADE")
    op.create_table(
        "review_pictures",
        sa.Column("track_id", sa.String(190), track, primary_key=True),
        sa.Column("person_id", sa.String(63), person),
        sa.Column("similarity", sa.Double, nullable=False),
        sa.Column("quality", sa.Double, nullable=False),
        sa.Column("taken_at", UtcTime, nullable=False),
        sa.Column("kept_at", UtcTime, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sealed", Binary, nullable=False),
        sa.Index("ix_review_pictures_person", "person_id"),
        sa.Index("ix_review_pictures_kept", "kept_at"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
