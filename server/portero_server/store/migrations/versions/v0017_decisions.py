"""What decisions about faces saw."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("recognition_id", sa.String(190), primary_key=True),
        sa.Column("camera_id", sa.String(63), nullable=False),
        sa.Column("track_id", sa.String(190), nullable=False),
        sa.Column("captured_at", UtcTime, nullable=False),
        *(sa.Column(name, sa.String(63), nullable=False) for name in ("engine", "outcome", "reason")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("shot", "face_pixels")),
        sa.Column("quality", sa.Double, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("agreeing", "people", "candidates")),
        *(
            sa.Column(name, sa.Double, nullable=False)
            for name in ("threshold", "margin", "sure_by", "sure_by_tenfold", "sure_quality", "confusable_margin")
        ),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_decisions_time", "decisions", ["captured_at", "recognition_id"])
    op.create_index("ix_decisions_camera", "decisions", ["camera_id", "captured_at", "recognition_id"])
    op.create_index("ix_decisions_track", "decisions", ["track_id", "captured_at"])
    op.create_table(
        "decision_candidates",
        sa.Column(
            "recognition_id",
            sa.String(190),
            sa.ForeignKey("decisions.recognition_id", name="fk_decision_candidates_decision", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "person_id",
            sa.String(63),
            # A server of the version before, which knows no decisions, removes them with the person.
            sa.ForeignKey("people.person_id", name="fk_decision_candidates_person", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("similarity", sa.Double, nullable=False),
        sa.Column("confusable", sa.Boolean, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_decision_candidates_person", "decision_candidates", ["person_id", "recognition_id"])
