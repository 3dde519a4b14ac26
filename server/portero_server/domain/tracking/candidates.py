"""Candidates: faces that may be those of suspended tracks, each a track of its own until it is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.tracking.doubts import UNLIKELY, Verdict, verdict_of
from portero_server.domain.tracking.following import move
from portero_server.domain.tracking.policy import IdentityPolicy, TrackPolicy
from portero_server.domain.tracking.track import Track, TrackPhase


def suspend(track: Track) -> None:
    """Records that another face may be where a track was."""
    track.suspended, track.visible = True, False
    track.misses += 1


def begin_anew(candidate: Track, others: Iterable[Track], sequence: int, captured: datetime, time: FrameTime) -> None:
    """Records that a candidate may be another person from a frame on: what was seen of it before says nothing of it.

    Its name would go back over that time, and the faces beside it then might be its own.

    Args:
        candidate: Whose comparisons begin again.
        others: Tracks that may have been seen beside it.
        sequence: Sequence of the frame.
        captured: When the frame was taken, UTC.
        time: What ages are measured with.
    """
    candidate.doubted_at, candidate.first_seen, candidate.verified = sequence, captured, time
    candidate.comparisons = 0
    candidate.best_quality = None
    candidate.company.clear()
    for other in others:
        other.company.discard(candidate.track_id)


def absorb(track: Track, candidate: Track) -> None:
    """Takes over what a candidate saw, since it is the same face."""
    move(track, candidate.last_sequence, candidate.last_seen, candidate.time)
    track.box, track.velocity, track.patch = candidate.box, candidate.velocity, candidate.patch
    track.hits += candidate.hits
    track.visible, track.misses, track.missed = candidate.visible, candidate.misses, candidate.missed
    track.suspended = False
    track.found_quickly, track.verified = candidate.found_quickly, candidate.time
    track.company |= candidate.company - {track.track_id}


def may_be(candidate: Track, track: Track) -> bool:
    """Returns whether a comparison may find that a candidate is the face of a suspended track."""
    return candidate.unverified and candidate.continues in (track.track_id, "")


def came_within(candidate: Track, track: Track, seconds: float) -> bool:
    """Returns whether a candidate was first seen within so many seconds after a track was last.

    How long it takes to compare them says nothing: frames that waited follow faster than they were taken.
    """
    return (candidate.verified or candidate.time).since(track.time) <= seconds


def take_for(other: Track, candidate: Track, track: Track) -> None:
    """Records, for a track, that a candidate was the face of another one."""
    if candidate.track_id in other.company:
        other.company.add(track.track_id)
    if other.continues == candidate.track_id:
        other.continues = track.track_id


def has_left(track: Track, time: FrameTime, policy: TrackPolicy) -> bool:
    """Returns whether a suspended track that is decided was not seen for so long that it is to be reported as left."""
    decided = track.suspended and track.phase is TrackPhase.DECIDED
    return decided and track.misses >= policy.max_misses and time.since(track.time) > policy.max_lost


def continued(
    candidate: Track,
    suspended: Sequence[Track],
    distances: Mapping[str, float],
    quality: float,
    policy: IdentityPolicy,
) -> Track | None:
    """Returns the track that a candidate continues, or the candidate if it is somebody else; None: another shot.

    Args:
        candidate: Whose inconclusive comparisons are counted.
        suspended: The tracks that it may continue.
        distances: To the nearest face of each track of which a face is known, by track id.
        quality: Quality of the candidate's shot, 0..1.
        policy: Limits.
    """
    tracks = {track.track_id: track for track in suspended}
    known = {name: gap for name, gap in distances.items() if name in tracks}
    place = tracks.get(candidate.continues)
    if place is not None and place.track_id not in known and candidate.doubt in UNLIKELY:
        # Its face was known to a server that has died, and nothing else speaks for somebody else.
        return place
    verdict, nearest = verdict_of(known, quality, candidate.comparisons, policy)
    if verdict is Verdict.SAME:
        return tracks[nearest]
    if verdict is Verdict.UNSURE:
        candidate.comparisons += 1
        return None
    return candidate
