"""The simulation silences the servers' logs in its process; the tests that come after it hear theirs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Configures logging as it was when the test is over."""
    kept = structlog.get_config()
    yield
    structlog.configure(**{name: value for name, value in kept.items() if name != "context_class"})
