"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same examples every time, and no verdict that depends on how fast the machine is or what else runs on it.
# `pytest --hypothesis-profile default` looks for others.
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")
