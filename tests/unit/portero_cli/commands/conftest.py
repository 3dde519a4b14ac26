"""What several commands are shown."""

from __future__ import annotations

import pytest

from tests.support.client.server import FakeServer


@pytest.fixture
def lesson(server: FakeServer) -> FakeServer:
    """A lesson to which Ana came late, and of which Ben's attendance is unproven."""
    server.attendance.hold_lesson()
    return server
