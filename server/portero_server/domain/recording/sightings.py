"""What is stored of a visit, and what one stream asks the recorder to write per commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from portero_server.domain.detection.detections import Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.streams.frames import FrameOutcome, GapReason, RejectionReason
from portero_server.domain.streams.messages import Directive, NamedMatch, TextRead, TrackUpdate
from portero_server.domain.tracking.deciding import FaceDecision


@dataclass(frozen=True, slots=True)
class Sighting:
    """A person, or a stranger (`person_id` None), before a camera from `first_seen` to `last_seen` (UTC).

    Attributes:
        reviewed: Whether a person has said whose it is, so that later answers do not.
        visitor_id: Of a stranger who is known again; None: of nobody like that, or not read.
        visit: Which visit of the visitor it is, from 1; 0: of no visitor.
        erased: Whether it was of a person who was erased since; nobody is alerted of it as of a stranger.
    """

    sighting_id: str
    camera_id: str
    person_id: str | None
    display_name: str
    first_seen: datetime
    last_seen: datetime
    similarity: float
    margin: float
    track_count: int
    box: Box
    reviewed: bool = False
    visitor_id: str | None = None
    visit: int = 0
    erased: bool = False


class SightingEventKind(Enum):
    """What happened to a sighting."""

    STARTED = "started"
    RESUMED = "resumed"
    REVISED = "revised"
    LEFT = "left"
    UNKNOWN_PERSON = "unknown_person"
    """Somebody unknown is seen where nobody unknown was for some time: an alert; see `domain/events/alerts.py`."""
    VISITOR_RETURNED = "visitor_returned"
    """A visitor is back after some time: an alert."""


@dataclass(frozen=True, slots=True)
class SightingEvent:
    """Something that happened to a sighting, at an ever-increasing position.

    Attributes:
        kind: What happened; an alert is never stored, but told instead of what is.
        last_visit: Of VISITOR_RETURNED: when the visitor was seen last before this visit.
    """

    position: int
    kind: SightingEventKind
    sighting: Sighting
    happened_at: datetime
    last_visit: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrackDecided:
    """A track was decided: starts a sighting, or joins the one within the visit gap.

    Attributes:
        track_id: Deterministic name of the track (same frames, same name), so that a replay writes the same row.
        match: Who, or None for a stranger. Strangers never join another sighting.
        visit_gap: How long after `last_seen` of a stored sighting of the same person at the
            same camera this track still belongs to it.
        revises: True when the track had been decided differently before; its sighting is changed,
            or, when other tracks share it, left and a new one begun.
        returns: True when the track was said to have left and is seen again.
        sequence: Frame in which the face was seen last; 0: not known.
    """

    track_id: str
    match: Match | None
    first_seen: datetime
    last_seen: datetime
    box: Box
    visit_gap: timedelta
    revises: bool = False
    returns: bool = False
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class TrackSeen:
    """A track was seen in frame `sequence`: advances its sighting's `last_seen`, never backwards.

    A track that has no sighting changes nothing.
    """

    track_id: str
    last_seen: datetime
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class TrackLeft:
    """A track ended; it was last seen in frame `sequence`. `last_seen` None: what is stored of it stands.

    A track that has no sighting changes nothing.
    """

    track_id: str
    last_seen: datetime | None
    sequence: int = 0


MEMORY = "memory"
"""The engine of a Recognition that was answered by what is remembered at the camera, without a call."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """One answer of the engine, kept as evidence and for billing; one row per call.

    Attributes:
        recognition_id: Deterministic: stream, sequence and track; a replay writes it once.
        outcome: "match", "provisional" (not enough to name the person), "unknown", "no_face", "expired" or "failed".
        latency: Seconds from asking to the answer.
        decision: What was decided by it, and by what; None: no answer came.
    """

    recognition_id: str
    track_id: str
    sequence: int
    captured_at: datetime
    engine: str
    outcome: str
    person_id: str | None
    similarity: float
    margin: float
    quality: float
    latency: float
    decision: FaceDecision | None = None


@dataclass(frozen=True, slots=True)
class FrameException:
    """Frames `first`..`last` that were refused or never arrived, and why."""

    first_sequence: int
    last_sequence: int
    reason: RejectionReason | GapReason


@dataclass(frozen=True, slots=True)
class TextFinding:
    """Text of one frame, as JSON-ready lines; stored only if the settings ask for it."""

    sequence: int
    captured_at: datetime
    lines: tuple[str, ...]


class TrackBegan(NamedTuple):
    """A track began, undecided; only the bridge is told."""

    update: TrackUpdate


class TrackTold(NamedTuple):
    """It is doubtful whose face a track follows, or not any more; only the bridge is told."""

    update: TrackUpdate


class TrackRejoined(NamedTuple):
    """A candidate is the face of an earlier track, which continues: the frames that it held wait for nothing else.

    Attributes:
        candidate_id: The track that is over.
        track_id: The track that continues.
        decided: Whether that one is decided; else it holds those frames now.
    """

    candidate_id: str
    track_id: str
    decided: bool


class IdentityChecked(NamedTuple):
    """A candidate's face was compared with those of the tracks that it may continue; only counted.

    Attributes:
        doubt: Why, one of `doubts.Doubt` by value; empty if it was seen where nobody was.
        result: "same", "different", "unsure" or "unavailable".
    """

    doubt: str
    result: str


class TrackDecision(NamedTuple):
    """A track was decided for the first time, decided again, or seen again after it had left."""

    decided: TrackDecided
    update: TrackUpdate


class TrackEnd(NamedTuple):
    """A track ended, or was reported as left; of a false alarm, only what an earlier session stored has an end."""

    left: TrackLeft
    update: TrackUpdate


class TextAnswer(NamedTuple):
    """A frame was read for text; `update` and `finding` are None if it holds none that was not read recently."""

    holder: str
    update: TextRead | None = None
    finding: TextFinding | None = None


StreamEvent = (
    TrackBegan
    | TrackTold
    | TrackRejoined
    | IdentityChecked
    | TrackDecision
    | TrackSeen
    | TrackEnd
    | Recognition
    | TextAnswer
    | Directive
)
"""What following faces or reading text led to; a decision and an end release the track's frames."""


@dataclass(slots=True)
class StreamCommit:
    """Everything one stream adds in one commit, written in one transaction with the other streams'.

    Not frozen, only because one is made for each stream with every commit, and that takes a third of the time; nobody
    changes one.

    Attributes:
        stream_id: Row of (camera, epoch).
        session: Owner; the commit is refused when another session owns the stream.
        durable_sequence: New watermark, never below the stored one.
        outcomes: How many sequences passed the watermark with which outcome (added to the stored counters).
        decided, seen, left: Tracks, in order.
        open_tracks: Decided faces that are still followed at the watermark; None leaves what is stored.
        expected_tracks: Tracks that must be stored as open, with the watermark at `durable_sequence` and no other
            commit of the stream beside this one; else nothing of it is written. None: whatever is stored.
        told: People named in the messages that follow this commit.
        marks: Traces of the recognitions in it; not stored.
    """

    stream_id: int
    camera_id: str
    session: str
    durable_sequence: int
    outcomes: Mapping[FrameOutcome, int] = field(default_factory=dict)
    decided: tuple[TrackDecided, ...] = ()
    seen: tuple[TrackSeen, ...] = ()
    left: tuple[TrackLeft, ...] = ()
    recognitions: tuple[Recognition, ...] = ()
    exceptions: tuple[FrameException, ...] = ()
    texts: tuple[TextFinding, ...] = ()
    open_tracks: tuple[OpenTrack, ...] | None = None
    expected_tracks: tuple[OpenTrack, ...] | None = None
    told: frozenset[str] = frozenset()
    marks: tuple[object, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class CommitResult:
    """The effects of a commit.

    Attributes:
        superseded: Sessions whose part was refused because another session owns the stream.
        sighting_of: Sighting id of every track decided in this commit.
        last_position: Highest event position written, or None.
        unnamed: People in the commit who may not be named: erased, blocked, or without the consent they need.
        names: Display names of the others in it.
        found: Stored watermarks of streams that were not where their commit took them to be, by stream id.
    """

    superseded: frozenset[str]
    sighting_of: Mapping[str, str]
    last_position: int | None
    unnamed: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[int, int] = field(default_factory=dict)

    def named(self, named: NamedMatch) -> NamedMatch | None:
        """Returns a match as it may be reported after this commit: with the name the commit found, or None."""
        person_id = named.match.person_id
        if person_id in self.unnamed:
            return None
        return NamedMatch(named.match, self.names.get(person_id, named.display_name))


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A stored stream: the epoch of a camera, its owner, and how far it is durable.

    Attributes:
        open_tracks: Tracks that were open there, to continue with.
    """

    stream_id: int
    camera_id: str
    epoch: str
    session: str
    durable_sequence: int
    open_tracks: tuple[OpenTrack, ...] = ()
