"""One track, its phases, and which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FaceQuality, Match
from portero_server.domain.detection.geometry import Box


class TrackState(Enum):
    """Life of a track; the names are those of the proto without the prefix."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    REVISED = "revised"
    CLOSED = "closed"


class TrackPhase(Enum):
    """Where a track stands. Only the tracker changes it, by `moved`."""

    PROVISIONAL = "provisional"
    """Its face is followed, and nothing is decided yet."""
    DECIDED = "decided"
    """Its face is followed, and it is a person or a stranger."""
    ABSENT = "absent"
    """It is decided, and was reported as left because frames stopped arriving; the next frame may show it again."""
    LEAVING = "leaving"
    """Its face is gone before anything was decided: an answer or the deadline is awaited."""
    CLOSED = "closed"
    """It is decided and has ended; a late answer may still name it."""
    DISMISSED = "dismissed"
    """It has ended without a decision: a false alarm, unless a late answer names it."""


LEGAL: Mapping[TrackPhase, frozenset[TrackPhase]] = {
    TrackPhase.PROVISIONAL: frozenset({TrackPhase.DECIDED, TrackPhase.LEAVING}),
    TrackPhase.DECIDED: frozenset({TrackPhase.ABSENT, TrackPhase.CLOSED}),
    TrackPhase.ABSENT: frozenset({TrackPhase.DECIDED, TrackPhase.CLOSED}),
    TrackPhase.LEAVING: frozenset({TrackPhase.CLOSED, TrackPhase.DISMISSED}),
    TrackPhase.CLOSED: frozenset(),
    TrackPhase.DISMISSED: frozenset({TrackPhase.CLOSED}),
}
"""The phases that may follow each phase."""

_DECIDED = frozenset({TrackPhase.DECIDED, TrackPhase.ABSENT, TrackPhase.CLOSED})
_OPEN = frozenset({TrackPhase.PROVISIONAL, TrackPhase.LEAVING})
_ENDED = frozenset({TrackPhase.CLOSED, TrackPhase.DISMISSED})


class IllegalPhase(Exception):
    """A defect: a track was to enter a phase that cannot follow its present one."""


def moved(now: TrackPhase, to: TrackPhase) -> TrackPhase:
    """Returns the phase to enter.

    Raises:
        IllegalPhase: It cannot follow the present one.
    """
    if to not in LEGAL[now]:
        raise IllegalPhase(f"a track that is {now.value} cannot become {to.value}")
    return to


@dataclass(slots=True, eq=False)
class Track:
    """The same face followed through frames of one camera. Only the tracker writes it; everybody else reads.

    Attributes:
        track_id: Deterministic: camera, epoch, first sequence and ordinal within that frame.
        received: Server's monotonic seconds of its first frame.
        time: When it was last seen, by what ages are measured with.
        box: Where it was last seen, ratios of the frame.
        phase: Where it stands.
        match: Who it is; None, once it is decided: a stranger.
        calls, answers: Engine calls made, and answered.
        failures: Calls to which no answer came (throttled, expired, broken engine).
        retry_at: When, after a failure, the next call may go out (monotonic seconds).
        asked_quality: Quality of the best shot ever sent.
        visible: Whether the last look found it.
        misses: Frames since the last look that found it, while it is not visible.
        company: Tracks seen together with it in one frame: they cannot be the same person.
    """

    track_id: str
    first_sequence: int
    first_seen: datetime
    received: float
    last_sequence: int
    last_seen: datetime
    time: FrameTime
    box: Box
    hits: int = 1
    phase: TrackPhase = TrackPhase.PROVISIONAL
    match: Match | None = None
    calls: int = 0
    answers: int = 0
    failures: int = 0
    retry_at: float = 0.0
    asked_quality: float = 0.0
    best_quality: FaceQuality | None = None
    visible: bool = True
    misses: int = 0
    company: set[str] = field(default_factory=set)

    @property
    def pending(self) -> bool:
        """Whether an engine call is in flight."""
        return self.calls > self.answers

    @property
    def decided(self) -> bool:
        """Whether a decision was made; `match` None then means a stranger."""
        return self.phase in _DECIDED

    @property
    def awaits_decision(self) -> bool:
        """Whether the stream waits for its decision: it is neither decided nor dismissed."""
        return self.phase in _OPEN

    @property
    def absent(self) -> bool:
        """Whether it was reported as left because frames stopped arriving."""
        return self.phase is TrackPhase.ABSENT

    @property
    def ended(self) -> bool:
        """Whether it is over; a late answer may still name it."""
        return self.phase in _ENDED
