"""Follows faces through the frames of one camera, and decides when to ask the engine who they are.

A planner: it is given detections and engine answers with their times, and returns what to do. It performs no I/O.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FoundFace, Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.track import Track, TrackPhase, moved


@dataclass(frozen=True, slots=True)
class TrackPolicy:
    """How tracks are formed and when the engine is asked.

    Attributes:
        min_iou: Least overlap of a face with a track's last box to be the same face.
        reach: When boxes do not overlap enough (fast walkers, low rates), how far a face's center
            may have moved, in face widths a frame.
        max_lost, max_misses: A track ends after so many seconds and so many frames
            without the face; both, so that a camera at one frame in five seconds keeps its tracks.
        longest_gap: A track ends after so many seconds in which its face was not seen, however few
            frames came: whoever stands there an hour later is not taken for the guest before. All these seconds
            are those of the clock that says more, the camera's or the server's, and a camera's clock that was set
            back ends every track.
        good_quality: A shot this good is sent at once.
        poor_quality: A shot below this is never sent.
        better_by: A later shot must be this many times as good to be worth another call.
        patience: Seconds after which the best shot so far is sent although it is not good.
        max_calls: Most calls a track.
        retry_pause, longest_retry_pause: Seconds before a call that got no answer is made again; it doubles with
            each failure, up to the longest. A face that stays is asked about again however long an outage lasts.
        min_hits: A track seen in fewer looks and not named is taken for a false alarm.
        deadline: Seconds from the receipt of its first frame after which a track is decided whatever is known.
    """

    min_iou: float = 0.25
    reach: float = 1.5
    max_lost: float = 1.5
    max_misses: int = 2
    longest_gap: float = 10.0
    good_quality: float = 0.25
    poor_quality: float = 0.02
    better_by: float = 1.4
    patience: float = 0.4
    max_calls: int = 3
    retry_pause: float = 0.2
    longest_retry_pause: float = 2.0
    min_hits: int = 2
    deadline: float = 2.0


@dataclass(frozen=True, slots=True)
class Observation:
    """What the analysis of one frame changed.

    Attributes:
        seen: The track of each face, in the faces' order.
        started: Tracks begun now.
        lost: Tracks given up now; the caller says so with `leave`.
    """

    seen: tuple[Track, ...]
    started: tuple[Track, ...]
    lost: tuple[Track, ...]


class Tracker:
    """Follows the faces of one camera. Frames arrive in order; their capture times need not be."""

    def __init__(self, prefix: str, policy: TrackPolicy, resumed: Sequence[Track] = ()) -> None:
        """Continues the `resumed` tracks; `prefix` (camera and epoch) makes track ids unique."""
        self._prefix = prefix
        self._policy = policy
        self._tracks = list(resumed)
        self._leaving: list[Track] = []

    @property
    def tracks(self) -> Sequence[Track]:
        """Tracks being followed, oldest first."""
        return tuple(self._tracks)

    @property
    def leaving(self) -> Sequence[Track]:
        """Tracks whose face is gone but which still wait for a decision."""
        return tuple(self._leaving)

    @property
    def follows(self) -> bool:
        """Whether there is any track, including those that wait for their decision."""
        return bool(self._tracks or self._leaving)

    @property
    def policy(self) -> TrackPolicy:
        """The policy by which tracks are formed."""
        return self._policy

    def observe(
        self, sequence: int, captured: datetime, received: float, time: FrameTime, faces: Sequence[FoundFace]
    ) -> Observation:
        """Takes in the faces found in a frame.

        Args:
            sequence: Sequence of the frame.
            captured: Capture time of the frame, UTC.
            received: Server's monotonic seconds when the frame came.
            time: What ages are measured with.
            faces: What was found, boxes in ratios.
        """
        owner = self._assign([track for track in self._tracks if not self._outdated(track, time)], faces)
        for track in self._tracks:
            track.visible = False
            track.misses += 1
        seen: list[Track] = []
        started: list[Track] = []
        for index, face in enumerate(faces):
            if index in owner:
                track = owner[index]
                track.hits += 1
                self._move(track, sequence, captured, time)
                track.box = face.box
            else:
                track_id = f"{self._prefix}.{sequence}.{index}"
                track = Track(track_id, sequence, captured, received, sequence, captured, time, face.box)
                self._tracks.append(track)
                started.append(track)
            track.visible = True
            track.misses = 0
            if track.best_quality is None or face.quality.overall > track.best_quality.overall:
                track.best_quality = face.quality
            seen.append(track)
        names = {track.track_id for track in seen}
        for track in seen:
            track.company |= names - {track.track_id}
        return Observation(tuple(seen), tuple(started), self._lost(time))

    def still(self, sequence: int, captured: datetime, time: FrameTime) -> tuple[Track, ...]:
        """Takes in a frame without change: the faces in view are assumed to be still there.

        Returns:
            The tracks given up, since their last look was too long ago.
        """
        for track in self._tracks:
            if track.visible and not self._outdated(track, time):
                self._move(track, sequence, captured, time)
            else:
                track.visible = False
                track.misses += 1
        return self._lost(time)

    def wants_call(self, track: Track, quality: float, now: float) -> bool:
        """Returns whether to send a shot of this quality (0..1) now (monotonic seconds)."""
        policy = self._policy
        if track.pending or track.match is not None or quality < policy.poor_quality:
            return False
        if track.calls >= policy.max_calls or now < track.retry_at:
            return False
        if track.calls > 0:
            return quality >= track.asked_quality * policy.better_by
        return quality >= policy.good_quality or now - track.received >= policy.patience

    def call(self, track: Track, quality: float) -> None:
        """Records that a call with a shot of this quality is being made."""
        track.calls += 1
        track.asked_quality = max(track.asked_quality, quality)

    def answer_by(self, track: Track, now: float) -> float:
        """Returns the deadline of a call made now (monotonic seconds).

        The decision does not wait for the call beyond its own deadline, but a later answer still revises it.
        """
        return max(track.received, now) + self._policy.deadline

    def name_by(self, track: Track, now: float) -> float:
        """Returns until when an answered track may wait for the person's name (monotonic seconds).

        This is half of the time left until the decision is due, so that a deadline never finds an answer unused.
        """
        left = track.received + self._policy.deadline - now
        return now + (max(0.0, left) if track.awaits_decision else self._policy.deadline) / 2

    def beside(self, track: Track) -> frozenset[str]:
        """Returns the people named on tracks seen together with this one; it cannot be any of them."""
        return frozenset(
            other.match.person_id
            for other in (*self._tracks, *self._leaving)
            if other.match is not None and other.track_id in track.company
        )

    def recalled(self, track: Track, quality: float) -> None:
        """Records that a call was answered from memory, learned from a shot of this quality."""
        track.asked_quality = max(track.asked_quality, quality)

    def fail(self, track: Track, now: float) -> None:
        """Records that a call got no answer; the shot may be sent again after a pause."""
        policy = self._policy
        track.calls -= 1
        track.failures += 1
        pause = min(policy.longest_retry_pause, policy.retry_pause * 2.0 ** min(track.failures - 1, 10))
        track.retry_at = now + pause
        if track.calls == 0:
            track.asked_quality = 0.0

    def answer(self, track: Track, match: Match | None) -> tuple[Track, ...]:
        """Takes in the engine's answer to a call (None: nobody known).

        Returns:
            The tracks whose decision this changes: the track itself, named; and a track in its
            company that had claimed the same person with less similarity, now a stranger.
        """
        track.answers += 1
        if match is None:
            return ()
        changed: list[Track] = []
        for rival in (*self._tracks, *self._leaving):
            if rival.track_id in track.company and rival.match is not None and rival.match.person_id == match.person_id:
                if rival.match.similarity >= match.similarity:
                    return ()
                rival.match = None
                changed.append(rival)
        track.match = match
        if track.phase is TrackPhase.PROVISIONAL:
            self.decide(track)
        elif track.phase is TrackPhase.DISMISSED:
            track.phase = moved(track.phase, TrackPhase.CLOSED)
        return (track, *changed)

    def decide(self, track: Track) -> None:
        """Decides a track that is followed by what is known of it."""
        track.phase = moved(track.phase, TrackPhase.DECIDED)

    def overdue(self, now: float) -> tuple[Track, ...]:
        """Decides the tracks whose deadline has passed as strangers, for now.

        Returns:
            These tracks. Those of them that are leaving are not decided here: the caller ends them.
        """
        late = [
            track
            for track in (*self._tracks, *self._leaving)
            if track.awaits_decision and now - track.received >= self._policy.deadline
        ]
        for track in late:
            if track.phase is TrackPhase.PROVISIONAL:
                self.decide(track)
        return tuple(late)

    def exhausted(self, track: Track) -> bool:
        """Whether an undecided track can only be a stranger: no call is in flight and none may follow."""
        policy = self._policy
        return track.phase is TrackPhase.PROVISIONAL and not track.pending and track.calls >= policy.max_calls

    def false_alarm(self, track: Track) -> bool:
        """Whether a track that ends was too short to be a person."""
        return track.match is None and track.hits < self._policy.min_hits

    def leave(self, track: Track) -> None:
        """Moves a track whose face is gone out of view.

        An undecided track is kept until `close` or `dismiss`, for the answers still to come.
        """
        track.visible = False
        self._tracks.remove(track)
        if not track.decided:
            track.phase = moved(track.phase, TrackPhase.LEAVING)
            self._leaving.append(track)

    def close(self, track: Track) -> None:
        """Ends a track that is decided, or that leaves."""
        self._end(track, TrackPhase.CLOSED)

    def dismiss(self, track: Track) -> None:
        """Ends a track that leaves without a decision."""
        self._end(track, TrackPhase.DISMISSED)

    def miss_all(self) -> tuple[Track, ...]:
        """Marks the decided tracks as absent, since no frames arrive. Returns those that were not.

        Undecided ones wait for their deadline or, after an interruption, for their frames to be sent again.
        """
        missed = tuple(track for track in self._tracks if track.phase is TrackPhase.DECIDED)
        for track in missed:
            track.phase = moved(track.phase, TrackPhase.ABSENT)
        return missed

    def returned(self, track: Track) -> bool:
        """Takes in that a track was seen. Returns whether it had been absent; it is not any more."""
        if track.phase is not TrackPhase.ABSENT:
            return False
        self.decide(track)
        return True

    def disown(self, people: Collection[str]) -> tuple[Track, ...]:
        """Makes strangers of the tracks with the names of these people. Returns them."""
        named = tuple(
            track
            for track in (*self._tracks, *self._leaving)
            if track.match is not None and track.match.person_id in people
        )
        for track in named:
            track.match = None
        return named

    def rename(self, track_id: str, match: Match) -> bool:
        """Names a track as an earlier session learned too late. Returns whether the track is followed."""
        for track in self._tracks:
            if track.track_id == track_id:
                track.match = match
                return True
        return False

    @staticmethod
    def without_call(track: Track) -> Track:
        """Returns a track of an earlier session, whose call the interruption ended: it may be called for again."""
        track.calls = track.answers
        return track

    def _end(self, track: Track, phase: TrackPhase) -> None:
        for tracks in (self._tracks, self._leaving):
            if track in tracks:
                tracks.remove(track)
        track.phase = moved(track.phase, phase)

    def _assign(self, tracks: Sequence[Track], faces: Sequence[FoundFace]) -> dict[int, Track]:
        """Returns for each face the track it continues: by overlap first, then by nearness, best pairs first."""
        pairs: list[tuple[float, int, int]] = []
        for t, track in enumerate(tracks):
            for f, face in enumerate(faces):
                score = _kinship(track.box, face.box, self._policy)
                if score > 0:
                    pairs.append((score, t, f))
        pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
        owner: dict[int, Track] = {}
        taken: set[int] = set()
        for _, t, f in pairs:
            if t not in taken and f not in owner:
                taken.add(t)
                owner[f] = tracks[t]
        return owner

    def _lost(self, time: FrameTime) -> tuple[Track, ...]:
        policy = self._policy
        return tuple(
            track
            for track in self._tracks
            if (track.misses >= policy.max_misses and time.since(track.time) > policy.max_lost)
            or self._outdated(track, time)
        )

    def _outdated(self, track: Track, time: FrameTime) -> bool:
        return time.since(track.time) > self._policy.longest_gap

    @staticmethod
    def _move(track: Track, sequence: int, captured: datetime, time: FrameTime) -> None:
        track.last_sequence = sequence
        track.time = time
        track.last_seen = max(track.last_seen, captured)


def _kinship(before: Box, now: Box, policy: TrackPolicy) -> float:
    """Returns how likely two boxes are one face: 1 + IoU for overlap, 0..1 for nearness, 0 otherwise."""
    overlap = before.iou(now)
    if overlap >= policy.min_iou:
        return 1.0 + overlap
    ratio = now.area / before.area if before.area > 0 else 0.0
    if not 0.4 <= ratio <= 2.5:
        return 0.0
    (x0, y0), (x1, y1) = before.center, now.center
    # Widths and heights are ratios of different sides, so each axis is measured in its own face size.
    distance = max(abs(x1 - x0) / max(before.width, now.width), abs(y1 - y0) / max(before.height, now.height))
    return max(0.0, 1.0 - distance / policy.reach) if distance < policy.reach else 0.0
