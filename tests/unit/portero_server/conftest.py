"""A database for whatever stands on the store; the store's own tests run on MariaDB too (store/conftest.py)."""

from __future__ import annotations

from tests.support.store.sqlite_database import database

__all__ = ["database"]
