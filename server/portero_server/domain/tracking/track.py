"""One track, its phases, and which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FaceQuality, Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.evidence import Evidence


class TrackState(Enum):
    """Life of a track; the names are those of the proto without the prefix."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    DOUBTED = "doubted"
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
    REJOINED = "rejoined"
    """It was found to be the face of an earlier track, which continues in its place."""


LEGAL: Mapping[TrackPhase, frozenset[TrackPhase]] = {
    TrackPhase.PROVISIONAL: frozenset({TrackPhase.DECIDED, TrackPhase.LEAVING, TrackPhase.REJOINED}),
    TrackPhase.DECIDED: frozenset({TrackPhase.ABSENT, TrackPhase.CLOSED}),
    TrackPhase.ABSENT: frozenset({TrackPhase.DECIDED, TrackPhase.CLOSED}),
    TrackPhase.LEAVING: frozenset({TrackPhase.CLOSED, TrackPhase.DISMISSED, TrackPhase.REJOINED}),
    TrackPhase.CLOSED: frozenset(),
    TrackPhase.REJOINED: frozenset(),
    TrackPhase.DISMISSED: frozenset({TrackPhase.CLOSED}),
}
"""The phases that may follow each phase."""

_DECIDED = frozenset({TrackPhase.DECIDED, TrackPhase.ABSENT, TrackPhase.CLOSED})
_OPEN = frozenset({TrackPhase.PROVISIONAL, TrackPhase.LEAVING})
_ENDED = frozenset({TrackPhase.CLOSED, TrackPhase.DISMISSED, TrackPhase.REJOINED})


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
        evidence: Who it seems to be, while that is not enough to name it.
        calls, answers: Engine calls made, and answered.
        faceless: Answers that saw no face.
        torn: Whether the last answer was torn between people who are easily taken for each other.
        failures: Calls to which no answer came (throttled, expired, broken engine).
        retry_at: When, after a failure, the next call may go out (monotonic seconds).
        asked_quality: Quality of the best shot ever sent.
        asked_at: When a shot was last sent (monotonic seconds).
        best_quality, best_cut_off: Of its best view so far, sent or not: its quality, and whether the face reached over
            the edge of the picture.
        visible: Whether the last look found it.
        misses: Frames since the last look that found it, while it is not visible.
        company: Tracks seen together with it in one frame: they cannot be the same person.
        velocity: How its center moves, ratios of the frame a second.
        patch: What its face looked like in the last look that found it; see `FoundFace.patch`.
        found_quickly: Whether quick looks find it, too, so that the next one should.
        missed: Whether a look that should have found it did not.
        covered: Whether a part of it may have been hidden in the last look that found it: another face was so near that
            one may cover the other, or it reached over the edge of the picture.
        suspended: Whether another face may be where it was. It is not continued by place any more, only by a
            candidate whose face was compared with its own.
        unverified: Whether it is such a candidate: a face that may be that of a suspended track.
        continues: The track in whose place the candidate was seen; empty if it was seen elsewhere.
        doubt: Why it is a candidate, one of `doubts.Doubt` by value; empty if it was seen where nobody was.
        doubted_at: Sequence at which it was last doubtful that this candidate is one face. A comparison with an
            earlier shot says nothing.
        comparisons: How often the candidate was compared without a result.
        joined: The track that continues in place of this candidate, since it has the same face; empty if none does.
        verified: When its identity was last sure; None: before this session.
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
    evidence: Evidence | None = None
    calls: int = 0
    answers: int = 0
    faceless: int = 0
    torn: bool = False
    failures: int = 0
    retry_at: float = 0.0
    asked_quality: float = 0.0
    asked_at: float = 0.0
    best_quality: FaceQuality | None = None
    best_cut_off: bool = False
    visible: bool = True
    misses: int = 0
    company: set[str] = field(default_factory=set)
    velocity: tuple[float, float] = (0.0, 0.0)
    patch: tuple[float, ...] = ()
    found_quickly: bool = False
    missed: bool = False
    covered: bool = False
    suspended: bool = False
    unverified: bool = False
    continues: str = ""
    doubt: str = ""
    doubted_at: int = 0
    comparisons: int = 0
    joined: str = ""
    verified: FrameTime | None = None

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
