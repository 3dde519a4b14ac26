"""The core of a stream against a model that remembers everything."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from portero_server.domain.streams.credit import CreditPolicy
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.domain.streams.stream_core import FrameVerdict, StreamCore

_POLICY = CreditPolicy(window_frames=6, window_bytes=600, max_unsettled=12)


class _Stream(RuleBasedStateMachine):
    """Drives a core as a session would, with an obedient and a disobedient bridge in turns."""

    admitted = Bundle("admitted")
    holders = Bundle("holders")

    @initialize(durable=st.integers(0, 50))
    def opened(self, durable: int) -> None:
        self.core = StreamCore(durable, _POLICY)
        self.core.grant()
        self.resumed_after = durable
        self.fate: dict[int, FrameOutcome | None] = {}
        self.held: dict[int, set[str]] = {}
        self.outcome: dict[int, FrameOutcome] = {}
        self.passed: Counter[FrameOutcome] = Counter()
        self.position = durable
        self.uncommitted = 0
        self.waiting = 0
        self.life = 0

    @rule(target=admitted, step=st.integers(-8, 4), size=st.integers(1, 150))
    def receive(self, step: int, size: int) -> object:
        sequence = max(0, self.core.last + step)
        last = self.core.last
        admission = self.core.receive(sequence, size)
        if 0 < sequence <= self.resumed_after:
            assert admission.verdict is FrameVerdict.REPLAYED
            return multiple()
        if sequence <= last:
            assert admission.verdict is FrameVerdict.BACKWARDS
            return multiple()
        assert admission.jumped == ((last + 1, sequence - 1) if sequence > last + 1 else None)
        for missing in range(last + 1, sequence):
            self.fate[missing] = FrameOutcome.MISSING
        self.fate[sequence] = None
        if admission.verdict is FrameVerdict.UNAFFORDABLE:
            self.core.reject(sequence, size)
            self.fate[sequence] = FrameOutcome.REJECTED
            return multiple()
        assert admission.verdict is FrameVerdict.ADMITTED
        self.waiting += 1
        return (sequence, size, self.life)

    @rule(frame=consumes(admitted), holders=st.sets(st.sampled_from("abc"), max_size=2))
    def look(self, frame: tuple[int, int, int], holders: set[str]) -> None:
        sequence, size, life = frame
        if life != self.life:
            return
        self.core.looked_at(size)
        self.waiting -= 1
        self.core.settle(sequence, FrameOutcome.WITH_FACES, holders)
        if self.fate[sequence] is not None:
            assert self.fate[sequence] is FrameOutcome.REJECTED
            return
        if holders:
            self.held[sequence] = set(holders)
        else:
            self.fate[sequence] = FrameOutcome.WITH_FACES

    @rule(holder=st.sampled_from("abc"))
    def release(self, holder: str) -> None:
        self.core.release(holder)
        for sequence in [sequence for sequence, holders in self.held.items() if holder in holders]:
            self.held[sequence].discard(holder)
            if not self.held[sequence]:
                del self.held[sequence]
                self.fate[sequence] = FrameOutcome.WITH_FACES

    @rule(step=st.integers(-12, 1))
    def reject_late(self, step: int) -> None:
        """The database refused what was found in a frame that the watermark has not passed."""
        sequence = self.core.last + step
        received = self.position < sequence and sequence in self.fate
        if received and self.fate[sequence] is not FrameOutcome.MISSING:
            assert self.core.reject_late(sequence)
            self.fate[sequence] = FrameOutcome.REJECTED
            self.held.pop(sequence, None)
        else:
            assert not self.core.reject_late(sequence)

    @rule()
    def refused(self) -> None:
        """A commit was refused, and with it its session: what it passed is received again, by another."""
        durable = self.core.durable
        self.core = StreamCore(durable, _POLICY)
        self.core.grant()
        self.resumed_after = self.position = durable
        self.fate = {}
        self.held = {}
        self.uncommitted = 0
        self.waiting = 0
        self.life += 1

    @rule(first=st.integers(-5, 5), length=st.integers(1, 5))
    def gap(self, first: int, length: int) -> None:
        first = max(1, self.core.last + first)
        last = first + length - 1
        before = self.core.last
        for missing in self.core.gap(first, last):
            assert missing.explained == (missing.first >= first)
            for sequence in range(missing.first, missing.last + 1):
                assert sequence not in self.fate
                self.fate[sequence] = FrameOutcome.MISSING
        assert self.core.last == max(before, last)

    @rule()
    def advance(self) -> None:
        advance = self.core.advance()
        expected = self.position
        while self.fate.get(expected + 1) is not None:
            expected += 1
        if advance is None:
            assert expected == self.position
            return
        assert advance.sequence == expected
        counts = Counter(self.fate[sequence] for sequence in range(self.position + 1, expected + 1))
        assert Counter(advance.outcomes) == counts
        self.position = expected
        self.uncommitted += advance.frames

    @rule()
    def commit(self) -> None:
        self.core.committed(self.position, self.uncommitted)
        self.uncommitted = 0

    @rule()
    def grant(self) -> None:
        before = self.core.grant()
        after = self.core.grant()
        assert after == before

    @invariant()
    def keeps_its_bounds(self) -> None:
        if not hasattr(self, "core"):
            return
        assert self.core.durable <= self.position <= self.core.last
        assert self.core.lag == self.core.last - self.core.durable
        assert self.core.waiting.frames == self.waiting <= _POLICY.window_frames
        assert self.core.waiting.bytes <= _POLICY.window_bytes


_Stream.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


TestStreamCore = _Stream.TestCase
