"""Fixtures of the tests of benchmarks."""

from __future__ import annotations

from tests.support.store.fixtures import database, database_url, mariadb, migrated_file, migrated_schema

__all__ = ["database", "database_url", "mariadb", "migrated_file", "migrated_schema"]
