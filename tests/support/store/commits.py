"""Short ways to say what a stream commits, with times in seconds after eight o'clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from portero_server.domain.detection.detections import Candidate, Match, MatchPolicy
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.sightings import (
    Recognition,
    StreamCommit,
    StreamRow,
    TrackDecided,
    TrackLeft,
    TrackSeen,
)
from portero_server.domain.tracking.deciding import DecisionReason, FaceDecision, Ranking

EIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
BOX = Box(0.25, 0.125, 0.5, 0.0625)


def at(seconds: float) -> datetime:
    """Returns the time so many seconds after eight."""
    return EIGHT + timedelta(seconds=seconds)


def decided(
    track_id: str,
    person_id: str | None,
    first: float,
    last: float | None = None,
    *,
    similarity: float = 0.75,
    gap: float = 60,
    revises: bool = False,
    returns: bool = False,
) -> TrackDecided:
    """A track seen from `first` to `last` is of this person, or a stranger's."""
    match = None if person_id is None else Match(person_id, similarity, 0.25)
    ended = at(first if last is None else last)
    return TrackDecided(track_id, match, at(first), ended, BOX, timedelta(seconds=gap), revises, returns)


def seen(track_id: str, last: float) -> TrackSeen:
    """A track is still there."""
    return TrackSeen(track_id, at(last))


def left(track_id: str, last: float) -> TrackLeft:
    """A track has ended."""
    return TrackLeft(track_id, at(last))


def recognition(recognition_id: str, track_id: str, person_id: str | None = None) -> Recognition:
    """An answer of the engine."""
    outcome = "unknown" if person_id is None else "match"
    return Recognition(recognition_id, track_id, 7, at(0), "scripted", outcome, person_id, 0.75, 0.25, 0.5, 0.125)


def decision(*similarities: tuple[str, float], reason: DecisionReason = DecisionReason.NAMED) -> FaceDecision:
    """What a decision saw: people and how similar the face is to theirs."""
    candidates = tuple(Candidate(person_id, "", similarity) for person_id, similarity in similarities)
    policy = MatchPolicy(0.5, 0.125, 0.0625, 0.25, 0.375, 0.1875)
    return FaceDecision(1, 96, Ranking(candidates, frozenset(), len(candidates)), policy, 0, reason)


def commit_of(
    stream: StreamRow,
    *parts: TrackDecided | TrackSeen | TrackLeft,
    sequence: int | None = None,
    recognitions: Sequence[Recognition] = (),
) -> StreamCommit:
    """What a stream commits; the watermark stays where it was unless `sequence` says otherwise."""
    return StreamCommit(
        stream_id=stream.stream_id,
        camera_id=stream.camera_id,
        session=stream.session,
        durable_sequence=stream.durable_sequence if sequence is None else sequence,
        decided=tuple(part for part in parts if isinstance(part, TrackDecided)),
        seen=tuple(part for part in parts if isinstance(part, TrackSeen)),
        left=tuple(part for part in parts if isinstance(part, TrackLeft)),
        recognitions=tuple(recognitions),
    )
