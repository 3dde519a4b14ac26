"""In which language a subscription's people are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0027"


def upgrade() -> None:
    # A server of the version before leaves it null: it makes webhooks only, and finds no subscription of another kind.
    op.add_column("subscriptions", sa.Column("language", sa.String(63)))
