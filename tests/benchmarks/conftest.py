"""Fixtures of the tests of benchmarks."""

from __future__ import annotations

from tests.support.store.fixtures import database, database_url

__all__ = ["database", "database_url"]
