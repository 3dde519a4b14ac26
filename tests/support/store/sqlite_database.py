"""A migrated SQLite database for tests of what stands on the store; the store's own tests run on the other kinds too.

Import it into a conftest.py.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portero_server.store.database import Database
from tests.support.time.timeouts import PATIENCE

__all__ = ["database"]


@pytest.fixture
async def database(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """An SQLite database with all tables and no rows."""
    shutil.copy(migrated_file, tmp_path / "portero.db")
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'portero.db'}", pool_size=5, timeout=PATIENCE)
    yield opened
    await opened.aclose()
