"""What holds for every test."""

from __future__ import annotations

import structlog
from hypothesis import HealthCheck, settings

from tests.support.store.fixtures import mariadb, migrated_file, migrated_schema

# Imported here and nowhere else: in each module that imports it, pytest sees a fixture of its own, and a session-wide
# server would be started, and its tables made, once for each of them.
__all__ = ["mariadb", "migrated_file", "migrated_schema"]

# The same examples every time, and no verdict that depends on how fast the machine is or what else runs on it.
# `pytest --hypothesis-profile default` looks for others.
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")

# structlog's own taste draws a traceback in boxes, with the locals of every frame: a second of work for a chain of
# errors, during which the event loop of the test stands still.
structlog.configure(
    [
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
