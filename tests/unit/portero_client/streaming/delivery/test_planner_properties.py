"""The laws of a stream, whatever happens in whatever order: bridge and server as one state machine."""

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from portero_client.streaming.delivery.planner import Delivery
from portero_client.streaming.delivery.terms import Credit, DeliveryLimits, HangUp, Sign, Terms
from portero_client.streaming.frames import (
    DeliveryMode,
    Entry,
    Frame,
    GapReason,
    ImageLimits,
    first_sequence,
    last_sequence,
)
from tests.support.bridge.pictures import frame

LIMITS = DeliveryLimits(window_frames=6, window_bytes=2_000, backlog_frames=3, max_age=5.0)
MAX_BYTES = 900
LARGEST_FRAME = 1_000


class StreamMachine(RuleBasedStateMachine):
    """A server that follows the contract, and a network that does not."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.delivery = Delivery(DeliveryMode.LIVE, "epoch", LIMITS)
        self.offered: dict[int, Frame] = {}
        self.received: dict[int, Entry] = {}
        self.durable = 0
        self.forget_session()

    def forget_session(self) -> None:
        """Begins a session's counts anew."""
        self.session = "none"
        self.last = self.durable
        self.credit = Credit(0, 0)
        self.frames = self.bytes = 0

    @initialize(mode=strategies.sampled_from(DeliveryMode))
    def begin(self, mode: DeliveryMode) -> None:
        """Chooses a mode."""
        self.delivery = Delivery(mode, "epoch", LIMITS)

    @rule(size=strategies.integers(20, LARGEST_FRAME))
    def offer(self, size: int) -> None:
        """The camera gives a frame; a LOSSLESS one waits where there is no room."""
        if self.delivery.mode is DeliveryMode.LOSSLESS and not self.delivery.has_room:
            return
        new = frame(self.delivery.last_sequence + 1, size)
        self.offered[new.sequence] = new
        self.delivery.offer(new, self.now)

    @precondition(lambda self: self.session == "none")
    @rule()
    def connect(self) -> None:
        """The bridge calls."""
        self.delivery.connecting(self.now)
        assert self.delivery.next_action(self.now) is Sign.OPEN
        assert self.delivery.next_action(self.now) is None
        self.session = "opening"

    @precondition(lambda self: self.session == "opening")
    @rule(frames=strategies.integers(0, 5), size=strategies.integers(0, 2_000))
    def open(self, frames: int, size: int) -> None:
        """The server answers with what is durable."""
        self.credit = Credit(frames, size)
        terms = Terms("session", self.durable, self.credit, ImageLimits(MAX_BYTES), heartbeat_interval=1_000.0)
        self.delivery.opened(terms, self.delivery.last_sequence, self.now)
        self.last = self.durable
        self.session = "open"

    @precondition(lambda self: self.session == "open")
    @rule(most=strategies.integers(1, 20))
    def write(self, most: int) -> None:
        """The bridge writes some of what it may."""
        for _ in range(most):
            action = self.delivery.next_action(self.now)
            if action is None:
                return
            if isinstance(action, Sign):
                continue
            self.receive(action)

    def receive(self, entry: Entry) -> None:
        """Checks one entry against the contract."""
        assert first_sequence(entry) == self.last + 1, "contiguous, and each sequence once"
        self.last = last_sequence(entry)
        if isinstance(entry, Frame):
            self.frames += 1
            self.bytes += len(entry.jpeg)
            assert self.frames <= self.credit.frames
            assert self.bytes <= self.credit.bytes
            assert len(entry.jpeg) <= MAX_BYTES
            assert entry == self.offered[entry.sequence]
        else:
            assert self.delivery.mode is DeliveryMode.LIVE or entry.reason is GapReason.OVERSIZED
        for sequence in range(first_sequence(entry), self.last + 1):
            self.received.setdefault(sequence, entry)

    @precondition(lambda self: self.session == "open")
    @rule(data=strategies.data(), frames=strategies.integers(0, 4), size=strategies.integers(0, 2_000))
    def acknowledge(self, data: strategies.DataObject, frames: int, size: int) -> None:
        """The server commits some, and the news of it arrives or is lost with the session."""
        self.durable = data.draw(strategies.integers(self.durable, max(self.durable, self.last)))
        if data.draw(strategies.booleans()):
            self.credit = Credit(self.credit.frames + frames, self.credit.bytes + size)
            self.delivery.acked(self.durable, self.credit, self.now)

    @precondition(lambda self: self.session == "open")
    @rule(durable=strategies.integers(0, 50), frames=strategies.integers(0, 3))
    def repeat_an_old_ack(self, durable: int, frames: int) -> None:
        """An acknowledgment that was overtaken changes nothing."""
        self.delivery.acked(min(durable, self.durable), Credit(min(frames, self.credit.frames), 0), self.now)

    @precondition(lambda self: self.session != "none")
    @rule(drains=strategies.booleans())
    def lose(self, drains: bool) -> None:
        """The session ends, announced or not."""
        if drains and self.session == "open":
            self.delivery.drained()
            assert self.delivery.next_action(self.now) is None
        self.delivery.disconnected()
        self.forget_session()

    @rule(seconds=strategies.floats(0, 8))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @precondition(lambda self: self.session == "open")
    @rule(seconds=strategies.integers(1, 3))
    def pause(self, seconds: int) -> None:
        """The server wants nothing for a while."""
        self.delivery.paused(seconds, self.now)
        assert self.delivery.next_action(self.now) in (None, Sign.HEARTBEAT)

    @precondition(lambda self: self.session == "open")
    @rule()
    def ask_for_a_sign(self) -> None:
        """The server wants to know how far the bridge is."""
        self.delivery.asked_for_sign()
        assert self.delivery.next_action(self.now) in (None, Sign.HEARTBEAT)

    @invariant()
    def memory_is_bounded(self) -> None:
        """The window keeps to its bounds in frames, bytes and entries."""
        assert self.delivery.held_frames <= LIMITS.window_frames
        assert self.delivery.held_bytes <= LIMITS.window_bytes + LARGEST_FRAME
        if self.delivery.mode is DeliveryMode.LIVE:
            assert self.delivery.held_bytes <= LIMITS.window_bytes
        assert self.delivery.held_entries <= 3 * LIMITS.window_frames + 4

    @invariant()
    def nothing_is_forgotten_before_it_is_durable(self) -> None:
        """The bridge's watermark is never ahead of the server's, and LOSSLESS holds all beyond it."""
        assert self.delivery.durable_sequence <= self.durable
        if self.delivery.mode is DeliveryMode.LOSSLESS:
            small = [seq for seq, kept in self.offered.items() if len(kept.jpeg) <= MAX_BYTES]
            beyond = sum(sequence > self.delivery.durable_sequence for sequence in small)
            assert self.delivery.held_frames >= beyond

    @invariant()
    def the_contract_is_not_broken(self) -> None:
        """A server that keeps the contract is never told that it does not."""
        assert self.delivery.hang_up in (None, HangUp.DRAINED, HangUp.STALE, HangUp.NOT_OPENED)

    def teardown(self) -> None:
        """In the end a patient server gets everything: each sequence once, as a frame or in a gap."""
        self.delivery.disconnected()
        self.forget_session()
        self.delivery.finish()
        self.connect()
        self.open(1_000, 10_000_000)
        # What the machine's last pause asked for belongs to the session that is gone.
        self.write(10_000)
        self.durable = self.last
        self.delivery.finished(self.durable, self.now)
        assert self.delivery.is_done
        assert self.delivery.is_settled
        assert sorted(self.received) == list(range(1, self.delivery.last_sequence + 1))
        if self.delivery.mode is DeliveryMode.LOSSLESS:
            for sequence, given in self.offered.items():
                assert len(given.jpeg) > MAX_BYTES or self.received[sequence] == given


StreamMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
TestStream = StreamMachine.TestCase
TestStream.__doc__ = "No order of events breaks a law of the stream."
