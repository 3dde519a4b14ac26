"""Fixtures of the tests of attendance."""

from __future__ import annotations

import pytest

from portero_server.store.database import Database
from tests.support.attendance.classroom import Classroom
from tests.support.store.fixtures import (
    database,
    database_url,
    mariadb,
    migrated_file,
    migrated_schema,
)
from tests.support.time.virtual_time import ManualClock

__all__ = ["database", "database_url", "mariadb", "migrated_file", "migrated_schema"]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def classroom(database: Database, clock: ManualClock) -> Classroom:
    """An empty class."""
    return Classroom(database, clock)
