"""What a bridge sends on one stream: which frames are admitted and settled, and how much more may come. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from portero_server.domain.cameras import Camera, TimeSource
from portero_server.domain.recording.sightings import FrameException
from portero_server.domain.streams.credit import CreditLedger, CreditPolicy
from portero_server.domain.streams.frames import (
    LAST_SEQUENCE,
    Frame,
    FrameOutcome,
    FrameRefused,
    GapReason,
    RejectionReason,
)
from portero_server.domain.streams.messages import Ack, Advice, Directive, Message, Rejected
from portero_server.domain.streams.watermark import Advance, Watermark
from portero_server.errors import InvalidInput
from portero_server.streaming.effects import (
    ClockChanged,
    Fact,
    FrameRejected,
    FramesMissing,
    FramesSettled,
    HeartbeatAnswered,
)
from portero_server.streaming.stream_clock import CaptureTimes, Moment, StreamClock

_RATE_SPAN = 5.0
"""Seconds over which a live frame rate is taken."""

UNSTORABLE = "what was found in this frame cannot be stored: the database refuses it; the stream goes on without it"

Said = tuple[Sequence[Message], Sequence[Fact]]
"""Messages to the bridge, and what is to be counted."""


class Arrivals:
    """Tracks the arrivals of one stream's frames; all times are monotonic seconds unless stated otherwise.

    Attributes:
        captured_at: Capture time of the last sound frame, or None before the first.
        received_at: Its receipt by the wall clock, or None.
        lag: Seconds from its capture to its receipt, by both clocks.
    """

    def __init__(self, begun: float) -> None:
        self.captured_at: datetime | None = None
        self.received_at: datetime | None = None
        self.lag = 0.0
        self._begun = begun
        self._recent: deque[float] = deque(maxlen=256)
        self._waiting: deque[tuple[int, float]] = deque()

    def came(self, now: float) -> None:
        """Records that a frame arrived, valid or not."""
        self._recent.append(now)

    def took(self, frame: Frame, at: datetime) -> None:
        """Records a valid frame, received at wall time `at`, which is not durable yet."""
        self.captured_at, self.received_at, self.lag = frame.captured_at, at, frame.lag
        self._waiting.append((frame.sequence, frame.received))

    def durable(self, sequence: int, now: float) -> list[float]:
        """Records that all frames up to this one are durable. Returns how long each of them took."""
        waiting, took = self._waiting, []
        while waiting and waiting[0][0] <= sequence:
            took.append(now - waiting.popleft()[1])
        return took

    def oldest(self, now: float) -> float:
        """Returns the age in seconds of the oldest frame that is not durable, or 0 if there is none."""
        return now - self._waiting[0][1] if self._waiting else 0.0

    def rate(self, now: float) -> float:
        """Returns the recent frame rate, frames per second."""
        recent = sum(now - moment <= _RATE_SPAN for moment in self._recent)
        return recent / max(1.0, min(_RATE_SPAN, now - self._begun))


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """What a frame must be like.

    Attributes:
        header: Returns width and height of a JPEG file, pixels; raises FrameRefused for another or too large a file.
        capture_times: Bounds on capture times.
        suspects: Sequences that ended sessions before, and are refused.
    """

    header: Callable[[bytes], tuple[int, int]]
    capture_times: CaptureTimes
    suspects: Collection[int] = ()


class Intake:
    """The frames of one session: numbering, credit, and the outcome of each.

    Invariants: a sequence is admitted at most once; every sequence up to `last` ends in exactly one outcome; `durable`
    never passes one that is not settled; credit never shrinks.

    Attributes:
        camera: The camera with its present settings; its mode and time source never change in a session.
        timing: Which clock dates the frames, and what is wrong with the bridge's.
        arrivals: When frames came: their rate, and since when the oldest one waits to be durable.
        frames: Sound frames that wait to be analyzed, oldest first.
        durable: Highest sequence that a commit has carried, as the bridge is told.
        last_heard: When the bridge last sent anything, monotonic seconds.
        received: Frames that came, sound or not.
        missing: Frames that the bridge reported missing, or left out.
        rejected: Frames that were answered with FrameRejected.
        account: Sequences of this session that became durable, by outcome, and replayed frames.
    """

    def __init__(
        self, durable: int, camera: Camera, rules: IntakeRules, timing: StreamClock, credit: CreditPolicy, now: float
    ) -> None:
        """Begins after the sequences that are durable at `now` (monotonic seconds)."""
        self.camera = camera
        self.timing = timing
        self.arrivals = Arrivals(now)
        self.frames: deque[Frame] = deque()
        self.durable = durable
        self.last_heard = now
        self.received = self.missing = self.rejected = 0
        self.account: Counter[FrameOutcome] = Counter()
        self._rules = rules
        # What was durable when the stream opened: frames up to there are replayed.
        self._resumed_after = durable
        # Which sequences are settled, and up to where all are.
        self._watermark = Watermark(durable)
        # How much came, how much was analyzed or is durable, and how much was granted.
        self._credit = CreditLedger(credit)
        # The bounds of the next grant; they follow the number of open streams.
        self._bounds = credit
        # Frames that were refused or never came, until the watermark passes them.
        self._exceptions: list[FrameException] = []

    # --- What an observer may ask ---------------------------------------------------------------

    @property
    def last(self) -> int:
        """Highest sequence received or missing."""
        return self._watermark.last

    @property
    def lag(self) -> int:
        """Number of sequences received or missing but not yet durable."""
        return self._watermark.last - self.durable

    @property
    def waiting_bytes(self) -> int:
        """Bytes of frames that wait to be analyzed."""
        return self._credit.waiting.bytes

    @property
    def credit(self) -> int:
        """Number of frames the bridge may still send."""
        return self._credit.left

    @property
    def movable(self) -> bool:
        """Whether `advance` would move the watermark."""
        return self._watermark.movable

    # --- What comes -----------------------------------------------------------------------------

    def receive(
        self, sequence: int, captured_at: datetime | None, jpeg: bytes, now: Moment, no: FrameRefused | None
    ) -> tuple[Sequence[Message], Sequence[Fact], Frame | None]:
        """Processes a frame: it waits in `frames`, and is returned, or is refused; `no` is an earlier refusal."""
        came, wall = now
        self.last_heard = came
        self.received += 1
        self.arrivals.came(came)
        size = len(jpeg)
        affordable = self._credit.receive(size)
        if not self._watermark.last < sequence <= LAST_SEQUENCE:
            return *self._out_of_turn(sequence, size), None
        jumped = self._watermark.receive(sequence)
        lost: Sequence[Fact] = () if jumped is None else (self._lost(*jumped, GapReason.UNEXPLAINED),)
        source = self.camera.time_source
        try:
            if not affordable:
                raise FrameRefused(RejectionReason.NO_CREDIT, "the frame was sent without credit; wait for an Ack")
            if no is not None:
                raise no
            rules = self._rules
            width, height = rules.header(jpeg)
            if sequence in rules.suspects:
                raise FrameRefused(RejectionReason.STORE_REFUSED, UNSTORABLE)
            if source is not TimeSource.ARRIVAL:
                captured_at = rules.capture_times.checked(captured_at, wall)
        except FrameRefused as refused:
            messages, facts = self._reject(sequence, refused, size)
            return messages, (*lost, *facts), None
        stored_at, lag, time, clock_changed = self.timing.took(captured_at, source, now)
        frame = Frame(sequence, stored_at, jpeg, width, height, came, lag, time, self.camera.privacy_zones)
        self.arrivals.took(frame, wall)
        self.frames.append(frame)
        if not clock_changed:
            return (), lost, frame
        changed = ClockChanged(self.timing.state, self.timing.skew)
        advice = (Directive(Advice.CHECK_CLOCK),) if self.timing.faulty else ()
        return advice, (*lost, changed), frame

    def gap(self, first: int, last: int, reason: GapReason, now: float) -> Said:
        """Records a report of frames that will never arrive; those already accounted for are ignored.

        Raises:
            InvalidInput: The range is empty or begins at 0.
        """
        self.last_heard = now
        if first < 1 or last < first:
            raise InvalidInput(
                "gap.first_sequence", f"gap {first}..{last} must begin at 1 or later and not end before it begins"
            )
        if last > LAST_SEQUENCE:
            return self._refuse(last, RejectionReason.SEQUENCE_TOO_LARGE, _too_large("gap.last_sequence"))
        begun = self._watermark.last + 1
        facts = []
        if last >= begun:
            for start, end, why in ((begun, first - 1, GapReason.UNEXPLAINED), (max(first, begun), last, reason)):
                if start <= end:
                    self._watermark.skip(start, end)
                    facts.append(self._lost(start, end, why))
        return (), facts

    def heard(self, sent_at: datetime | None, answers: datetime | None, now: Moment) -> Said:
        """Processes a sign of life, with the bridge's time and that of the server's heartbeat that it answers."""
        self.last_heard = now.monotonic
        delay = self.timing.answered(answers, now)
        self.timing.said(sent_at, now)
        return (), () if delay is None else (HeartbeatAnswered(delay),)

    # --- What becomes of it ---------------------------------------------------------------------

    def refuse(self, refusal: FrameRefused) -> Said:
        """Refuses the oldest waiting frame."""
        frame = self.frames.popleft()
        return self._reject(frame.sequence, refusal, len(frame.jpeg))

    def settle(self, outcome: FrameOutcome, holders: Collection[str]) -> int:
        """Settles the oldest waiting frame once its holders are released. Returns its sequence."""
        frame = self.frames.popleft()
        self._credit.release(len(frame.jpeg))
        sequence = frame.sequence
        if holders:
            self._watermark.settle_after(sequence, outcome, holders)
        else:
            self._watermark.settle(sequence, outcome)
        return sequence

    def release(self, holder: str) -> None:
        """Releases the frames that wait for a track or a reading; an unknown one is ignored."""
        self._watermark.release(holder)

    def hand_on(self, holder: str, to: str) -> None:
        """Lets the frames that wait for a track wait for another one."""
        self._watermark.hand_on(holder, to)

    def advance(self) -> tuple[Advance | None, Sequence[FrameException]]:
        """Moves the watermark over settled sequences. Returns the advance, and the exceptions that it passes."""
        advance = self._watermark.advance()
        if advance is None or not self._exceptions:
            return advance, ()
        # Written with the watermark that passes them: a bridge that sends the rest again may tell other ranges.
        passed = [each for each in self._exceptions if each.last_sequence <= advance.sequence]
        if passed:
            self._exceptions = [each for each in self._exceptions if each.last_sequence > advance.sequence]
        return advance, passed

    def unstorable(self, sequence: int) -> Said:
        """Settles a frame beyond the watermark whose findings cannot be stored; an unknown one is ignored."""
        if not self._watermark.reject(sequence):
            return (), ()
        self._exclude(sequence, sequence, RejectionReason.STORE_REFUSED)
        return self.answer_unstorable(sequence)

    def answer_unstorable(self, sequence: int) -> Said:
        """Answers a frame whose findings cannot be stored."""
        return self._refuse(sequence, RejectionReason.STORE_REFUSED, UNSTORABLE)

    def committed(self, sequence: int, frames: int) -> None:
        """Records that a commit with this watermark is durable and passed `frames` received frames."""
        self.durable = sequence
        self._credit.commit(frames)

    # --- How much may come ----------------------------------------------------------------------

    def bound(self, policy: CreditPolicy) -> None:
        """Sets how much may wait from the next grant on."""
        self._bounds = policy

    def ack(self) -> Ack:
        """Returns an Ack with all credit that can be granted now."""
        return Ack(self.durable, self._credit.grant(self._bounds))

    def granted(self) -> Sequence[Ack]:
        """Returns an Ack before the bridge runs out of credit, else nothing."""
        return (self.ack(),) if self._credit.low else ()

    # --- How it is done -------------------------------------------------------------------------

    def _out_of_turn(self, sequence: int, size: int) -> Said:
        """Answers a frame whose number was received, or can never be stored; nothing is settled."""
        # What was durable when the stream opened is not beyond the watermark either.
        self._credit.release(size)
        self._credit.commit(1)
        if 0 < sequence <= self._resumed_after:
            self.account[FrameOutcome.REPLAYED] += 1
            return self.granted(), (FramesSettled(FrameOutcome.REPLAYED, 1),)
        if sequence > LAST_SEQUENCE:
            said = self._refuse(sequence, RejectionReason.SEQUENCE_TOO_LARGE, _too_large("frame.sequence"))
        else:
            message = f"frame.sequence {sequence} is not beyond {self.last}, the last one received"
            said = self._refuse(sequence, RejectionReason.SEQUENCE_BACKWARDS, message)
        return (*said[0], *self.granted()), said[1]

    def _reject(self, sequence: int, refusal: FrameRefused, size: int) -> Said:
        """Answers and settles a frame that was admitted by its number."""
        self._exclude(sequence, sequence, refusal.reason)
        self._watermark.settle(sequence, FrameOutcome.REJECTED)
        self._credit.release(size)
        messages, facts = self._refuse(sequence, refusal.reason, refusal.message)
        return (*messages, *self.granted()), facts

    def _refuse(self, sequence: int, reason: RejectionReason, message: str) -> Said:
        self.rejected += 1
        return (Rejected(sequence, reason, message),), (FrameRejected(reason),)

    def _lost(self, first: int, last: int, reason: GapReason) -> FramesMissing:
        self.missing += last - first + 1
        self._exclude(first, last, reason)
        return FramesMissing(reason, last - first + 1)

    def _exclude(self, first: int, last: int, reason: RejectionReason | GapReason) -> None:
        """Keeps which frames were refused or will never come, until the watermark passes them."""
        self._exceptions.append(FrameException(first, last, reason))


def _too_large(field: str) -> str:
    return f"{field} must be at most {LAST_SEQUENCE}"
