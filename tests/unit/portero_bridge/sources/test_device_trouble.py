"""Why a camera of this machine does not open."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from portero_bridge.sources.device_trouble import why_missing, why_not_open

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="devices are files on Linux only")


@pytest.mark.parametrize("told", [why_missing, why_not_open])
def test_a_device_that_is_not_there_is_told(told: Callable[[str | int], str | None]) -> None:
    """A number without a device is named by its path, before it is opened and after."""
    assert (told(99) or "").startswith("there is no device /dev/video99")
    assert (told("/dev/video98") or "").startswith("there is no device /dev/video98")


def test_a_device_that_may_not_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group that has the right is named."""
    device = tmp_path / "video0"
    device.touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert why_missing(str(device)) == f"{device} may not be opened: its user must be in the group video"


def test_a_device_that_is_there_is_worth_a_try(tmp_path: Path) -> None:
    """It is not opened to find out: a driver may hang. A pipe without a writer would."""
    device = tmp_path / "video0"
    os.mkfifo(device)
    assert why_missing(str(device)) is None
    assert "gives no pictures" in why_not_open(str(device))
