"""Cameras whose clocks go wrong, seed by seed."""

from __future__ import annotations

import pytest

from portero_server.domain.clocks.camera_clock import FrameTime
from tests.simulation.clocks import DEFECTS, simulate_clocks


@pytest.mark.parametrize("first", [1, 26])
def test_nobody_gets_the_name_of_whoever_stood_there_before(first: int) -> None:
    """Whatever a camera's clock does, everybody is asked about and stored as who they are, for each of these seeds."""
    failed = {seed: done.complaints for seed in range(first, first + 25) if (done := simulate_clocks(seed)).complaints}
    assert failed == {}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_found_by_some_seed(monkeypatch: pytest.MonkeyPatch, defect: str) -> None:
    """A clock that is believed where it must not be does not survive twenty seeds."""
    monkeypatch.setattr(FrameTime, "since", DEFECTS[defect])
    assert any(simulate_clocks(seed).complaints for seed in range(1, 21))
