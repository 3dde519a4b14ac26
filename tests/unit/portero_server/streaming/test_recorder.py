"""Group commit: one transaction a tick, repeated until the database answers."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.sightings import CommitResult, StreamCommit
from portero_server.errors import StoreUnavailable
from portero_server.streaming.recorder import Recorder
from portero_server.telemetry.metrics import Metrics
from tests.support.time.virtual_time import in_virtual_time, running_clock


class _Store:
    def __init__(self) -> None:
        self.commits: list[tuple[str, ...]] = []
        self.unavailable = 0
        self.seconds = 0.0

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        await asyncio.sleep(self.seconds)
        if self.unavailable:
            self.unavailable -= 1
            raise StoreUnavailable("gone")
        if any(commit.camera_id == "bad" for commit in commits):
            raise ValueError("unwritable")
        self.commits.append(tuple(commit.camera_id for commit in commits))
        superseded = frozenset(commit.session for commit in commits if commit.camera_id == "old")
        return CommitResult(superseded, {}, len(self.commits))


class _Stream:
    def __init__(self, name: str) -> None:
        self.name = name
        self.heard: list[str] = []
        self.pending = 1

    def take(self) -> StreamCommit | None:
        if not self.pending:
            return None
        taken, self.pending = self.pending, 0
        return StreamCommit(1, self.name, self.name, taken)

    def committed(self, commit: StreamCommit, result: CommitResult) -> None:
        self.heard.append(f"committed {commit.durable_sequence}")

    def superseded(self) -> None:
        self.heard.append("superseded")

    def quarantine(self, commit: StreamCommit) -> Quarantine | None:
        return None

    def put_aside(self, search: Quarantine) -> None:
        self.heard.append("put aside")

    def failed(self, commit: StreamCommit, error: Exception) -> None:
        self.heard.append("failed")


class _Listener:
    def __init__(self) -> None:
        self.positions: list[int] = []

    def notify(self, position: int) -> None:
        self.positions.append(position)


@asynccontextmanager
async def _recorder(store: _Store, listener: _Listener | None = None) -> AsyncIterator[Recorder]:
    recorder = Recorder(
        store,
        running_clock(),
        Metrics(version="0", engine="scripted").store,
        listener or _Listener(),
        interval=0.015,
        jitter=random.Random(1),
    )
    running = asyncio.ensure_future(recorder.run())
    yield recorder
    running.cancel()
    await asyncio.wait({running})


@in_virtual_time
async def test_streams_of_one_tick_share_a_transaction() -> None:
    """All streams marked within the interval are one commit, and events are announced after it."""
    store, listener = _Store(), _Listener()
    streams = [_Stream("a"), _Stream("b")]
    async with _recorder(store, listener) as recorder:
        for stream in streams:
            recorder.mark(stream)
        recorder.mark(streams[0])
        await recorder.idle()
    assert store.commits == [("a", "b")]
    assert listener.positions == [1]
    assert [stream.heard for stream in streams] == [["committed 1"], ["committed 1"]]


@in_virtual_time
async def test_what_comes_during_a_commit_is_in_the_next() -> None:
    """A stream marked while a commit is under way is committed after it, not lost and not twice."""
    store = _Store()
    store.seconds = 0.1
    stream = _Stream("a")
    async with _recorder(store) as recorder:
        recorder.mark(stream)
        await asyncio.sleep(0.05)
        stream.pending = 2
        recorder.mark(stream)
        await recorder.idle()
    assert stream.heard == ["committed 1", "committed 2"]


@in_virtual_time
async def test_an_idle_recorder_commits_at_once() -> None:
    """The first stream to have something after a while waits for nothing."""
    stream, clock = _Stream("a"), running_clock()
    async with _recorder(_Store()) as recorder:
        for _ in range(2):
            await asyncio.sleep(1.0)
            stream.pending = 1
            began = clock.monotonic()
            recorder.mark(stream)
            await recorder.idle()
            assert clock.monotonic() == began
    assert stream.heard == ["committed 1", "committed 1"]


@pytest.mark.parametrize(("takes", "period"), [(0.0, 0.015), (0.005, 0.015), (0.01, 0.02), (0.015, 0.03), (0.1, 0.115)])
@in_virtual_time
async def test_gathers_between_commits(takes: float, period: float) -> None:
    """Quick commits begin an interval apart; slow ones leave as much time between them as they take, to an interval."""
    store = _Store()
    store.seconds = takes
    stream, clock = _Stream("a"), running_clock()
    ended = []
    async with _recorder(store) as recorder:
        for _ in range(4):
            stream.pending = 1
            recorder.mark(stream)
            await recorder.idle()
            ended.append(clock.monotonic())
    assert [later - earlier for earlier, later in itertools.pairwise(ended)] == pytest.approx([period] * 3)


@in_virtual_time
async def test_an_unreachable_database_is_asked_until_it_answers() -> None:
    """Commits are repeated with growing pauses of at most two seconds, without loss."""
    store = _Store()
    store.unavailable = 10
    stream = _Stream("a")
    clock = running_clock()
    began = clock.monotonic()
    async with _recorder(store) as recorder:
        recorder.mark(stream)
        await recorder.idle()
    assert stream.heard == ["committed 1"]
    assert 5.0 < clock.monotonic() - began < 20.0


@in_virtual_time
async def test_unwritable_data_of_one_stream_spares_the_others() -> None:
    """When a commit is refused each stream is tried alone, and only the culprit fails."""
    store = _Store()
    good, bad, other = _Stream("good"), _Stream("bad"), _Stream("other")
    async with _recorder(store) as recorder:
        for stream in (good, bad, other):
            recorder.mark(stream)
        await recorder.idle()
    assert (good.heard, bad.heard, other.heard) == (["committed 1"], ["failed"], ["committed 1"])


@in_virtual_time
async def test_a_superseded_stream_is_told_so() -> None:
    """A stream whose session is no longer the owner hears that and nothing else."""
    old, new = _Stream("old"), _Stream("new")
    async with _recorder(_Store()) as recorder:
        recorder.mark(old)
        recorder.mark(new)
        await recorder.idle()
    assert (old.heard, new.heard) == (["superseded"], ["committed 1"])
