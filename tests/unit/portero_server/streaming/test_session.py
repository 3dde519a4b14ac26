"""One stream, from frames to durable answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from portero_server.domain.cameras import CameraMode
from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.sightings import SightingEventKind, StreamRow
from portero_server.domain.streams.frames import FrameOutcome, FrameRefused, GapReason, RejectionReason
from portero_server.domain.streams.messages import Ack, Drain, Finished, Rejected, TextRead, TrackUpdate
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import CallContext, FaceCrop, Identification, Pixels
from portero_server.errors import (
    EngineThrottled,
    FailedPrecondition,
    InvalidInput,
    LimitReached,
    NotFound,
    PorteroError,
    SessionSuperseded,
    Unavailable,
)
from portero_server.streaming.session import Session
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import (
    EPOCH_START,
    PIXELS,
    UNKNOWN,
    MemoryStore,
    StreamHarness,
    camera,
    face,
    looked,
    named,
    stream_harness,
)
from tests.support.store.commits import commit_of, decided
from tests.support.time.virtual_time import in_virtual_time, running_clock


async def _finished(at: StreamHarness, session: Session) -> Finished:
    """Runs a session that was told everything to its end."""
    session.finish()
    async with asyncio.TaskGroup() as group:
        group.create_task(at.listen(session))
        await session.run()
    at.streams.close(session, "finished")
    last = at.said[-1]
    assert isinstance(last, Finished)
    return last


@in_virtual_time
async def test_frames_without_news_are_counted_and_acknowledged() -> None:
    """Still frames become durable by their count alone, and Finished gives the account."""
    async with stream_harness() as at:
        session = await at.open()
        at.send(session, 1, 2, 3)
        finished = await _finished(at, session)
    assert finished.durable_sequence == 3
    assert finished.outcomes == {FrameOutcome.UNCHANGED: 3}
    assert at.store.durable == 3
    acks = at.heard(Ack)
    assert acks
    assert all(isinstance(ack, Ack) and ack.durable_sequence <= 3 for ack in acks)


@in_virtual_time
async def test_damaged_frames_are_counted_and_durable() -> None:
    """A frame that was passed over for its damage counts as skipped, and has a metric of its own."""
    torn = FrameAnalysis(FrameOutcome.SKIPPED, damaged=True)
    async with stream_harness({2: torn}) as at:
        session = await at.open()
        at.send(session, 1, 2, 3)
        finished = await _finished(at, session)
        assert at.metrics.registry.get_sample_value("portero_frames_damaged_total") == 1
    assert finished.outcomes == {FrameOutcome.UNCHANGED: 2, FrameOutcome.SKIPPED: 1}


@in_virtual_time
async def test_a_known_face_is_named_once_and_its_news_follow_the_commit() -> None:
    """One call names the track; the update carries the stored sighting, the name and the timing."""
    calls: list[FaceCrop] = []

    async def identify(crop: FaceCrop) -> Identification:
        calls.append(crop)
        await asyncio.sleep(0.1)
        return named("ana")

    async with stream_harness({n: looked(face()) for n in range(1, 6)}, identify) as at:
        session = await at.open()
        at.send(session, 1, 2, 3, 4, 5)
        finished = await _finished(at, session)
    assert len(calls) == 1
    assert calls[0].context.camera_id == "door"
    assert finished.recognitions == 1
    news = [message for message in at.said if isinstance(message, TrackUpdate)]
    assert [item.state for item in news] == [TrackState.PROVISIONAL, TrackState.CONFIRMED, TrackState.CLOSED]
    confirmed = news[1]
    assert confirmed.named is not None
    assert confirmed.named.display_name == "Ana"
    assert confirmed.sighting_id == at.store.links[confirmed.track_id].sighting_id
    assert confirmed.timing is not None
    assert confirmed.timing.recognize == pytest.approx(0.1)
    assert news[2].sighting_id == confirmed.sighting_id


@in_virtual_time
async def test_an_undecided_face_holds_back_the_acknowledgment() -> None:
    """While the engine thinks nothing is acknowledged; after its answer everything is."""
    answer = asyncio.Event()

    async def identify(crop: FaceCrop) -> Identification:
        await answer.wait()
        return named("ana")

    async with stream_harness({1: looked(face())}, identify) as at:
        session = await at.open()
        at.send(session, 1, 2, 3)
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            running = group.create_task(session.run())
            await asyncio.sleep(1.0)
            assert at.store.durable == 0
            answer.set()
            await asyncio.sleep(0.1)
            assert at.store.durable == 3
            session.finish()
            await running
        at.streams.close(session, "finished")


@in_virtual_time
async def test_a_face_nobody_can_name_in_time_is_a_stranger() -> None:
    """At the decision deadline a track is decided whatever the engine does, and a late name revises it."""

    async def identify(crop: FaceCrop) -> Identification:
        await asyncio.sleep(3.0)
        return named("ana")

    async with stream_harness({1: looked(face()), 2: looked(face())}, identify) as at:
        session = await at.open()
        at.send(session, 1, 2)
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            running = group.create_task(session.run())
            await asyncio.sleep(2.2)
            assert at.store.durable == 2
            await asyncio.sleep(1.0)
            session.finish()
            await running
        at.streams.close(session, "finished")
    decided = [item for commit in at.store.commits for item in commit.decided]
    assert [(item.match is not None, item.revises) for item in decided] == [(False, False), (True, True)]


@in_virtual_time
async def test_a_stranger_costs_no_call_without_a_better_shot() -> None:
    """An unknown answer is not asked for again with an equal picture."""
    calls = 0

    async def identify(crop: FaceCrop) -> Identification:
        nonlocal calls
        calls += 1
        return UNKNOWN

    async with stream_harness({n: looked(face(quality=0.5)) for n in range(1, 10)}, identify) as at:
        session = await at.open()
        at.send(session, *range(1, 10))
        await _finished(at, session)
    assert calls == 1
    decided = [item for commit in at.store.commits for item in commit.decided]
    assert [item.match for item in decided] == [None]


@in_virtual_time
async def test_a_face_seen_in_one_look_only_and_not_named_is_a_false_alarm() -> None:
    """A single unnamed detection leaves no sighting."""
    async with stream_harness({1: looked(face()), 2: looked(), 3: looked()}) as at:
        session = await at.open()
        at.send(session, 1, 2, 3)
        finished = await _finished(at, session)
    assert finished.durable_sequence == 3
    assert not [item for commit in at.store.commits for item in commit.decided]


@in_virtual_time
async def test_a_false_alarm_ends_what_an_earlier_session_stored_of_it() -> None:
    """A face stored ahead of the watermark, and found in one look only when its frames come again, leaves once."""
    async with stream_harness({1: looked(face()), 2: looked(), 3: looked()}) as at:
        earlier = await at.open()
        await at.store.commit([commit_of(earlier.row, decided("door.e1.1.0", None, 0))])
        at.streams.close(earlier, "cut")
        session = await at.open()
        at.send(session, 1, 2, 3)
        await _finished(at, session)
    assert [kind for kind, _ in at.store.events] == [SightingEventKind.STARTED, SightingEventKind.LEFT]


@in_virtual_time
async def test_a_throttled_engine_is_asked_again_within_the_deadline() -> None:
    """A call without an answer is repeated; the name still comes."""
    attempts = 0

    async def identify(crop: FaceCrop) -> Identification:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise EngineThrottled("slow down")
        return named("ana")

    async with stream_harness({1: looked(face())}, identify) as at:
        session = await at.open()
        at.send(session, 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            running = group.create_task(session.run())
            await asyncio.sleep(1.0)
            session.finish()
            await running
        at.streams.close(session, "finished")
    outcomes = [item.outcome for commit in at.store.commits for item in commit.recognitions]
    assert outcomes == ["failed", "failed", "match"]


@in_virtual_time
async def test_a_deleted_person_is_nobody() -> None:
    """An answer that names somebody who is no longer in the gallery is unknown."""

    async def identify(crop: FaceCrop) -> Identification:
        return named("deleted")

    async with stream_harness({1: looked(face()), 2: looked(face())}, identify) as at:
        session = await at.open()
        at.send(session, 1, 2)
        await _finished(at, session)
    decided = [item for commit in at.store.commits for item in commit.decided]
    assert [item.match for item in decided] == [None]


@in_virtual_time
async def test_a_broken_frame_is_answered_in_band_and_the_stream_goes_on() -> None:
    """Bytes that are not JPEG are rejected by name, stored as an exception, and do not hold the watermark."""
    async with stream_harness() as at:
        session = await at.open()
        at.send(session, 1, data=b"")
        at.send(session, 2, data=b"GIF89a" + bytes(100))
        at.send(session, 3)
        finished = await _finished(at, session)
    reasons = [message.reason for message in at.said if isinstance(message, Rejected)]
    assert reasons == [RejectionReason.EMPTY, RejectionReason.NOT_JPEG]
    assert finished.outcomes == {FrameOutcome.REJECTED: 2, FrameOutcome.UNCHANGED: 1}
    stored = [item for commit in at.store.commits for item in commit.exceptions]
    assert [(item.first_sequence, item.reason) for item in stored] == [
        (1, RejectionReason.EMPTY),
        (2, RejectionReason.NOT_JPEG),
    ]


@in_virtual_time
async def test_a_frame_that_cannot_be_decoded_is_rejected_after_the_look() -> None:
    """A sound header with a broken picture is rejected when it is looked at."""
    broken = FrameRefused(RejectionReason.UNDECODABLE, "the picture cannot be decoded")
    async with stream_harness({1: broken}) as at:
        session = await at.open()
        at.send(session, 1, 2)
        finished = await _finished(at, session)
    assert finished.outcomes == {FrameOutcome.REJECTED: 1, FrameOutcome.UNCHANGED: 1}


@in_virtual_time
async def test_a_frame_without_a_capture_time_is_rejected() -> None:
    """A missing capture time is a named rejection."""
    async with stream_harness() as at:
        session = await at.open()
        session.receive(1, None, b"")
        at.send(session, 2)
        await _finished(at, session)
    assert isinstance(at.said[0], Rejected | Ack)
    assert at.store.durable == 2


@in_virtual_time
async def test_a_sequence_that_goes_back_is_refused_and_changes_nothing() -> None:
    """A sequence received before in the session is rejected; the numbering goes on."""
    async with stream_harness() as at:
        session = await at.open()
        at.send(session, 1, 2, 2, 1, 0, 3)
        finished = await _finished(at, session)
    rejected = [message for message in at.said if isinstance(message, Rejected)]
    assert [(item.sequence, item.reason) for item in rejected] == [
        (2, RejectionReason.SEQUENCE_BACKWARDS),
        (1, RejectionReason.SEQUENCE_BACKWARDS),
        (0, RejectionReason.SEQUENCE_BACKWARDS),
    ]
    assert finished.outcomes == {FrameOutcome.UNCHANGED: 3}


@in_virtual_time
async def test_frames_durable_before_are_not_looked_at_again() -> None:
    """A resumed stream counts replayed frames and goes on after its watermark."""
    async with stream_harness() as at:
        first = await at.open()
        at.send(first, 1, 2, 3)
        await _finished(at, first)
        again = await at.open()
        at.send(again, 2, 3, 4)
        finished = await _finished(at, again)
    assert at.scene.looked_at == [1, 2, 3, 4]
    assert finished.outcomes == {FrameOutcome.REPLAYED: 2, FrameOutcome.UNCHANGED: 1}


@in_virtual_time
async def test_gaps_are_durable_with_their_reason() -> None:
    """Reported gaps keep their reason, jumps are unexplained, and both pass the watermark."""
    async with stream_harness() as at:
        session = await at.open()
        at.send(session, 1)
        session.gap(2, 4, GapReason.NO_CREDIT)
        at.send(session, 7)
        session.gap(3, 9, GapReason.DISCONNECTED)
        finished = await _finished(at, session)
    stored = [item for commit in at.store.commits for item in commit.exceptions]
    assert [(item.first_sequence, item.last_sequence, item.reason) for item in stored] == [
        (2, 4, GapReason.NO_CREDIT),
        (5, 6, GapReason.UNEXPLAINED),
        (8, 9, GapReason.DISCONNECTED),
    ]
    assert finished.outcomes == {FrameOutcome.UNCHANGED: 2, FrameOutcome.MISSING: 7}


@pytest.mark.parametrize(("first", "last"), [(0, 3), (5, 4)])
def test_an_impossible_gap_ends_the_stream(first: int, last: int) -> None:
    """A gap that begins at 0 or ends before it begins is a defect of the bridge."""

    @in_virtual_time
    async def run() -> None:
        async with stream_harness() as at:
            session = await at.open()
            with pytest.raises(InvalidInput, match="gap"):
                session.gap(first, last, GapReason.NO_CREDIT)

    run()


@in_virtual_time
async def test_frames_beyond_the_credit_are_rejected_and_memory_stays_bounded() -> None:
    """A bridge that ignores its credit loses the frames beyond it, by name."""
    async with stream_harness(window=4) as at:
        session = await at.open()
        at.send(session, *range(1, 11))
        assert session.state.intake.waiting_bytes <= 1_000_000
        finished = await _finished(at, session)
    rejected = [message for message in at.said if isinstance(message, Rejected)]
    assert {item.reason for item in rejected} == {RejectionReason.NO_CREDIT}
    assert len(rejected) == 6
    assert sum(finished.outcomes.values()) == 10


@in_virtual_time
async def test_nothing_is_acknowledged_until_the_database_answers() -> None:
    """While commits fail no ack covers the frames; the same data is committed once it is back."""
    async with stream_harness() as at:
        at.store.unavailable = 5
        session = await at.open()
        at.send(session, 1, 2)
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            running = group.create_task(session.run())
            await asyncio.sleep(0.3)
            assert all(ack.durable_sequence == 0 for ack in at.said if isinstance(ack, Ack))
            session.finish()
            await running
        at.streams.close(session, "finished")
    assert at.store.durable == 2
    assert at.store.outcomes() == {FrameOutcome.UNCHANGED: 2}


@in_virtual_time
async def test_data_that_cannot_be_stored_ends_its_own_stream_only() -> None:
    """A stream whose commit is refused ends with an error; another in the same commit goes on."""
    async with stream_harness(cameras=[camera("bad"), camera("good")]) as at:
        at.store.poisoned = {"bad"}
        bad, good = await at.open("bad"), await at.open("good")
        at.send(bad, 1)
        at.send(good, 1)
        running = asyncio.ensure_future(bad.run())
        finished = await _finished(at, good)
        assert finished.durable_sequence == 1
        with pytest.raises(PorteroError, match="cannot be stored"):
            await running
        at.streams.close(bad, "internal")


@in_virtual_time
async def test_a_later_session_fences_an_earlier_one() -> None:
    """The earlier session is told it was superseded and its late commit writes nothing."""
    release = asyncio.Event()

    async def identify(crop: FaceCrop) -> Identification:
        await release.wait()
        return named("ana")

    async with stream_harness({1: looked(face())}, identify) as at:
        earlier = await at.open()
        at.send(earlier, 1)
        running = asyncio.ensure_future(earlier.run())
        await asyncio.sleep(0.1)
        later = await at.open()
        with pytest.raises(SessionSuperseded):
            await running
        at.streams.close(earlier, "superseded")
        assert at.streams.status("door") is not None
        release.set()
        at.send(later, 1)
        finished = await _finished(at, later)
    assert finished.durable_sequence == 1
    assert {commit.session for commit in at.store.commits} == {later.row.session}


async def _ana_then_nobody_known(crop: FaceCrop) -> Identification:
    if crop.quality.size == 1.0:
        return named("ana")
    await asyncio.sleep(60)
    return UNKNOWN


async def _cut(at: StreamHarness, session: Session, *sequences: int) -> None:
    """Sends frames, and cuts the stream a little later."""
    running = asyncio.ensure_future(session.run())
    at.send(session, *sequences)
    await asyncio.sleep(0.2)
    running.cancel()
    await asyncio.wait({running})
    at.streams.close(session, "cut")
    await at.recorder.idle()


@in_virtual_time
async def test_faces_of_a_cut_stream_leave_when_nobody_goes_on_with_it() -> None:
    """Ten seconds after a cut the named face has left; the frames of the undecided one stay unacknowledged."""
    script: dict[int, FrameAnalysis | FrameRefused] = {
        1: looked(face(0.1)),
        5: looked(face(0.1), face(0.7, quality=0.5)),
    }
    async with stream_harness(script, _ana_then_nobody_known) as at:
        await _cut(at, await at.open(), 1, 2, 3, 4, 5, 6)
        assert at.store.durable == 4
        assert [item for commit in at.store.commits for item in commit.left] == []
        await asyncio.sleep(10.5)
        assert [item.track_id for commit in at.store.commits for item in commit.left] == ["door.e1.1.0"]
    assert len([item for commit in at.store.commits for item in commit.decided]) == 1
    (remembered,) = at.store.commits[-1].open_tracks or ()
    assert remembered.absent


@in_virtual_time
@pytest.mark.parametrize("cut", [True, False])
async def test_a_face_that_was_told_to_have_left_goes_on_when_frames_come_late(*, cut: bool) -> None:
    """Although nothing came for long, a stranger in the frames captured next is the same track, and leaves again."""
    script: dict[int, FrameAnalysis | FrameRefused] = {sequence: looked(face(0.1)) for sequence in range(1, 9)}
    async with stream_harness(script) as at:
        session = await at.open()
        if cut:
            running = asyncio.ensure_future(session.run())
            at.send(session, 1, 2, 3)
            # The deadline decides: a stranger.
            await asyncio.sleep(3.0)
            running.cancel()
            await asyncio.wait({running})
            at.streams.close(session, "cut")
            await asyncio.sleep(11.0)
            session = await at.open()
            running = asyncio.ensure_future(session.run())
        else:
            running = asyncio.ensure_future(session.run())
            at.send(session, 1, 2, 3)
            await asyncio.sleep(14.0)
        assert [len(commit.left) for commit in at.store.commits if commit.left] == [1]
        at.send(session, 4, 5, 6, 7, 8)
        session.finish()
        await running
        at.streams.close(session, "finished")
    decided = [item for commit in at.store.commits for item in commit.decided]
    assert [(item.track_id, item.returns) for item in decided] == [("door.e1.1.0", False), ("door.e1.1.0", True)]
    left = [item for commit in at.store.commits for item in commit.left]
    assert [(item.track_id, item.last_seen) for item in left] == [
        # Without a cut the last frame changed too, but nobody looked who was in it.
        ("door.e1.1.0", EPOCH_START + timedelta(seconds=sequence / 5))
        for sequence in (3, 8 if cut else 7)
    ]


@in_virtual_time
async def test_a_face_goes_on_as_the_same_track_after_a_cut() -> None:
    """A stranger who was decided before a cut is neither counted again nor asked about again, and leaves once."""
    asked: list[float] = []

    async def identify(crop: FaceCrop) -> Identification:
        asked.append(crop.quality.size)
        return UNKNOWN

    script: dict[int, FrameAnalysis | FrameRefused] = {sequence: looked(face(0.1)) for sequence in range(1, 9)}
    async with stream_harness(script, identify) as at:
        session = await at.open()
        running = asyncio.ensure_future(session.run())
        at.send(session, 1, 2, 3)
        # The deadline decides: a stranger.
        await asyncio.sleep(3.0)
        running.cancel()
        await asyncio.wait({running})
        at.streams.close(session, "cut")
        again = await at.open()
        assert [track.track_id for track in again.row.open_tracks] == ["door.e1.1.0"]
        running = asyncio.ensure_future(again.run())
        at.send(again, 4, 5, 6, 7, 8)
        again.finish()
        await running
        at.streams.close(again, "finished")
        await asyncio.sleep(11.0)
    assert [item.track_id for commit in at.store.commits for item in commit.decided] == ["door.e1.1.0"]
    (left,) = [item for commit in at.store.commits for item in commit.left]
    assert left.track_id == "door.e1.1.0"
    # That nobody looked at the last two frames says nothing of who was in them.
    assert left.last_seen == EPOCH_START + timedelta(seconds=8 / 5)
    assert len(asked) == 1


@in_virtual_time
async def test_a_stream_resumes_with_its_faces_as_they_were_at_the_watermark() -> None:
    """What was seen beyond the watermark is not remembered: those frames come again."""
    script: dict[int, FrameAnalysis | FrameRefused] = {
        1: looked(face(0.1)),
        5: looked(face(0.1), face(0.7, quality=0.5)),
    }
    async with stream_harness(script, _ana_then_nobody_known) as at:
        await _cut(at, await at.open(), 1, 2, 3, 4, 5, 6)
        (track,) = at.store.commits[-1].open_tracks or ()
    assert at.store.durable == 4
    assert track.last_sequence == 4
    assert track.company == ()
    assert track.match is not None
    assert track.match.person_id == "ana"


@in_virtual_time
async def test_faces_stay_when_a_bridge_hangs_up_without_finishing() -> None:
    """What was sent is finished, but a face goes on in the next session, as after Drain."""
    script: dict[int, FrameAnalysis | FrameRefused] = {sequence: looked(face(0.1)) for sequence in range(1, 5)}
    async with stream_harness(script, _ana_then_nobody_known) as at:
        session = await at.open()
        at.send(session, 1, 2)
        session.hang_up()
        await session.run()
        at.streams.close(session, "finished")
        assert at.store.durable == 2
        again = await at.open()
        assert [track.track_id for track in again.row.open_tracks] == ["door.e1.1.0"]
        at.send(again, 3, 4)
        await _finished(at, again)
    assert [item.track_id for commit in at.store.commits for item in commit.decided] == ["door.e1.1.0"]
    assert [item.track_id for commit in at.store.commits for item in commit.left] == ["door.e1.1.0"]


@in_virtual_time
async def test_gaps_told_in_other_ranges_after_a_cut_are_stored_once() -> None:
    """Gaps become rows with the watermark that passes them, as a bridge joins them when it tells them again."""
    script: dict[int, FrameAnalysis | FrameRefused] = {1: looked(face(0.1, quality=0.5))}
    async with stream_harness(script, _ana_then_nobody_known) as at:
        session = await at.open()
        running = asyncio.ensure_future(session.run())
        at.send(session, 1)
        session.gap(2, 2, GapReason.SPOOL_FAILED)
        session.gap(3, 3, GapReason.SPOOL_FAILED)
        await asyncio.sleep(0.2)
        running.cancel()
        await asyncio.wait({running})
        at.streams.close(session, "cut")
        again = await at.open()
        at.send(again, 1)
        again.gap(2, 3, GapReason.SPOOL_FAILED)
        await _finished(at, again)
    stored = [item for commit in at.store.commits for item in commit.exceptions]
    assert [(item.first_sequence, item.last_sequence) for item in stored] == [(2, 3)]


@in_virtual_time
async def test_faces_left_behind_by_an_earlier_numbering_have_left() -> None:
    """Opening a session of a new epoch ends the tracks that the last epoch's session could not end, once."""
    script: dict[int, FrameAnalysis | FrameRefused] = {1: looked(face(0.1))}
    async with stream_harness(script, _ana_then_nobody_known) as at:
        await _cut(at, await at.open(), 1, 2)
        session = await at.open(epoch="e2")
        assert [kind.value for kind, _ in at.store.events] == ["started", "left"]
        running = asyncio.ensure_future(session.run())
        await at.recorder.idle()
        session.finish()
        await running
    assert [kind.value for kind, _ in at.store.events] == ["started", "left"]


@in_virtual_time
async def test_a_silent_bridge_is_cut() -> None:
    """A stream from which nothing came for the idle time ends; a heartbeat keeps it."""
    async with stream_harness(idle_timeout=5.0) as at:
        session = await at.open()
        running = asyncio.ensure_future(session.run())
        await asyncio.sleep(4.0)
        session.heartbeat()
        await asyncio.sleep(4.0)
        assert not running.done()
        with pytest.raises(Unavailable, match="nothing came"):
            await running
        at.streams.close(session, "idle")


@in_virtual_time
async def test_draining_says_so_waits_and_cuts() -> None:
    """Drain is said first; a bridge that stays is cut at the deadline; nobody new gets in."""
    async with stream_harness() as at:
        session = await at.open()
        running = asyncio.ensure_future(session.run())
        listening = asyncio.ensure_future(at.listen(session))

        async def close() -> None:
            await asyncio.wait({running})
            at.streams.close(session, "drained")

        closing = asyncio.ensure_future(close())
        before = at.clock.monotonic()
        await at.streams.drain(EPOCH_START, 3.0)
        assert at.clock.monotonic() - before == pytest.approx(3.0)
        await closing
        await listening
        with pytest.raises(Unavailable, match="went away"):
            await running
        with pytest.raises(Unavailable, match="going away"):
            await at.open()
    assert at.heard(Drain) == [Drain(EPOCH_START)]


class _SlowRows(MemoryStore):
    """Streams that take a second to be opened."""

    async def open(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        await asyncio.sleep(1.0)
        return await super().open(camera_id, epoch, session)


@in_virtual_time
async def test_a_stream_on_its_way_in_is_asked_to_leave_too() -> None:
    """A stream that was being opened when draining began is told Drain before anything else."""
    async with stream_harness(store=_SlowRows()) as at:
        opening = asyncio.ensure_future(at.open())
        await asyncio.sleep(0.5)
        await at.streams.drain(EPOCH_START, 3.0)
        session = await opening
        assert len(session.outbox) == 1
        assert await session.outbox.take() == [Drain(EPOCH_START)]
        at.streams.close(session, "drained")


@in_virtual_time
async def test_refuses_streams_it_cannot_serve() -> None:
    """Unknown and disabled cameras, malformed epochs and too many streams each have their error."""
    disabled = replace(camera("off"), disabled=True)
    async with stream_harness(cameras=[camera("a"), camera("b"), disabled], max_streams=1) as at:
        with pytest.raises(NotFound, match="cameras/nowhere") as missing:
            await at.open("nowhere")
        assert missing.value.reason == "CAMERA_NOT_FOUND"
        with pytest.raises(FailedPrecondition, match="disabled"):
            await at.open("off")
        with pytest.raises(InvalidInput, match="epoch"):
            await at.open("a", epoch="a b")
        session = await at.open("a")
        with pytest.raises(LimitReached, match="1 streams are open"):
            await at.open("b")
        at.streams.close(session, "test")


@in_virtual_time
async def test_a_camera_disabled_or_removed_under_way_is_cut_within_seconds() -> None:
    """Open streams follow changes to their camera."""
    async with stream_harness() as at:
        session = await at.open()
        running = asyncio.ensure_future(session.run())
        at.cameras.cameras["door"] = replace(camera(), disabled=True)
        with pytest.raises(FailedPrecondition, match="disabled"):
            await running
        at.streams.close(session, "disabled")


@in_virtual_time
async def test_text_is_read_once_per_content() -> None:
    """A camera in text mode tells each new content once, after the commit, and stores it when asked to."""
    contents = iter(["ROOM 12", "ROOM 12", "ROOM 14"])

    async def read(pixels: Pixels, context: CallContext) -> tuple[Text, ...]:
        return (Text(next(contents), TextKind.LINE, Box(0, 0, 1, 1), 0.99),)

    clear = FrameAnalysis(FrameOutcome.EMPTY, pixels=PIXELS, sharpness=0.9)
    blurred = FrameAnalysis(FrameOutcome.EMPTY, pixels=PIXELS, sharpness=0.1)
    script: dict[int, FrameAnalysis | FrameRefused] = {1: clear, 2: blurred, 3: clear, 4: clear}
    async with stream_harness(script, read_text=read, cameras=[camera(mode=CameraMode.TEXT)]) as at:
        session = await at.open()
        running = asyncio.ensure_future(session.run())
        listening = asyncio.ensure_future(at.listen(session))
        for sequence in (1, 2, 3, 4):
            at.send(session, sequence)
            await asyncio.sleep(0.1)
        session.finish()
        await running
        await listening
        at.streams.close(session, "finished")
    told = [news.texts[0].content for news in at.said if isinstance(news, TextRead)]
    assert told == ["ROOM 12", "ROOM 14"]
    assert [line for commit in at.store.commits for text in commit.texts for line in text.lines] == told


@in_virtual_time
async def test_tells_how_it_is() -> None:
    """The live status counts what came and how fast."""
    async with stream_harness() as at:
        session = await at.open()
        for sequence in range(1, 11):
            at.send(session, sequence)
            running_clock().advance(0.2)
        session.gap(11, 12, GapReason.NO_CREDIT)
        status = at.streams.status("door")
        assert status is not None
        assert status.frames_received == 10
        assert status.frames_missing == 2
        assert status.frame_rate == pytest.approx(5.0, rel=0.2)
        assert status.watermark_lag == 12
        assert at.streams.last_picture("door") is None
        await _finished(at, session)
        assert at.streams.status("door") is None
        assert at.streams.last_picture("door") == status.last_frame_at
