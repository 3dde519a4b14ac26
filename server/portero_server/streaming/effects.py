"""What a stream's state asks its shell to do, as data: messages to send, facts to count, a commit to write, an end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.domain.recording.sightings import IdentityChecked, Recognition, StreamCommit
from portero_server.domain.streams.frames import FrameOutcome, GapReason, RejectionReason
from portero_server.domain.streams.messages import Message
from portero_server.domain.tracking.reasons import UnknownReason
from portero_server.errors import PorteroError


class FrameRejected(NamedTuple):
    """A frame was refused."""

    reason: RejectionReason


class FramesMissing(NamedTuple):
    """`frames` frames will never arrive."""

    reason: GapReason
    frames: int


class FramesSettled(NamedTuple):
    """`frames` sequences ended with this outcome."""

    outcome: FrameOutcome
    frames: int


class FramesDurable(NamedTuple):
    """Frames became durable; how many seconds after their arrival, each."""

    waits: Sequence[float]


class FindingPutAside(NamedTuple):
    """The database refused a finding by itself; its kind is one of quarantine.FINDING_KINDS."""

    kind: str


class NothingStored(NamedTuple):
    """Nothing of a commit that passed these frames can be stored: they may be the reason."""

    frames: range


class FindingUnanswered(NamedTuple):
    """A finding about this track, which no open frame answers for, can never be stored."""

    track_id: str


class TrackNamed(NamedTuple):
    """A call led to a decision, `seconds` after the track's first frame; `named`: to a person."""

    named: bool
    seconds: float


class UnknownLeft(NamedTuple):
    """A face left that was nobody's, for this reason."""

    reason: UnknownReason


class ClockChanged(NamedTuple):
    """The bridge's clock is in another state; `skew`: seconds it is ahead, or None while unknown."""

    state: ClockState
    skew: float | None


class HeartbeatAnswered(NamedTuple):
    """The bridge answered a heartbeat; `delay`: seconds of half the way there and back."""

    delay: float


Fact = (
    FrameRejected
    | FramesMissing
    | FramesSettled
    | FramesDurable
    | FindingPutAside
    | NothingStored
    | FindingUnanswered
    | TrackNamed
    | UnknownLeft
    | ClockChanged
    | HeartbeatAnswered
    | Recognition
    | IdentityChecked
)
"""Something that metrics, traces, the log or other sessions must know of."""


class Effects(NamedTuple):
    """What the shell has to do, in this order.

    A tuple, because one is made with every commit of a stream.

    Attributes:
        messages: To be sent to the bridge, in order.
        facts: To be counted.
        has_work: No frame will come any more: whoever works on frames may go on.
        wants_commit: The recorder is to `take` at the next commit.
        commit: What `take` found to write.
        error: Ends the session.
        void: The session hands out nothing more, not even what is queued after this moment.
    """

    messages: Sequence[Message] = ()
    facts: Sequence[Fact] = ()
    has_work: bool = False
    wants_commit: bool = False
    commit: StreamCommit | None = None
    error: PorteroError | None = None
    void: bool = False


NOTHING = Effects()
COMMIT = Effects(wants_commit=True)
