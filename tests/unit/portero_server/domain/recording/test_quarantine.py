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
from portero_server.domain.recording.quarantine import Quarantine, Suspects
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
from portero_server.domain.streams.frames import FrameOutcome, RejectionReason
from portero_server.domain.streams.watermark import Fate

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
    aside = {(each.kind, each.track_id, each.sequence) for each in search.put_aside}
    assert {sequence for _, _, sequence in aside} <= {each.sequence for each in findings}
    assert set(search.rejected) <= {sequence for _, _, sequence in aside}
    closing = next(search.closings())
    assert takes(closing)
    assert sorted(map(repr, _held(closing))) == sorted(map(repr, taken))
    # Decisions about one track go together: one of them that cannot be written takes the others with it.
    lost = {repr(each) for each in findings} - {repr(each) for each in taken}
    tracks = {each.track_id for each in findings if isinstance(each, TrackDecided) and each.sequence in bad}
    for each in findings:
        if repr(each) in lost:
            assert each.sequence in bad or (isinstance(each, TrackDecided) and each.track_id in tracks)


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
    """A departure whose frames are durable is tried thrice, then ends the session, and is put aside the next time."""
    commit = _commit(TrackLeft("a", _AT, 9))
    search = Quarantine(commit, _DURABLE, _FATES, 64)
    tries = Counter[bool]()

    def never(commit: StreamCommit) -> bool:
        tries[bool(commit.left)] += 1
        return not commit.left

    _search(search, never)
    assert tries[True] == 3
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


def test_frames_that_end_sessions_twice_are_refused_by_number() -> None:
    """The first time may be an accident; frames that were not in both commits count anew."""
    suspects = Suspects()
    suspects.ended(1, range(11, 21))
    assert not suspects.refused(1)
    suspects.ended(1, range(21, 31))
    suspects.ended(2, range(21, 31))
    assert not suspects.refused(1)
    suspects.ended(1, range(25, 28))
    assert suspects.refused(1) == range(25, 28)
    assert not suspects.refused(2)
    for stream in range(3, 2000):
        suspects.ended(stream, range(1, 2))
        suspects.ended(stream, range(1, 2))
        suspects.unanswered(str(stream))
    assert not suspects.refused(1)
    assert len(suspects.hopeless) == 1000
