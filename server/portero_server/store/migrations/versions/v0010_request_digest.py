"""What a request of a given id asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import Digest

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    # Null for what an older server stores, also while both run: its repetitions are not compared.
    op.add_column("requests", sa.Column("digest", Digest))
