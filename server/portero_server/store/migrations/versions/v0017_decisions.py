"""What decisions about faces saw, and what people say of them."""

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
            for name in (
                "demanded",
                "threshold",
                "margin",
                "sure_by",
                "sure_by_tenfold",
                "sure_quality",
                "confusable_margin",
            )
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
    op.create_table(
        "sighting_reviews",
        sa.Column("review_id", sa.String(63), primary_key=True),
        *(sa.Column(name, sa.String(63), nullable=False) for name in ("sighting_id", "camera_id", "action")),
        *(
            sa.Column(
                name,
                sa.String(63),
                sa.ForeignKey("people.person_id", name=f"fk_sighting_reviews_{name}", ondelete="CASCADE"),
            )
            for name in ("person_id", "decided_person_id")
        ),
        sa.Column("decided_name", sa.String(200), nullable=False),
        *(sa.Column(f"decided_{name}", sa.Double, nullable=False) for name in ("similarity", "margin")),
        sa.Column("decided_tracks", sa.Integer, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("reviewer", sa.String(190), nullable=False),
        sa.Column("reviewed_at", UtcTime, nullable=False),
        sa.Column("undone_at", UtcTime),
        sa.Column("undone_by", sa.String(190)),
        sa.Column("demand_engine", sa.String(63)),
        sa.Column("demand_similarity", sa.Double),
        sa.Column("demand_until", UtcTime),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_sighting_reviews_sighting", "sighting_reviews", ["sighting_id", "reviewed_at"])
    op.create_index("ix_sighting_reviews_time", "sighting_reviews", ["reviewed_at", "review_id"])
    op.create_index("ix_sighting_reviews_person", "sighting_reviews", ["person_id", "review_id"])
    op.create_index("ix_sighting_reviews_decided", "sighting_reviews", ["decided_person_id"])
    op.create_index("ix_sighting_reviews_demand", "sighting_reviews", ["demand_until"])
    # Null where nobody has said anything: a server of the version before knows nothing of it, and leaves it alone.
    op.add_column("sightings", sa.Column("reviewed", sa.Boolean))
