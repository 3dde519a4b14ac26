"""Fixtures of the tests of attendance."""

from __future__ import annotations

import pytest

from portero_server.store.database import Database
from tests.support.attendance.classroom import Classroom
from tests.support.time.virtual_time import ManualClock


@pytest.fixture
def classroom(database: Database, clock: ManualClock) -> Classroom:
    """An empty class."""
    return Classroom(database, clock)
