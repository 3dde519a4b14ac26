"""The state of a stream against a model that remembers everything, through commits, failures and resumes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from portero_server.domain.cameras import Camera, CameraMode, Lane
from portero_server.domain.clocks.camera_clock import DEFAULT_CLOCK_POLICY
from portero_server.domain.detection.detections import Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.resuming import revived_tracks
from portero_server.domain.recording.sightings import (
    CommitResult,
    StreamCommit,
    StreamRow,
    TrackBegan,
    TrackDecided,
    TrackDecision,
    TrackEnd,
    TrackLeft,
    TrackRejoined,
    TrackSeen,
    TrackTold,
)
from portero_server.domain.streams.credit import CreditPolicy
from portero_server.domain.streams.frames import FrameOutcome, FrameRefused, GapReason, RejectionReason
from portero_server.domain.streams.messages import Ack, Message, NamedMatch, Rejected, TrackUpdate
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.reasons import UnknownReason
from portero_server.domain.tracking.track import Track, TrackState
from portero_server.domain.tracking.tracks import Tracker
from portero_server.errors import SessionSuperseded, Unavailable
from portero_server.streaming.commits import Commits
from portero_server.streaming.effects import (
    Effects,
    FrameRejected,
    FramesMissing,
    FramesSettled,
    NothingStored,
    UnknownLeft,
)
from portero_server.streaming.intake import Intake, IntakeRules
from portero_server.streaming.state import StreamState
from portero_server.streaming.stream_clock import UNDECLARED, CaptureTimes, Moment, StreamClock
from tests.support.time.frame_times import time_of

_POLICY = CreditPolicy(window_frames=6, window_bytes=600, max_unsettled=12)
_START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_CAMERA = Camera("door", "Door", "", CameraMode.FACES, Lane.VISITOR, False, None, None, _START, _START)
_BOX = Box(0.2, 0.3, 0.1, 0.1)
_DECIDER = Tracker("door.e1", TrackPolicy())


def _header(jpeg: bytes) -> tuple[int, int]:
    if len(jpeg) % 7 == 0:
        raise FrameRefused(RejectionReason.TRUNCATED, "the file ends early")
    return 640, 480


def _state(row: StreamRow, tracks: list[Track] | None = None, suspects: range = range(0)) -> StreamState:
    now = Moment(0.0, _START)
    timing = StreamClock(DEFAULT_CLOCK_POLICY, UNDECLARED, (), None, now)
    rules = IntakeRules(_header, CaptureTimes(), suspects)
    intake = Intake(row.durable_sequence, _CAMERA, rules, timing, _POLICY, now.monotonic)
    state = StreamState(row, intake, Commits(row, tracks or [], keep_texts=True))
    state.opened()
    return state


def _update(track: Track, state: TrackState) -> TrackUpdate:
    named = None if track.match is None else NamedMatch(track.match, "Ana")
    return TrackUpdate(track.track_id, state, track.last_sequence, _BOX, named, track.first_seen, track.last_seen)


class _Stream(RuleBasedStateMachine):
    """Drives a state as a session and a recorder would, with a bridge that is not always obedient.

    Attributes:
        fate: Outcome of each sequence that came or is missing in this session; None while it is open.
        held: Undecided tracks that hold a frame.
        followed: Track ids followed after each frame that was looked at.
        owed: Decisions that no commit has carried yet.
        aside: Tracks whose decision was put aside: it is made again with a later frame that shows them.
        in_flight: The commit that the recorder is writing, with the decisions in it.
        stored: The durable stream: its row, and the tracks decided in it.
    """

    @initialize(durable=st.integers(0, 50))
    def opened(self, durable: int) -> None:
        self.row = StreamRow(7, "door", "e1", "s0", durable)
        self.decided_in_store: Counter[str] = Counter()
        self.sessions = 0
        self._begin(())

    def _begin(self, tracks: Any) -> None:
        self.tracks: list[Track] = list(tracks)
        self.state = _state(self.row, self.tracks)
        self.now = 0.0
        self.fate: dict[int, FrameOutcome | None] = {}
        self.excluded: dict[int, object] = {}
        self.held: dict[int, set[str]] = {}
        self.followed: dict[int, list[str]] = {self.row.durable_sequence: [each.track_id for each in self.tracks]}
        self.by_id = {each.track_id: each for each in self.tracks}
        self.waiting: list[int] = []
        self.owed: list[TrackDecided] = []
        self.aside: set[str] = set()
        self.told: list[TrackUpdate] = []
        self.marked = False
        self.in_flight: StreamCommit | None = None
        self.position = self.row.durable_sequence
        self.account: Counter[FrameOutcome] = Counter()
        self._perform(self.state.decide(()))

    def _perform(self, effects: Effects, *, releases: bool = False) -> list[Message]:
        """Takes effects as a shell would; messages about tracks may leave with a commit or a take only."""
        if effects.wants_commit:
            assert not self.marked, "the recorder is called once"
            self.marked = True
        updates = [each for each in effects.messages if isinstance(each, TrackUpdate)]
        assert releases or not updates
        for ack in [each for each in effects.messages if isinstance(each, Ack)]:
            assert ack.durable_sequence == self.row.durable_sequence
        self.told += updates
        return list(effects.messages)

    # --- What comes -----------------------------------------------------------------------------

    @rule(step=st.integers(-8, 4), size=st.integers(1, 150))
    def receive(self, step: int, size: int) -> None:
        last = self.state.intake.last
        sequence = max(0, last + step)
        self.now += 0.2
        moment = Moment(self.now, _START + timedelta(seconds=self.now))
        frame, effects = self.state.receive(sequence, moment.wall, bytes(size), moment)
        rejected = [each for each in self._perform(effects) if isinstance(each, Rejected)]
        if sequence <= last:
            replayed = 0 < sequence <= self.row_at_opening
            self.account[FrameOutcome.REPLAYED] += replayed
            assert [each.reason for each in rejected] == [RejectionReason.SEQUENCE_BACKWARDS] * (not replayed)
            return
        for missing in range(last + 1, sequence):
            self.fate[missing], self.excluded[missing] = FrameOutcome.MISSING, GapReason.UNEXPLAINED
        skipped = [fact for fact in effects.facts if isinstance(fact, FramesMissing)]
        assert sum(fact.frames for fact in skipped) == sequence - last - 1
        if rejected:
            (rejection,) = rejected
            assert rejection.reason in (RejectionReason.NO_CREDIT, RejectionReason.TRUNCATED)
            assert FrameRejected(rejection.reason) in effects.facts
            self.fate[sequence], self.excluded[sequence] = FrameOutcome.REJECTED, rejection.reason
            return
        assert size % 7
        assert frame is not None
        assert frame.sequence == sequence
        self.fate[sequence] = None
        self.waiting.append(sequence)

    @rule(first=st.integers(-5, 5), length=st.integers(1, 5))
    def gap(self, first: int, length: int) -> None:
        before = self.state.intake.last
        first = max(1, before + first)
        last = first + length - 1
        self._perform(self.state.gap(first, last, GapReason.DISCONNECTED, self.now))
        for missing in range(before + 1, last + 1):
            reason = GapReason.DISCONNECTED if missing >= first else GapReason.UNEXPLAINED
            self.fate[missing], self.excluded[missing] = FrameOutcome.MISSING, reason
        assert self.state.intake.last == max(before, last)

    @rule()
    def grant(self) -> None:
        before = self.state.intake.ack()
        assert self.state.intake.ack() == before

    # --- What is found --------------------------------------------------------------------------

    @precondition(lambda self: self.waiting)
    @rule(faces=st.integers(0, 2), more=st.booleans())
    def look(self, faces: int, more: bool) -> None:
        sequence = self.waiting.pop(0)
        began = []
        for number in range(faces if len(self.tracks) < 6 else 0):
            now = _START + timedelta(seconds=self.now)
            name = f"door.e1.{sequence}.{number}"
            began.append(Track(name, sequence, now, self.now, sequence, now, time_of(now), _BOX))
        for track in self.tracks:
            track.last_sequence = sequence
        self.tracks += began
        self.by_id |= {track.track_id: track for track in began}
        holders = {track.track_id for track in self.tracks if not track.decided}
        events = [TrackBegan(_update(track, TrackState.PROVISIONAL)) for track in began]
        outcome = FrameOutcome.WITH_FACES if self.tracks else FrameOutcome.UNCHANGED
        self._perform(self.state.settle(outcome, holders, events, self.tracks, more=more and bool(self.waiting)))
        self.followed[sequence] = [track.track_id for track in self.tracks]
        if self.fate[sequence] is None:
            if holders:
                self.held[sequence] = holders
            else:
                self.fate[sequence] = outcome

    @precondition(lambda self: self.waiting)
    @rule()
    def undecodable(self) -> None:
        sequence = self.waiting.pop(0)
        refusal = FrameRefused(RejectionReason.UNDECODABLE, "no picture")
        messages = self._perform(self.state.refuse(refusal))
        assert Rejected(sequence, RejectionReason.UNDECODABLE, "no picture") in messages
        self.fate[sequence], self.excluded[sequence] = FrameOutcome.REJECTED, RejectionReason.UNDECODABLE

    @precondition(lambda self: self.tracks)
    @rule(which=st.integers(0, 5), person=st.sampled_from([None, "ana"]))
    def decide(self, which: int, person: str | None) -> None:
        track = self.tracks[which % len(self.tracks)]
        revises = track.decided
        track.match = None if person is None else Match(person, 0.9, 0.3)
        if not revises:
            _DECIDER.decide(track)
        decided = TrackDecided(
            track.track_id,
            track.match,
            track.first_seen,
            track.last_seen,
            _BOX,
            timedelta(seconds=60),
            revises,
            sequence=track.last_sequence,
        )
        state = TrackState.REVISED if revises else TrackState.CONFIRMED
        self._perform(self.state.decide([TrackDecision(decided, _update(track, state))]))
        self.owed.append(decided)
        self.aside.discard(track.track_id)
        self._release(track.track_id)

    @precondition(lambda self: self.tracks)
    @rule(which=st.integers(0, 5))
    def end(self, which: int) -> None:
        track = self.tracks.pop(which % len(self.tracks))
        left = TrackLeft(track.track_id, track.last_seen, track.last_sequence)
        self._perform(self.state.decide([TrackEnd(left, _update(track, TrackState.CLOSED))]))
        self._release(track.track_id)

    @precondition(lambda self: any(not track.decided for track in self.tracks) and len(self.tracks) > 1)
    @rule(which=st.integers(0, 5))
    def rejoin(self, which: int) -> None:
        """The youngest undecided face is that of another track, which continues and, if undecided, holds its frames."""
        candidate = [track for track in self.tracks if not track.decided][-1]
        self.tracks.remove(candidate)
        track = self.tracks[which % len(self.tracks)]
        track.last_sequence = max(track.last_sequence, candidate.last_sequence)
        news = TrackRejoined(candidate.track_id, track.track_id, track.decided)
        self._perform(self.state.decide([news, TrackTold(_update(track, TrackState.PROVISIONAL))]))
        if not track.decided:
            for holders in self.held.values():
                if candidate.track_id in holders:
                    holders.add(track.track_id)
        self._release(candidate.track_id)

    def _release(self, holder: str) -> None:
        for sequence in [each for each, holders in self.held.items() if holder in holders]:
            self.held[sequence].discard(holder)
            if not self.held[sequence]:
                del self.held[sequence]
                self.fate[sequence] = FrameOutcome.WITH_FACES

    # --- What the database says -----------------------------------------------------------------

    @precondition(lambda self: self.marked and self.in_flight is None)
    @rule()
    def take(self) -> None:
        before = self.position
        while self.fate.get(self.position + 1) is not None:
            self.position += 1
        passed = range(before + 1, self.position + 1)
        self.marked = False
        effects = self.state.take()
        self._perform(effects, releases=True)
        commit = self.in_flight = effects.commit
        if commit is None:
            assert not passed
            assert not self.owed
            return
        assert not effects.messages, "nothing is said of what is not durable"
        assert commit.durable_sequence == self.position
        assert Counter(commit.outcomes) == Counter(self.fate[each] for each in passed)
        covered = {
            each: span.reason
            for span in commit.exceptions
            for each in range(span.first_sequence, span.last_sequence + 1)
        }
        assert covered == {each: reason for each, reason in self.excluded.items() if each in passed}
        again = [each for each in commit.decided if each.track_id in self.aside and each not in self.owed]
        assert [each for each in commit.decided if each not in again] == self.owed
        self.aside -= {each.track_id for each in again}
        self.owed = []
        self._check_resume_points(commit)

    def _check_resume_points(self, commit: StreamCommit) -> None:
        there = max((each for each in self.followed if each <= self.position), default=0)
        latest = max(self.followed, default=0)
        now = {each for each in self.followed.get(there, []) if self.by_id[each].decided}
        beyond = {each for each in self.followed.get(latest, []) if self.by_id[each].first_sequence > self.position}
        ahead = {each for each in beyond if self.by_id[each].decided}
        assert commit.open_tracks is not None
        assert {each.track_id for each in commit.open_tracks if not each.ahead} == now - self.aside
        assert {each.track_id for each in commit.open_tracks if each.ahead} == ahead - self.aside

    @precondition(lambda self: self.in_flight is not None)
    @rule()
    def commit(self) -> None:
        """The database answers, maybe after attempts whose outcome nobody knew: they hold the very same data."""
        commit = self.in_flight
        assert commit is not None
        self._written(commit, CommitResult(frozenset(), {each.track_id: "s" for each in commit.decided}, None))

    def _written(self, commit: StreamCommit, result: CommitResult) -> None:
        self.in_flight = None
        self.row = replace(self.row, durable_sequence=commit.durable_sequence, open_tracks=commit.open_tracks or ())
        for decided in commit.decided:
            self.decided_in_store[decided.track_id] += 1
        effects = self.state.committed(commit, result, self.now)
        self.account += Counter(commit.outcomes)
        messages = self._perform(effects, releases=True)
        assert isinstance(messages[-1], Ack)
        settled = Counter({fact.outcome: fact.frames for fact in effects.facts if isinstance(fact, FramesSettled)})
        assert settled == Counter(commit.outcomes)

    @precondition(lambda self: self.in_flight is not None)
    @rule(poison=st.sets(st.integers(0, 5), max_size=2))
    def refuse(self, poison: set[int]) -> None:
        """The database refuses what concerns some tracks, and takes everything else."""
        commit = self.in_flight
        assert commit is not None
        names = sorted({each.track_id for each in commit.decided})
        bad = {names[each % len(names)] for each in poison} if names else set()

        def takes(part: StreamCommit) -> bool:
            findings: list[TrackDecided | TrackSeen | TrackLeft] = [*part.decided, *part.seen, *part.left]
            return not any(each.track_id in bad for each in findings)

        search = self.state.quarantine(commit, 64, ())
        while (piece := search.piece()) is not None:
            if takes(piece):
                search.accepted(CommitResult(frozenset(), {each.track_id: "s" for each in piece.decided}, None))
            else:
                search.refused()
        closing = next((each for each in search.closings() if takes(each)), None)
        if closing is None:
            self._lost(self.state.failed(commit, OverflowError("out of range")))
            return
        messages = self._perform(self.state.put_aside(search))
        for sequence in search.rejected:
            if sequence > commit.durable_sequence:
                self.fate[sequence], self.excluded[sequence] = FrameOutcome.REJECTED, RejectionReason.STORE_REFUSED
                self.held.pop(sequence, None)
            said = [each for each in messages if isinstance(each, Rejected) and each.sequence == sequence]
            assert [each.reason for each in said] == [RejectionReason.STORE_REFUSED]
        before = len(self.told)
        result = search.result(CommitResult(frozenset(), {each.track_id: "s" for each in closing.decided}, None))
        written = search.written(closing)
        self._written(written, result)
        aside = {each.track_id for each in search.put_aside if each.kind == "decision"}
        self.aside |= aside - {each.track_id for each in self.owed}
        assert not aside & {each.track_id for each in self.told[before:]}
        assert sum(written.outcomes.values()) == sum(commit.outcomes.values())

    @precondition(lambda self: self.in_flight is not None)
    @rule(superseded=st.booleans())
    def lose(self, superseded: bool) -> None:
        """Another session owns the stream, or nothing at all can be written."""
        commit = self.in_flight
        assert commit is not None
        if superseded:
            effects = self.state.superseded()
            assert isinstance(effects.error, SessionSuperseded)
        else:
            effects = self.state.failed(commit, OverflowError("out of range"))
            (fact,) = effects.facts
            assert isinstance(fact, NothingStored)
            assert fact.frames.start == self.row.durable_sequence + 1
        self._lost(effects)

    def _lost(self, effects: Effects) -> None:
        assert effects.void
        assert effects.error is not None
        said = len(self.told)
        self.state.decide([])
        assert self.state.take().commit is None
        assert len(self.told) == said
        self.resume()

    @rule()
    def resume(self) -> None:
        """The stream is cut at any moment; another session goes on from what is durable."""
        self.sessions += 1
        self.row = replace(self.row, session=f"s{self.sessions}")
        self._begin(revived_tracks(self.row.open_tracks, {"ana"}, 0.0))

    @property
    def row_at_opening(self) -> int:
        return self.state.row.durable_sequence

    # --- What always holds ----------------------------------------------------------------------

    @invariant()
    def keeps_its_bounds(self) -> None:
        if not hasattr(self, "state"):
            return
        intake = self.state.intake
        assert intake.durable == self.row.durable_sequence <= self.position <= intake.last
        assert intake.lag == intake.last - intake.durable
        assert [frame.sequence for frame in intake.frames] == self.waiting
        assert len(self.waiting) <= _POLICY.window_frames
        assert intake.waiting_bytes == sum(len(frame.jpeg) for frame in intake.frames) <= _POLICY.window_bytes
        assert intake.account == self.account

    @invariant()
    def nothing_waits_without_the_recorder_knowing(self) -> None:
        if not hasattr(self, "state"):
            return
        if not self.waiting and (self.state.intake.movable or self.state.commits.waiting):
            assert self.marked
        done = self.position == self.state.intake.last and not self.owed and self.in_flight is None
        if self.state.settled:
            assert done


_Stream.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


TestStreamState = _Stream.TestCase


def test_a_track_decided_again_during_the_search_is_remembered() -> None:
    """Its first decision is put aside, and the one that came meanwhile is stored: a session that resumes goes on."""
    stream = _Stream()
    stream.opened(durable=41)
    stream.receive(size=123, step=2)
    stream.look(faces=1, more=False)
    stream.decide(which=0, person=None)
    stream.take()
    stream.decide(which=0, person="ana")
    stream.refuse(poison={0})
    stream.receive(size=64, step=4)
    stream.take()


def test_silence_ends_the_session() -> None:
    """A bridge that says nothing for longer than it may is cut; one that says something is not."""
    state = _state(StreamRow(7, "door", "e1", "s0", 0))
    assert state.tick(60.0, 60.0).error is None
    assert isinstance(state.tick(60.1, 60.0).error, Unavailable)
    state.finish(60.0, goes_on=True)
    assert state.tick(60.1, 60.0).error is None


@pytest.mark.parametrize(("sequence", "rejected"), [(1, True), (5, True), (6, False)])
def test_suspects_are_refused_by_number(sequence: int, rejected: bool) -> None:
    """Frames that ended sessions before are not looked at again."""
    state = _state(StreamRow(7, "door", "e1", "s0", 0), suspects=range(1, 6))
    frame, effects = state.receive(sequence, _START, bytes(10), Moment(0.0, _START))
    reasons = [each.reason for each in effects.messages if isinstance(each, Rejected)]
    assert reasons == [RejectionReason.STORE_REFUSED] * rejected
    assert (frame is None) == rejected
    assert list(state.intake.frames) == [frame] * (not rejected)


_END = TrackUpdate("door.e1.1.0", TrackState.CLOSED, 1, _BOX, None, _START, _START)


def _seen_once(state: StreamState) -> Track:
    """Lets a face begin with frame 1, which it holds."""
    now = Moment(0.0, _START)
    state.receive(1, _START, bytes(10), now)
    track = Track("door.e1.1.0", 1, _START, 0.0, 1, _START, time_of(_START), _BOX)
    began = TrackBegan(_update(track, TrackState.PROVISIONAL))
    assert state.settle(FrameOutcome.WITH_FACES, {track.track_id}, [began], [track], more=False).wants_commit
    return track


def test_a_beginning_is_said_without_a_commit_and_a_false_alarm_releases_its_frame() -> None:
    """What needs no write leaves with `take`; the end of an undecided track settles the frame it held."""
    state = _state(StreamRow(7, "door", "e1", "s0", 0))
    track = _seen_once(state)
    taken = state.take()
    assert taken.commit is None
    assert [each.state for each in taken.messages if isinstance(each, TrackUpdate)] == [TrackState.PROVISIONAL]
    left = TrackLeft(track.track_id, track.last_seen, track.last_sequence)
    state.decide([TrackEnd(left, _update(track, TrackState.CLOSED))])
    commit = state.take().commit
    assert commit is not None
    assert commit.outcomes == {FrameOutcome.WITH_FACES: 1}


def test_a_provisional_name_is_told_only_if_the_person_may_be_named() -> None:
    """It is asked about in the commit like a name, and goes out as the commit found it, or not at all."""
    people = [Match(person_id, 0.5, 0.2) for person_id in ("ana", "ben")]
    state = _state(StreamRow(7, "door", "e1", "s0", 0))
    track = _seen_once(state)
    seeming = [
        replace(_update(track, TrackState.PROVISIONAL), provisional=NamedMatch(match, "before")) for match in people
    ]
    state.decide([*(TrackTold(each) for each in seeming), TrackEnd(TrackLeft(track.track_id, track.last_seen), _END)])
    commit = state.take().commit
    assert commit is not None
    assert commit.told == {"ana", "ben"}
    result = CommitResult(frozenset(), {}, None, unnamed=frozenset({"ben"}), names={"ana": "Ana"})
    said = [each for each in state.committed(commit, result, 0.0).messages if isinstance(each, TrackUpdate)]
    assert [each.provisional and each.provisional.display_name for each in said] == [None, "Ana", None, None]
    assert state.decide([TrackEnd(TrackLeft("t", _START), replace(_END, reason=UnknownReason.HIDDEN))]).facts == [
        UnknownLeft(UnknownReason.HIDDEN)
    ]


def test_a_void_state_hands_out_no_commit() -> None:
    """After a commit was lost nothing is taken, although there is something to write."""
    state = _state(StreamRow(7, "door", "e1", "s0", 0))
    state.gap(1, 2, GapReason.DISCONNECTED, 0.0)
    assert state.superseded().void
    effects = state.gap(3, 4, GapReason.DISCONNECTED, 0.0)
    assert not effects.wants_commit
    assert state.take() == Effects()


def test_the_message_about_a_refused_decision_is_not_said() -> None:
    """A decision that the database does not take is settled as rejected, and the bridge hears no more of it."""
    state = _state(StreamRow(7, "door", "e1", "s0", 0))
    track = _seen_once(state)
    state.take()
    _DECIDER.decide(track)
    gap = timedelta(seconds=60)
    decided = TrackDecided(track.track_id, None, _START, _START, _BOX, gap, sequence=1)
    state.decide([TrackDecision(decided, _update(track, TrackState.CONFIRMED))])
    commit = state.take().commit
    assert commit is not None
    search = state.quarantine(commit, 64, ())
    while (piece := search.piece()) is not None:
        if piece.decided:
            search.refused()
        else:
            search.accepted(CommitResult(frozenset(), {}, None))
    closing = next(search.closings())
    answers = [each for each in state.put_aside(search).messages if isinstance(each, Rejected)]
    assert [(each.sequence, each.reason) for each in answers] == [(1, RejectionReason.STORE_REFUSED)]
    result = search.result(CommitResult(frozenset(), {}, None))
    said = state.committed(search.written(closing), result, 0.0).messages
    assert [type(each) for each in said] == [Ack]
