"""Commits that the database refuses: nothing is acknowledged that is not there, and one frame ends no stream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from portero_server.domain.recording.sightings import CommitResult, StreamCommit
from portero_server.domain.streams.frames import LAST_SEQUENCE, FrameOutcome, FrameRefused, GapReason, RejectionReason
from portero_server.domain.streams.messages import Ack, Finished, Message, Rejected, TrackUpdate
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import PorteroError, SessionSuperseded
from portero_server.streaming.session import Session
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import (
    UNKNOWN,
    StreamHarness,
    camera,
    face,
    jpeg,
    looked,
    named,
    stream_harness,
)
from tests.support.time.virtual_time import in_virtual_time


async def _run(at: StreamHarness, session: Session) -> None:
    """Runs a session that was told everything to its end."""
    session.finish()
    async with asyncio.TaskGroup() as group:
        group.create_task(at.listen(session))
        await session.run()
    at.streams.close(session, "finished")


def _rejected(said: Sequence[Message]) -> list[tuple[int, RejectionReason]]:
    return [(each.sequence, each.reason) for each in said if isinstance(each, Rejected)]


async def _ana(crop: FaceCrop) -> Identification:
    return named("ana")


@pytest.mark.parametrize("refusals", range(1, 9))
@in_virtual_time
async def test_a_watermark_never_passes_what_was_refused(refusals: int) -> None:
    """However many commits are refused, each sequence that is durable is counted."""
    async with stream_harness() as at:
        session = await at.open()
        at.store.refusals = refusals
        for first in range(1, 30, 3):
            # It may have been told to end; until it does it goes on hearing of frames.
            session.gap(first, first + 2, GapReason.DISCONNECTED)
            await asyncio.sleep(0.02)
        listening = asyncio.ensure_future(at.listen(session))
        await asyncio.sleep(0.1)
        listening.cancel()
        assert sum(at.store.outcomes().values()) == at.store.durable
        assert all(ack.durable_sequence <= at.store.durable for ack in at.said if isinstance(ack, Ack))


@pytest.mark.parametrize("superseded", [False, True])
@in_virtual_time
async def test_a_session_without_a_future_says_and_writes_nothing(*, superseded: bool) -> None:
    """Once its commit was refused, or another session owns its stream, nothing is written, granted or told."""
    async with stream_harness({5: looked(face()), 6: looked(face())}, _ana) as at:
        session = await at.open()
        if superseded:
            await at.open()
        else:
            at.store.poisoned = {"door"}
        session.gap(1, 2, GapReason.DISCONNECTED)
        await at.recorder.idle()
        at.store.poisoned = set()
        said = len(session.outbox)
        for _ in range(3):
            session.gap(session.state.intake.last + 1, session.state.intake.last + 1, GapReason.DISCONNECTED)
            at.send(session, *range(session.state.intake.last + 1, session.state.intake.last + 40))
            session.tick(at.clock.monotonic(), 60.0)
            session.abandon()
            await asyncio.sleep(0.1)
        with pytest.raises(SessionSuperseded if superseded else PorteroError):
            await session.run()
        await asyncio.sleep(1.0)
        assert len(session.outbox) == said
        assert not at.store.commits


@in_virtual_time
async def test_an_unstorable_frame_is_put_aside_and_the_stream_goes_on() -> None:
    """What cannot be stored is refused by its frame, told, counted and durable; everything else is stored and told."""
    script: dict[int, FrameAnalysis | FrameRefused] = {
        1: looked(face()),
        2: looked(face()),
        20: looked(face(0.6)),
        21: looked(face(0.6)),
    }
    async with stream_harness(script, _ana) as at:
        at.store.unstorable = {1}
        session = await at.open()
        at.send(session, *range(1, 22))
        await _run(at, session)
        figures = at.metrics.registry
        assert figures.get_sample_value("portero_frames_rejected_total", {"reason": "store_refused"}) == 1
        assert figures.get_sample_value("portero_commit_refusals_total")
    finished = at.said[-1]
    assert isinstance(finished, Finished)
    assert finished.durable_sequence == at.store.durable == 21
    assert finished.outcomes == at.store.outcomes()
    assert finished.outcomes[FrameOutcome.REJECTED] == 1
    assert sum(finished.outcomes.values()) == 21
    assert _rejected(at.said) == [(1, RejectionReason.STORE_REFUSED)]
    kept = [each for commit in at.store.commits for each in commit.exceptions]
    assert [(each.first_sequence, each.reason) for each in kept] == [(1, RejectionReason.STORE_REFUSED)]
    confirmed = [news for news in at.said if isinstance(news, TrackUpdate) and news.state is TrackState.CONFIRMED]
    stored = {decided.track_id for commit in at.store.commits for decided in commit.decided}
    assert {news.track_id for news in confirmed} <= stored
    assert any(news.track_id.endswith(".20.0") for news in confirmed)


@in_virtual_time
async def test_a_finding_ahead_of_the_watermark_is_put_aside_too() -> None:
    """A frame that is held by another face when its finding is refused is settled as refused later."""
    answer = asyncio.Event()

    asked = 0

    async def identify(crop: FaceCrop) -> Identification:
        nonlocal asked
        asked += 1
        if asked == 1:
            await answer.wait()
            return UNKNOWN
        return named("ana")

    both = looked(face(0.2), face(0.7))
    script: dict[int, FrameAnalysis | FrameRefused] = {1: looked(face(0.2)), 2: both, 3: both}
    async with stream_harness(script, identify) as at:
        at.store.unstorable = {2}
        session = await at.open()
        at.send(session, 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            running = group.create_task(session.run())
            await asyncio.sleep(0.2)
            at.send(session, 2)
            await asyncio.sleep(0.5)
            at.send(session, 3)
            await asyncio.sleep(0.2)
            assert at.store.durable == 0
            assert _rejected(at.said) == [(2, RejectionReason.STORE_REFUSED)]
            answer.set()
            session.finish()
            await running
        at.streams.close(session, "finished")
    assert at.store.durable == 3
    assert at.store.outcomes() == {FrameOutcome.WITH_FACES: 2, FrameOutcome.REJECTED: 1}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("bad", [{1}, {2}, {6}, {5, 6}, {1, 2}, {1, 2, 3}, {2, 3, 6}, {1, 2, 3, 4, 5, 6}])
@in_virtual_time
async def test_what_the_other_frames_saw_of_a_face_is_stored(bad: set[int], *, together: bool) -> None:
    """Each frame that shows a face is refused, or its sighting lasts to it; whoever was stored is told to have left."""
    async with stream_harness({number: looked(face()) for number in range(1, 7)}, _ana) as at:
        at.store.unstorable = bad
        session = await at.open()
        if together:
            at.send(session, *range(1, 30))
            await _run(at, session)
        else:
            async with asyncio.TaskGroup() as group:
                group.create_task(at.listen(session))
                running = group.create_task(session.run())
                for number in range(1, 30):
                    at.send(session, number)
                    await asyncio.sleep(0.2)
                session.finish()
                await running
            at.streams.close(session, "finished")
        commits = at.store.commits
        said = at.said
    refused = {sequence for sequence, _ in _rejected(said)}
    assert refused <= bad
    stored = {each.sequence for commit in commits for each in commit.decided}
    stored |= {each.sequence for commit in commits for each in commit.seen}
    assert stored
    assert not stored & bad
    assert all(frame in refused or frame <= max(stored) for frame in range(1, 7))
    assert any(commit.left for commit in commits)
    confirmed = [news for news in said if isinstance(news, TrackUpdate) and news.state is TrackState.CONFIRMED]
    assert [news.sighting_id != "" for news in confirmed] == [True]


@in_virtual_time
async def test_one_streams_unstorable_frame_is_nothing_to_the_others() -> None:
    """Streams of the same commit are written each by itself, and none ends."""
    async with stream_harness({1: looked(face())}, _ana, cameras=[camera("bad"), camera("good")]) as at:
        at.store.unstorable = {1}
        bad, good = await at.open("bad"), await at.open("good")
        at.send(bad, 1, 2)
        good.gap(1, 2, GapReason.DISCONNECTED)
        await _run(at, bad)
        await _run(at, good)
    assert [each.durable_sequence for each in at.said if isinstance(each, Finished)] == [2, 2]


@in_virtual_time
async def test_a_stream_of_which_nothing_can_be_written_does_not_end_for_ever() -> None:
    """When the same frames end a session for the second time, the third one refuses them by their numbers."""
    async with stream_harness() as at:
        store_commit = at.store.commit

        async def commit(commits: Sequence[StreamCommit]) -> CommitResult:
            for each in commits:
                told = {exception.first_sequence for exception in each.exceptions}
                if each.durable_sequence >= 2 and 2 not in told:
                    raise OverflowError("nobody knows why")
            return await store_commit(commits)

        at.store.commit = commit  # type: ignore[method-assign]
        for _ in range(2):
            session = await at.open()
            at.send(session, 1, 2)
            session.finish()
            with pytest.raises(PorteroError, match="cannot be stored"):
                await session.run()
            at.streams.close(session, "internal")
        at.said.clear()
        session = await at.open()
        at.send(session, 1, 2, 3)
        await _run(at, session)
    assert (2, RejectionReason.STORE_REFUSED) in _rejected(at.said)
    assert at.store.durable == 3


@pytest.mark.parametrize(
    "captured",
    [datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)],
)
@in_virtual_time
async def test_a_capture_time_out_of_bounds_is_refused_in_band(captured: datetime) -> None:
    """The frame is settled as refused before anything is computed with its time."""
    async with stream_harness({1: looked(face()), 2: looked(face())}, _ana) as at:
        session = await at.open()
        session.receive(1, captured, jpeg())
        at.send(session, 2)
        await _run(at, session)
    assert _rejected(at.said) == [(1, RejectionReason.BAD_CAPTURE_TIME)]
    assert at.store.durable == 2


@in_virtual_time
async def test_a_sequence_beyond_every_numbering_is_refused_in_band_and_settles_nothing() -> None:
    """Neither a frame nor a gap beyond 2**63-1 moves the numbering, and their credit comes back."""
    async with stream_harness(window=4) as at:
        session = await at.open()
        for _ in range(20):
            session.receive(LAST_SEQUENCE + 1, at.clock.now(), jpeg())
        session.gap(1, LAST_SEQUENCE + 1, GapReason.DISCONNECTED)
        at.send(session, 1, 2)
        await _run(at, session)
    refused = [reason for _, reason in _rejected(at.said)]
    assert refused == [RejectionReason.SEQUENCE_TOO_LARGE] * 21
    assert at.store.outcomes() == {FrameOutcome.UNCHANGED: 2}
