"""What each frame for itself saw of a track, for the case that the database refuses what a later frame adds.

A commit holds of a track only its latest presence, and a decision or a departure dates it by the frame in which the
face was seen last. When that frame is put aside, the frames before it still count.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from portero_server.domain.recording.sightings import TrackDecided, TrackSeen
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.track import Track

_MOST_ATTEMPTS = 8
"""Decisions about one track that are put aside before it is given up: then it is the track that cannot be stored."""


class Presence:
    """In which frames beyond the watermark each track was seen.

    Memory: one entry per frame that is not durable and face in it, which credit bounds, as `ResumePoints` has it.
    """

    def __init__(self) -> None:
        self._seen: dict[str, list[TrackSeen]] = {}

    def note(self, sequence: int, tracks: Sequence[Track]) -> None:
        """Records which of the followed tracks frame `sequence` shows; it must be the highest so far."""
        for track in tracks:
            if track.last_sequence == sequence:
                seen = TrackSeen(track.track_id, track.last_seen, sequence)
                self._seen.setdefault(track.track_id, []).append(seen)

    def before(self, track_id: str, sequence: int) -> TrackSeen | None:
        """Returns the latest presence of a track before frame `sequence`, or None if there is none."""
        seen = self._seen.get(track_id, ())
        at = bisect_left(seen, sequence, key=lambda each: each.sequence)
        return seen[at - 1] if at else None

    def after(self, track_id: str, sequence: int) -> Sequence[TrackSeen]:
        """Returns every presence of a track beyond frame `sequence`, in order."""
        seen = self._seen.get(track_id, [])
        return seen[bisect_left(seen, sequence + 1, key=lambda each: each.sequence) :]

    def durable(self, sequence: int) -> None:
        """Forgets the frames up to `sequence`: what they showed is stored, or they were rejected."""
        if self._seen:
            self._keep({track_id: self.after(track_id, sequence) for track_id in self._seen})

    def rejected(self, sequences: Collection[int]) -> None:
        """Forgets frames whose findings were put aside."""
        if sequences:
            kept = self._seen.items()
            self._keep({track_id: [each for each in seen if each.sequence not in sequences] for track_id, seen in kept})

    def _keep(self, seen: Mapping[str, Sequence[TrackSeen]]) -> None:
        self._seen = {track_id: list(frames) for track_id, frames in seen.items() if frames}


class UnstoredTracks:
    """Tracks that are followed and have no sighting, since their decision was put aside.

    The next frame that shows such a face makes the decision again, as of that frame: the frames before it are rejected.
    """

    def __init__(self) -> None:
        self._decisions: dict[str, tuple[TrackDecided, TrackUpdate | None]] = {}
        self._attempts: dict[str, int] = {}

    def __contains__(self, track_id: str) -> bool:
        return track_id in self._decisions

    def put_aside(self, decided: TrackDecided, update: TrackUpdate | None) -> None:
        """Records a decision that was not stored, and the message about it that was not sent."""
        attempts = self._attempts[decided.track_id] = self._attempts.get(decided.track_id, 0) + 1
        if attempts < _MOST_ATTEMPTS:
            self._decisions[decided.track_id] = decided, update

    def again(self, seen: Sequence[TrackSeen]) -> tuple[TrackDecided, TrackUpdate | None] | None:
        """Returns the decision about a track, as of the frames that show it now, and the message about it.

        Args:
            seen: One track in frames after the one that was put aside, in order; at least one.

        Returns:
            None if the track's decision is not put aside.
        """
        first, last = seen[0], seen[-1]
        refused = self._decisions.pop(last.track_id, None)
        if refused is None:
            return None
        decided, update = refused
        begins = decided.first_seen if decided.revises else max(decided.first_seen, first.last_seen)
        decided = replace(decided, first_seen=begins, last_seen=last.last_seen, sequence=last.sequence)
        if update is not None:
            update = replace(update, first_seen=begins, last_seen=last.last_seen, sequence=last.sequence)
        return decided, update

    def decided(self, track_id: str) -> None:
        """Forgets a decision that another one follows."""
        self._decisions.pop(track_id, None)

    def left(self, track_id: str) -> None:
        """Forgets a track that ended."""
        self._decisions.pop(track_id, None)
        self._attempts.pop(track_id, None)


def as_of(decided: TrackDecided, seen: TrackSeen | None) -> TrackDecided:
    """Returns a decision as it was when the face had last been seen so; None: before any frame that is not durable."""
    if seen is None:
        return replace(decided, last_seen=decided.first_seen, sequence=0)
    return replace(decided, last_seen=seen.last_seen, sequence=seen.sequence)
