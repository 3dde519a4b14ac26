"""Prometheus's own programs, for tests: they must be there, since a test that is skipped shows nothing."""

from __future__ import annotations

import shutil

from tests.support.repository import ROOT

RULES = tuple(sorted((ROOT / "infra/prometheus/rules").glob("*.yaml")))


def program(name: str) -> str:
    """Returns the path of `prometheus` or `promtool`."""
    found = shutil.which(name)
    assert found is not None, f"{name} is missing: .ci/system prometheus (on Debian: apt-get install prometheus)"
    return found
