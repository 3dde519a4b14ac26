"""Whether pictures are taken is a matter of the settings; without them, streams are as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portero_server.clock import SystemClock
from portero_server.composition.context import BuildContext
from portero_server.composition.review_pictures import PictureParts, build
from portero_server.composition.store import Stores
from portero_server.composition.store import build as open_stores
from portero_server.errors import StartupProblem
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.settings import Settings
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.traces import NO_TRACES
from portero_server.vault.keys import create_key
from portero_server.watching.listeners import EventListeners


async def _parts(tmp_path: Path, **settings: Any) -> PictureParts:
    chosen = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'portero.db'}", **settings)
    context = BuildContext(chosen, SystemClock(), Metrics(version="0", engine="local"), NO_TRACES)
    async with open_stores(context, create=True) as stores:
        assert isinstance(stores, Stores)
        return build(context, stores)


def _inner(camera_id: str, follower: FrameFollower) -> FrameFollower:
    return follower


async def test_unset_a_stream_is_prepared_by_the_very_same_function(tmp_path: Path) -> None:
    """Nothing runs, and nobody is told of events, also where only the keys are set, which open what was kept."""
    key = tmp_path / "key"
    create_key(key)
    for settings in ({}, {"review_pictures_key_file": key}):
        parts = await _parts(tmp_path, **settings)
        listeners = EventListeners()
        parts.listens_to(listeners)
        assert parts.capture(_inner) is _inner
        assert (parts.runs(), listeners._listeners) == ([], [])


async def test_set_it_needs_decisions(tmp_path: Path) -> None:
    """Without them nothing waits for a review."""
    key = tmp_path / "key"
    create_key(key)
    with pytest.raises(StartupProblem, match="PORTERO_KEEP_DECISIONS"):
        await _parts(tmp_path, review_pictures=True, review_pictures_key_file=key, keep_decisions=False)
    parts = await _parts(tmp_path, review_pictures=True, review_pictures_key_file=key)
    assert parts.capture(_inner) is not _inner
    (work,) = parts.runs()
    work.close()


async def test_a_key_file_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    """The sentence names the setting."""
    with pytest.raises(StartupProblem, match="PORTERO_REVIEW_PICTURES_KEY_FILE"):
        await _parts(tmp_path, review_pictures=True, review_pictures_key_file=tmp_path / "missing")
