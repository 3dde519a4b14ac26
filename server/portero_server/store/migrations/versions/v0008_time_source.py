"""Whose clock dates a camera's frames."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # Null, where a server of the version before writes: by the bridge's clock, as that one does.
    op.add_column("cameras", sa.Column("time_source", sa.String(63)))
