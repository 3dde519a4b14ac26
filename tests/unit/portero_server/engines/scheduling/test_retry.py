"""Trying again, with measure."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.engines.scheduling.retry import RetryBudget, RetryConfig, retry_pause

CONFIG = RetryConfig()


def test_retries_are_a_share_of_first_attempts() -> None:
    """In a long storm one retry is made for every five first attempts, beyond what was saved up."""
    budget = RetryBudget(CONFIG)
    retries = 0
    for _ in range(1000):
        budget.first_attempt()
        while budget.take():
            retries += 1
    assert 200 <= retries <= 200 + CONFIG.reserve


@settings(deadline=None)
@given(st.integers(1, 50), st.integers())
def test_pauses_are_random_and_bounded(attempts: int, seed: int) -> None:
    """A pause is anything between nothing and the doubled range, which stops growing at its limit."""
    pause = retry_pause(CONFIG, attempts, random.Random(seed))
    assert 0.0 <= pause <= min(CONFIG.longest_pause, CONFIG.pause * 2 ** (attempts - 1))
