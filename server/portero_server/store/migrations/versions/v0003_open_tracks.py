"""Faces that a stream was following at its watermark, so that they go on as the same tracks after a cut."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # Null, and empty: none. Servers of the version before leave it as it is.
    op.add_column("streams", sa.Column("open_tracks", sa.Text))
