"""When the bytes of erased people were overwritten in the database's files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    # Null for a database server: what becomes of freed pages is its own matter.
    op.add_column("erasures", sa.Column("overwritten_at", UtcTime))
