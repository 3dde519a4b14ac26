"""The long sightings of one camera, and the streams that a session owns, by indexes of their own."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0005"


def upgrade() -> None:
    # ix_sightings_long stays: it serves the reports of all cameras, and servers of the version before name it.
    _create_index("ix_sightings_camera_long", "sightings", ["camera_id", "long_until"])
    # A session never moves with a commit, only when a stream opens.
    _create_index("ix_streams_session", "streams", ["session"])


def _create_index(name: str, table: str, columns: list[str]) -> None:
    if op.get_bind().dialect.name == "mysql":
        # Said, so that a database that cannot build it beside the inserts of running servers refuses instead of
        # making them wait.
        op.execute(f"CREATE INDEX {name} ON {table} ({', '.join(columns)}) ALGORITHM=INPLACE LOCK=NONE")
    else:
        op.create_index(name, table, columns)
