"""Fixtures of the tests of merging."""

from __future__ import annotations

import pytest

from portero_server.store.database import Database
from tests.support.store.enrolled_twice import EnrolledTwice


@pytest.fixture
async def house(database: Database) -> EnrolledTwice:
    """Ana is enrolled twice, as "ana" and as "anna", and Ben beside her."""
    made = EnrolledTwice(database)
    await made.enroll()
    return made
