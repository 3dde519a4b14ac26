"""Credit is a total that only grows, and bounds what waits and what is not durable."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.streams.credit import Credit, CreditLedger, CreditPolicy

_POLICY = CreditPolicy(window_frames=4, window_bytes=1000, max_unsettled=6)


def test_the_first_grant_is_one_window() -> None:
    """Before anything came, a bridge may send one window."""
    assert CreditLedger(_POLICY).grant() == Credit(4, 1000)


def test_released_frames_are_granted_again() -> None:
    """What was looked at makes room for as much again."""
    ledger = CreditLedger(_POLICY)
    ledger.grant()
    ledger.receive(300)
    ledger.release(300)
    assert ledger.grant() == Credit(5, 1300)


def test_a_database_that_does_not_commit_stops_the_bridge() -> None:
    """However fast frames are looked at, no more than max_unsettled are granted beyond the durable ones."""
    ledger = CreditLedger(_POLICY)
    for _ in range(6):
        ledger.grant()
        ledger.receive(10)
        ledger.release(10)
    assert ledger.grant().frames == 6
    ledger.commit(2)
    assert ledger.grant().frames == 8


def test_a_frame_beyond_the_bytes_granted_is_not_affordable() -> None:
    """A frame that fits in frames but not in bytes is beyond the credit."""
    for size, affordable in ((1000, True), (1001, False)):
        ledger = CreditLedger(_POLICY)
        ledger.grant()
        assert ledger.receive(size) is affordable


def test_says_low_before_the_bridge_must_stop() -> None:
    """With less than half a window left it is time to grant more."""
    ledger = CreditLedger(_POLICY)
    ledger.grant()
    assert not ledger.low
    for _ in range(3):
        ledger.receive(10)
        ledger.release(10)
    assert ledger.low


def test_a_bridge_that_sends_as_fast_as_it_may_is_not_told_of_each_frame() -> None:
    """More is granted only when a quarter of a window can be, which it can at the latest when nothing waits."""
    ledger = CreditLedger(CreditPolicy(window_frames=16, window_bytes=1000, max_unsettled=64))
    ledger.grant()
    for _ in range(16):
        ledger.receive(10)
    for _ in range(3):
        ledger.release(10)
        assert not ledger.low
    ledger.release(10)
    assert ledger.low
    assert ledger.grant().frames == 20


def test_a_commit_raises_credit_by_a_good_part_of_a_window_while_frames_wait() -> None:
    """A stream with a backlog is granted credit in strokes of a quarter window, however often it is asked."""
    ledger = CreditLedger(CreditPolicy(window_frames=16, window_bytes=16_000, max_unsettled=64))
    assert ledger.grant().frames == 16
    for _ in range(16):
        ledger.receive(10)
    for _ in range(3):
        ledger.release(10)
        assert ledger.grant().frames == 16
    ledger.release(10)
    assert ledger.grant().frames == 20


def test_credit_is_raised_in_full_once_nothing_waits() -> None:
    """A stream whose frames were all looked at has its whole window again, however little that adds."""
    ledger = CreditLedger(CreditPolicy(window_frames=16, window_bytes=16_000, max_unsettled=64))
    ledger.grant()
    ledger.receive(10)
    ledger.release(10)
    assert ledger.grant() == Credit(17, 16_010)


@given(st.lists(st.tuples(st.integers(1, 400), st.booleans(), st.booleans()), max_size=60), st.integers(1, 8))
def test_an_obedient_bridge_never_exceeds_the_bounds(steps: list[tuple[int, bool, bool]], window: int) -> None:
    """Whatever is released and committed when, grants never shrink and a bridge that obeys keeps within the bounds."""
    policy = CreditPolicy(window_frames=window, window_bytes=1000, max_unsettled=2 * window)
    ledger = CreditLedger(policy)
    granted = ledger.grant()
    received = sent = durable = 0
    waiting: list[int] = []
    looked_at = 0
    for size, release, commit in steps:
        if received < granted.frames and sent + size <= granted.bytes:
            assert ledger.receive(size)
            waiting.append(size)
            received += 1
            sent += size
        if release and waiting:
            ledger.release(waiting.pop(0))
            looked_at += 1
        if commit and durable < looked_at:
            ledger.commit(1)
            durable += 1
        after = ledger.grant()
        assert after.frames >= granted.frames
        assert after.bytes >= granted.bytes
        granted = after
        assert len(waiting) <= policy.window_frames
        assert sum(waiting) <= policy.window_bytes
        assert received - durable <= policy.max_unsettled
        assert ledger.waiting == Credit(len(waiting), sum(waiting))
