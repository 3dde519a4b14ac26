"""Fixtures of the tests of attendance."""

from __future__ import annotations

import pytest

from portero_server.store.database import Database
from tests.support.attendance.classroom import Classroom
from tests.support.store.fixtures import database, database_url
from tests.support.time.virtual_time import ManualClock

__all__ = ["database", "database_url"]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def classroom(database: Database, clock: ManualClock) -> Classroom:
    """An empty class."""
    return Classroom(database, clock)
