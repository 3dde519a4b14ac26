from __future__ import annotations

import pytest

from tests.support.infra.stack import Stack, deploy


@pytest.fixture(scope="session")
def dev() -> Stack:
    """The cheap stack."""
    return deploy("dev")


@pytest.fixture(scope="session")
def prod() -> Stack:
    """The production stack."""
    return deploy("prod")


@pytest.fixture(params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """Each of the two stacks."""
    chosen: Stack = request.getfixturevalue(request.param)
    return chosen
