"""The search for what in a refused commit cannot be written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.presence import Presence
from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.sightings import (
    CommitResult,
    FrameException,
    Recognition,
    StreamCommit,
    TextFinding,
    TrackDecided,
    TrackLeft,
    TrackSeen,
)
from portero_server.domain.recording.suspects import Suspects
from portero_server.domain.streams.frames import FrameOutcome, RejectionReason
from portero_server.domain.streams.watermark import Fate
from portero_server.domain.tracking.track import Track

_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_BOX = Box(0.1, 0.1, 0.1, 0.1)
_DURABLE = 10
_THROUGH = 20
_FATES: tuple[Fate, ...] = (
    (11, 14, FrameOutcome.WITH_FACES),
    (15, 15, FrameOutcome.MISSING),
    (16, 19, FrameOutcome.UNCHANGED),
    (20, 20, FrameOutcome.REJECTED),
)
_OUTCOMES = {
    FrameOutcome.WITH_FACES: 4,
    FrameOutcome.MISSING: 1,
    FrameOutcome.UNCHANGED: 4,
    FrameOutcome.REJECTED: 1,
}


def _decided(track: str, sequence: int) -> TrackDecided:
    return TrackDecided(track, None, _AT, _AT, _BOX, timedelta(seconds=60), sequence=sequence)


def _at(sequence: int) -> datetime:
    return _AT + timedelta(seconds=sequence)


def _seen(track: str, sequence: int) -> TrackSeen:
    return TrackSeen(track, _at(sequence), sequence)


def _open_track(track: str, sequence: int = 11) -> OpenTrack:
    return OpenTrack(track, 11, _at(11), sequence, _at(sequence), _BOX, 1, visible=True, misses=0)


def _followed(track: str, sequence: int) -> Track:
    return _open_track(track, sequence).revived(0.0)


def _recognition(track: str, sequence: int) -> Recognition:
    return Recognition(f"{track}.{sequence}", track, sequence, _AT, "e", "unknown", None, 0.0, 0.0, 1.0, 0.1)


def _commit(*findings: Any) -> StreamCommit:
    return StreamCommit(
        1,
        "door",
        "s1",
        _THROUGH,
        outcomes=_OUTCOMES,
        decided=tuple(each for each in findings if isinstance(each, TrackDecided)),
        seen=tuple(each for each in findings if isinstance(each, TrackSeen)),
        left=tuple(each for each in findings if isinstance(each, TrackLeft)),
        recognitions=tuple(each for each in findings if isinstance(each, Recognition)),
        texts=tuple(each for each in findings if isinstance(each, TextFinding)),
        exceptions=(FrameException(15, 15, RejectionReason.EMPTY),),
        open_tracks=(),
    )


def _held(commit: StreamCommit) -> list[Any]:
    return [*commit.decided, *commit.seen, *commit.left, *commit.recognitions, *commit.texts]


def _search(search: Quarantine, takes: Callable[[StreamCommit], bool]) -> list[StreamCommit]:
    """Plays a database that takes what `takes` says; gives what it took."""
    taken = []
    while (piece := search.piece()) is not None:
        assert piece.durable_sequence == _DURABLE
        assert not piece.outcomes
        assert not piece.exceptions
        assert piece.open_tracks is None
        if takes(piece):
            taken.append(piece)
            names = {each.track_id: f"s-{each.track_id}" for each in piece.decided}
            search.accepted(CommitResult(frozenset(), names, len(taken)))
        else:
            search.refused()
    return taken


_FINDINGS = st.lists(
    st.tuples(
        st.sampled_from([_decided, lambda track, at: TrackSeen(track, _AT, at), _recognition]),
        st.sampled_from("abcdef"),
        st.integers(_DURABLE + 1, _THROUGH + 5),
    ).map(lambda drawn: drawn[0](drawn[1], drawn[2])),
    max_size=24,
)


@given(findings=_FINDINGS, bad=st.sets(st.integers(_DURABLE + 1, _THROUGH + 5), max_size=4))
def test_all_that_can_be_written_is_and_only_the_rest_is_put_aside(findings: list[Any], bad: set[int]) -> None:
    """Whatever frames are unstorable, every finding is written or put aside, and only unstorable frames are refused."""

    def takes(commit: StreamCommit) -> bool:
        return not any(each.sequence in bad for each in _held(commit))

    search = Quarantine(_commit(*findings), _DURABLE, _FATES, 1000)
    taken = [finding for piece in _search(search, takes) for finding in _held(piece)]
    assert set(search.rejected) <= bad
    closing = next(search.closings())
    assert takes(closing)
    assert sorted(map(repr, _held(closing))) == sorted(map(repr, taken))
    held = {repr(each) for each in taken}
    decided = {each.track_id for each in findings if isinstance(each, TrackDecided)}
    for each in findings:
        if isinstance(each, Recognition) or each.track_id not in decided:
            assert (repr(each) in held) != (each.sequence in bad)


@st.composite
def _tracks(draw: st.DrawFn) -> tuple[list[Any], dict[str, list[int]]]:
    """Draws what a stream gathered about some tracks, and in which frames each was seen."""
    findings: list[Any] = []
    shown: dict[str, list[int]] = {}
    for track in draw(st.sets(st.sampled_from("abc"), min_size=1)):
        frames = shown[track] = sorted(draw(st.sets(st.integers(_DURABLE + 1, _THROUGH + 5), min_size=1)))
        if draw(st.booleans()):
            # Decided in one of the frames, perhaps again in later ones; else it was stored before.
            at = draw(st.lists(st.sampled_from(frames), min_size=1, max_size=3))
            findings += [replace(_decided(track, each), revises=turn > 0) for turn, each in enumerate(sorted(at))]
            if frames[-1] > max(at):
                findings.append(_seen(track, frames[-1]))
        else:
            findings.append(_seen(track, frames[-1]))
        if draw(st.booleans()):
            findings.append(TrackLeft(track, _at(frames[-1]), frames[-1]))
        findings += [_recognition(track, each) for each in draw(st.sets(st.sampled_from(frames), max_size=2))]
    return findings, shown


@given(drawn=_tracks(), bad=st.sets(st.integers(_DURABLE + 1, _THROUGH + 5), max_size=8), most=st.integers(1, 200))
def test_what_each_frame_saw_survives_the_refusal_of_a_later_one(
    drawn: tuple[list[Any], dict[str, list[int]]], bad: set[int], most: int
) -> None:
    """Each frame that shows a track is rejected, or the track is written as of that frame or a later one."""
    findings, shown = drawn
    presence = Presence()
    for frame in range(_DURABLE + 1, _THROUGH + 6):
        presence.note(frame, [_followed(track, frame) for track, frames in shown.items() if frame in frames])
    search = Quarantine(_commit(*findings), _DURABLE, _FATES, most, (), presence)
    _search(search, lambda commit: not any(each.sequence in bad for each in _held(commit)))
    closing = next(search.closings())
    settled = {15, 20}.union(search.rejected)
    for track, frames in shown.items():
        written: list[TrackDecided | TrackSeen] = [*closing.decided, *closing.seen]
        until = max((each.sequence for each in written if each.track_id == track), default=0)
        assert all(frame <= until or frame in settled for frame in frames)
        begun = [each for each in findings if isinstance(each, TrackDecided) and each.track_id == track]
        again = [each for each in search.unstored if each.track_id == track]
        assert bool(again) == (bool(begun) and not until)
        # Its end is told all the same.
        left = {each.track_id for each in findings if isinstance(each, TrackLeft)}
        assert (track in left) == (track in {each.track_id for each in closing.left}) or most < 100
    if most >= 100:
        assert set(search.rejected) <= bad


def test_a_session_that_resumes_does_not_go_on_with_a_track_that_has_no_sighting() -> None:
    """A track whose decision was put aside is not among those followed at the watermark; a revised one is."""
    decisions = [_decided("a", 11), replace(_decided("b", 11), revises=True)]
    followed = tuple(_open_track(track) for track in "abc")
    search = Quarantine(replace(_commit(*decisions), open_tracks=followed), _DURABLE, _FATES, 0)
    _search(search, lambda _: True)
    for full in (next(search.closings()), list(search.closings())[1]):
        assert [track.track_id for track in full.open_tracks or ()] == ["b", "c"]


def test_what_is_written_in_pieces_is_remembered_with_them() -> None:
    """Each piece that holds something stores the open tracks with it; the first one, which asks only, does not."""
    followed = (_open_track("a"),)
    search = Quarantine(_commit(_decided("a", 11)), _DURABLE, _FATES, 64, (), None, followed)
    first = search.piece()
    assert first is not None
    assert (first.decided, first.open_tracks) == ((), None)
    search.accepted(CommitResult(frozenset(), {}, None))
    second = search.piece()
    assert second is not None
    assert (len(second.decided), second.open_tracks) == (1, followed)


@given(findings=_FINDINGS, bad=st.sets(st.integers(_DURABLE + 1, _THROUGH + 5), max_size=4), most=st.integers(1, 40))
def test_the_account_covers_the_same_sequences(findings: list[Any], bad: set[int], most: int) -> None:
    """However the search ends, each sequence passed has one outcome, and each refused one an entry."""
    search = Quarantine(_commit(*findings), _DURABLE, _FATES, most)
    tried = 0

    def takes(commit: StreamCommit) -> bool:
        nonlocal tried
        tried += bool(_held(commit))
        return not any(each.sequence in bad for each in _held(commit))

    _search(search, takes)
    assert tried <= most
    for closing in search.closings():
        assert closing.durable_sequence == _THROUGH
        assert sum(closing.outcomes.values()) == sum(_OUTCOMES.values())
        assert min(closing.outcomes.values()) > 0
        passed = [sequence for sequence in search.rejected if sequence <= _THROUGH]
        told = [each for each in closing.exceptions if each.reason is RejectionReason.STORE_REFUSED]
        assert told == [FrameException(each, each, RejectionReason.STORE_REFUSED) for each in passed]
        assert closing.outcomes[FrameOutcome.REJECTED] == 1 + len(passed)
        # What was missing, or refused for another reason, is told as that.
        assert not {15, 20}.intersection(passed)


def test_a_fault_that_passes_costs_nothing() -> None:
    """When the pieces are all taken the closing commit is the refused one."""
    commit = _commit(_decided("a", 11), _recognition("a", 11), TrackSeen("a", _AT, 12))
    search = Quarantine(commit, _DURABLE, _FATES, 64)
    _search(search, lambda _: True)
    closing = next(search.closings())
    assert replace(closing, outcomes=dict(closing.outcomes)) == commit
    assert not search.put_aside
    assert search.result(CommitResult(frozenset(), {}, None)) == CommitResult(frozenset(), {"a": "s-a"}, 2)


def test_a_commit_that_is_too_large_is_written_in_pieces() -> None:
    """A database that takes two findings at once gets them all, and the closing commit without any."""
    findings = [_recognition("a", sequence) for sequence in range(11, 20)]
    search = Quarantine(_commit(*findings), _DURABLE, _FATES, 64)
    taken = _search(search, lambda commit: len(_held(commit)) <= 2)
    assert [finding for piece in taken for finding in _held(piece)] == findings
    assert not search.put_aside
    full, bare, *_ = search.closings()
    assert _held(full) == findings
    assert _held(bare) == []
    assert _held(search.written(bare)) == findings


def test_the_end_of_a_visit_that_no_frame_answers_for_is_not_lost_at_once() -> None:
    """A departure is tried thrice more without a time, then ends the session, and is put aside the next time."""
    commit = _commit(TrackLeft("a", _AT, 9))
    search = Quarantine(commit, _DURABLE, _FATES, 64)
    tries = Counter[bool]()

    def never(commit: StreamCommit) -> bool:
        tries[bool(commit.left)] += 1
        return not commit.left

    _search(search, never)
    assert tries[True] == 4
    assert search.unanswered == "a"
    assert list(search.closings()) == []
    suspects = Suspects()
    suspects.unanswered("a")
    again = Quarantine(commit, _DURABLE, _FATES, 64, suspects.hopeless)
    _search(again, never)
    assert [each.kind for each in again.put_aside] == ["departure"]
    assert again.rejected == ()
    assert next(again.closings()).left == ()


def test_a_database_that_does_not_even_take_nothing_blames_no_frame() -> None:
    """When a commit without a finding is refused three times, the whole commit has failed and nothing is put aside."""
    search = Quarantine(_commit(_recognition("a", 11)), _DURABLE, _FATES, 64)
    assert _search(search, lambda _: False) == []
    assert list(search.closings()) == []
    assert not search.put_aside
    assert search.unanswered is None


def test_a_commit_that_was_written_after_all_is_not_searched() -> None:
    """When the stream stands where the refused commit puts it, an attempt without an answer had written it whole."""
    commit = _commit(_recognition("a", 11))
    search = Quarantine(commit, _DURABLE, _FATES, 64)
    piece = search.piece()
    assert piece is not None
    assert _held(piece) == []
    search.accepted(CommitResult(frozenset(), {}, None, found={1: _THROUGH}))
    assert search.piece() is None
    assert list(search.closings()) == [commit]
