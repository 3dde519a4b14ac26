"""Alembic's environment: applies migrations on the connection that the caller holds."""

from __future__ import annotations

from alembic import context

from portero_server.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot change most things of a table in place; Alembic copies it.
    render_as_batch=True,
)

with context.begin_transaction():
    context.run_migrations()
