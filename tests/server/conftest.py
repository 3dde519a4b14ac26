"""Fixtures of the pipeline's tests."""

from __future__ import annotations

from tests.fakes.sqlite_database import database, migrated_file

__all__ = ["database", "migrated_file"]
