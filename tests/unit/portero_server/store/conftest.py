"""Fixtures of the store's tests."""

from __future__ import annotations

import pytest

from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.fixtures import database, database_url, empty_database_url
from tests.support.time.virtual_time import ManualClock

__all__ = ["database", "database_url", "empty_database_url"]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def people(database: Database, clock: ManualClock) -> PeopleStore:
    """People of the database."""
    return PeopleStore(database, clock)


@pytest.fixture
def cameras(database: Database, clock: ManualClock) -> CameraStore:
    """Cameras of the database."""
    return CameraStore(database, clock)


@pytest.fixture
def streams(database: Database, clock: ManualClock) -> StreamStore:
    """Streams of the database."""
    return StreamStore(database, clock)


@pytest.fixture
def sightings(database: Database) -> SightingStore:
    """Sightings of the database."""
    return SightingStore(database)


@pytest.fixture
def recording(database: Database, clock: ManualClock) -> Recording:
    """Commits into the database."""
    return Recording(database, clock)
