"""The watermark passes over settled frames only, and counts each sequence once."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.streams.frames import FrameOutcome
from portero_server.domain.streams.watermark import Watermark


def test_waits_for_the_oldest_unsettled_frame() -> None:
    """A frame settled out of order does not move the watermark past an older one."""
    watermark = Watermark(0)
    for sequence in (1, 2, 3):
        watermark.receive(sequence)
    watermark.settle(2, FrameOutcome.EMPTY)
    watermark.settle(3, FrameOutcome.EMPTY)
    assert watermark.advance() is None
    watermark.settle(1, FrameOutcome.UNCHANGED)
    advance = watermark.advance()
    assert advance is not None
    assert (advance.sequence, advance.frames) == (3, 3)
    assert advance.outcomes == {FrameOutcome.UNCHANGED: 1, FrameOutcome.EMPTY: 2}


def test_a_jump_in_the_numbering_is_settled_as_missing() -> None:
    """Sequences that were jumped over count as missing and do not hold the watermark."""
    watermark = Watermark(10)
    assert watermark.receive(14) == (11, 13)
    watermark.settle(14, FrameOutcome.DUPLICATE)
    advance = watermark.advance()
    assert advance is not None
    assert advance.outcomes == {FrameOutcome.MISSING: 3, FrameOutcome.DUPLICATE: 1}
    assert advance.frames == 1


def test_a_gap_as_long_as_the_numbering_takes_one_entry() -> None:
    """A hostile gap of 2**63 frames is passed in one step."""
    watermark = Watermark(0)
    watermark.skip(1, 2**63)
    advance = watermark.advance()
    assert advance is not None
    assert advance.sequence == 2**63


@pytest.mark.parametrize("sequence", [5, 4, 0])
def test_refuses_to_go_back(sequence: int) -> None:
    """A sequence at or below the last one is an error of the caller."""
    watermark = Watermark(0)
    watermark.receive(5)
    with pytest.raises(ValueError, match="not beyond"):
        watermark.receive(sequence)


@pytest.mark.parametrize(("first", "last"), [(2, 3), (1, 0)])
def test_refuses_a_gap_that_does_not_follow(first: int, last: int) -> None:
    """A gap that leaves a hole or is empty is an error of the caller."""
    with pytest.raises(ValueError, match="does not follow"):
        Watermark(0).skip(first, last)


def test_a_held_frame_is_settled_by_its_last_holder() -> None:
    """A frame with two undecided faces settles when both are decided."""
    watermark = Watermark(0)
    watermark.receive(1)
    watermark.settle_after(1, FrameOutcome.WITH_FACES, {"a", "b"})
    watermark.release("a")
    assert watermark.advance() is None
    watermark.release("b")
    advance = watermark.advance()
    assert advance is not None
    assert advance.outcomes == {FrameOutcome.WITH_FACES: 1}
    assert watermark.held == 0


def test_a_frame_waits_for_whom_its_holder_handed_it_to() -> None:
    """A holder's frames wait for another one, also where that one held them already; the first is not asked again."""
    watermark = Watermark(0)
    for sequence, holders in ((1, {"candidate"}), (2, {"candidate", "track"})):
        watermark.receive(sequence)
        watermark.settle_after(sequence, FrameOutcome.WITH_FACES, holders)
    watermark.hand_on("candidate", "track")
    watermark.hand_on("nobody", "track")
    watermark.release("candidate")
    assert watermark.advance() is None
    watermark.release("track")
    advance = watermark.advance()
    assert advance is not None
    assert advance.outcomes == {FrameOutcome.WITH_FACES: 2}


def test_a_frame_is_rejected_after_all_whatever_holds_it_or_it_was_settled_as() -> None:
    """Held, open and settled frames beyond the watermark can still be rejected; nothing else can."""
    watermark = Watermark(0)
    for sequence in (1, 2, 3):
        watermark.receive(sequence)
    watermark.skip(4, 6)
    watermark.settle_after(1, FrameOutcome.WITH_FACES, {"a"})
    watermark.settle_after(2, FrameOutcome.WITH_FACES, {"a"})
    watermark.settle(3, FrameOutcome.EMPTY)
    assert [watermark.reject(sequence) for sequence in (1, 3, 4, 7)] == [True, True, False, False]
    watermark.release("a")
    advance = watermark.advance()
    assert advance is not None
    assert list(advance.fates) == [
        (1, 1, FrameOutcome.REJECTED),
        (2, 2, FrameOutcome.WITH_FACES),
        (3, 3, FrameOutcome.REJECTED),
        (4, 6, FrameOutcome.MISSING),
    ]
    assert not watermark.reject(3)


@given(st.data())
def test_every_sequence_is_passed_once_in_order_whatever_the_order_of_settling(data: st.DataObject) -> None:
    """For any mix of frames, gaps and holds the passed counts sum to the numbering and never overtake the unsettled."""
    watermark = Watermark(0)
    steps = data.draw(
        st.lists(st.tuples(st.sampled_from(["frame", "gap"]), st.integers(1, 4)), min_size=1, max_size=30)
    )
    open_frames: list[int] = []
    for step, size in steps:
        if step == "frame":
            sequence = watermark.last + size
            watermark.receive(sequence)
            open_frames.append(sequence)
        else:
            watermark.skip(watermark.last + 1, watermark.last + size)
    holders = [f"t{index}" for index in range(3)]
    passed: Counter[FrameOutcome] = Counter()
    position = 0
    order = data.draw(st.permutations(open_frames))
    unsettled = set(open_frames)
    for sequence in order:
        held_by = data.draw(st.sets(st.sampled_from(holders), max_size=2))
        watermark.settle_after(sequence, FrameOutcome.WITH_FACES, held_by)
        if not held_by:
            unsettled.discard(sequence)
        if (advance := watermark.advance()) is not None:
            assert advance.sequence > position
            assert all(sequence > advance.sequence for sequence in unsettled)
            position = advance.sequence
            passed.update(advance.outcomes)
    for holder in holders:
        watermark.release(holder)
    if (advance := watermark.advance()) is not None:
        position = advance.sequence
        passed.update(advance.outcomes)
    assert position == watermark.last
    assert sum(passed.values()) == watermark.last
    assert passed[FrameOutcome.WITH_FACES] == len(open_frames)
