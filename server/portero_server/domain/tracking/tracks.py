"""Follows faces through the frames of one camera, and decides when to ask the engine who they are.

A planner: it is given detections and engine answers with their times, and returns what to do. It performs no I/O.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import combinations

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FoundFace, Match
from portero_server.domain.tracking import naming
from portero_server.domain.tracking.assignment import assign
from portero_server.domain.tracking.calls import CallPlanner
from portero_server.domain.tracking.candidates import (
    absorb,
    begin_anew,
    came_within,
    continued,
    has_left,
    may_be,
    suspend,
    take_for,
)
from portero_server.domain.tracking.doubts import Doubt, Doubtful, Surroundings, covered, doubt_of
from portero_server.domain.tracking.evidence import Evidence
from portero_server.domain.tracking.following import Observation, meet, move, should_have_found, show
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.track import Track, TrackPhase, moved


class Tracker:
    """Follows the faces of one camera. Frames arrive in order; their capture times need not be.

    Attributes:
        calls: Decides when the engine is asked.
        linger: Seconds, at most the policy's longest gap, for which a decided track that is not seen can be continued
            by the same face: a visit that is resumed later is another one.
    """

    def __init__(self, prefix: str, policy: TrackPolicy, resumed: Sequence[Track] = ()) -> None:
        """Continues the `resumed` tracks; `prefix` (camera and epoch) makes track ids unique."""
        self._prefix = prefix
        self.calls = CallPlanner(policy)
        self.linger = policy.longest_gap
        self._policy = policy
        self._tracks = list(resumed)
        self._leaving: list[Track] = []
        # The share of the picture that had changed in the last look; after a cut it stays large for a while.
        self._share = 0.0

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
    def restless(self) -> bool:
        """Whether people are so near each other, or soon will be, that one could be taken for the other."""
        if self._policy.identity is None:
            return False
        here = [track for track in self._tracks if track.visible]
        return any(meet(one, other, self._policy.identity.near) for one, other in combinations(here, 2))

    @property
    def policy(self) -> TrackPolicy:
        """The policy by which tracks are formed."""
        return self._policy

    def observe(
        self,
        sequence: int,
        captured: datetime,
        received: float,
        time: FrameTime,
        faces: Sequence[FoundFace],
        *,
        thorough: bool = False,
        share: float = 0.0,
    ) -> Observation:
        """Processes the faces found in a frame.

        Args:
            sequence: Sequence of the frame.
            captured: Capture time of the frame, UTC.
            received: Server's monotonic seconds when the frame came.
            time: What ages are measured with.
            faces: What was found, boxes in ratios.
            thorough: Whether small faces were searched for too.
            share: Share of the picture that changed, 0..1.
        """
        identity = self._policy.identity
        here = [track for track in self._tracks if not track.suspended and not self._outdated(track, time)]
        assigned = assign(here, faces, time, self._policy)
        owner = assigned.owner
        found = list(owner.values())
        missed = [track for track in here if track not in found]
        doubts: dict[int, Doubt] = {}
        if identity is not None:
            came = [face.box for index, face in enumerate(faces) if index not in owner]
            gone = [track.box for track in missed if should_have_found(track, thorough=thorough)]
            fresh, self._share = share - self._share, share
            around = Surroundings(time, fresh, [*came, *gone], self._policy.min_iou)
            for index, track in owner.items():
                doubt = doubt_of(track, faces[index], around, identity, crowded=index in assigned.crowded)
                if doubt is not None:
                    doubts[index] = doubt
        self._miss(missed, thorough=thorough)
        seen: list[Track] = []
        started: list[Track] = []
        doubted: list[Doubtful] = []
        for index, face in enumerate(faces):
            before, doubt = owner.get(index), doubts.get(index)
            if before is not None and doubt is not None and before.unverified:
                begin_anew(before, self._tracks, sequence, captured, time)
            if before is not None and (doubt is None or before.unverified):
                track = before
                track.hits += 1
                move(track, sequence, captured, time, face)
            else:
                track_id = f"{self._prefix}.{sequence}.{index}"
                track = Track(track_id, sequence, captured, received, sequence, captured, time, face.box)
                track.doubted_at, track.verified = sequence, time
                if before is not None and doubt is not None:
                    suspend(before)
                    track.continues, track.doubt = before.track_id, doubt.value
                    doubted.append(Doubtful(before, track, doubt))
                track.unverified = identity is not None and any(each.suspended for each in self._tracks)
                self._tracks.append(track)
                started.append(track)
            show(track, face, thorough=thorough)
            seen.append(track)
        names = {track.track_id for track in seen}
        hidden = frozenset() if identity is None else covered(faces, identity)
        for index, track in enumerate(seen):
            track.company |= names - {track.track_id}
            track.covered = index in hidden
        return Observation(tuple(seen), tuple(started), self._lost(time), tuple(doubted))

    def lingering(self, time: FrameTime) -> tuple[Track, ...]:
        """Marks the suspended tracks that were not seen for long as absent. Returns those that were not absent before.

        They are continued if the same face comes back in time.
        """
        gone = tuple(
            track for track in self._tracks if not self.awaits_candidate(track) and has_left(track, time, self._policy)
        )
        for track in gone:
            track.phase = moved(track.phase, TrackPhase.ABSENT)
        return gone

    def still(self, sequence: int, captured: datetime, time: FrameTime, *, skipped: bool = False) -> tuple[Track, ...]:
        """Processes a frame that was not searched.

        Args:
            sequence: Sequence of the frame.
            captured: Capture time of the frame, UTC.
            time: What ages are measured with.
            skipped: Whether it did change, so that nobody knows who is in view. Else the faces in view are assumed to
                be still there.

        Returns:
            The tracks given up, since their last look was too long ago.
        """
        for track in self._tracks:
            if not track.visible or self._outdated(track, time):
                track.visible = False
                track.misses += 1
            elif not skipped:
                track.velocity = (0.0, 0.0)
                move(track, sequence, captured, time)
        return self._lost(time)

    def beside(self, track: Track) -> frozenset[str]:
        """Returns the people named on tracks seen together with this one; it cannot be any of them."""
        return naming.beside(track, self._everybody)

    def answer(self, track: Track, match: Match | None, evidence: Evidence | None = None) -> tuple[Track, ...]:
        """Records the engine's answer to a call: a name, what it says for a provisional one, or neither.

        Returns:
            The tracks whose decision this changes: the track itself, named; and a track in its
            company that had claimed the same person with less similarity, now a stranger.
        """
        track.answers += 1
        changed = naming.answered(track, match, evidence, self._everybody)
        if not changed:
            return ()
        if track.phase is TrackPhase.PROVISIONAL:
            self.decide(track)
        elif track.phase is TrackPhase.DISMISSED:
            track.phase = moved(track.phase, TrackPhase.CLOSED)
        return changed

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
            for track in self._everybody
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
        return track.match is None and track.evidence is None and track.hits < self._policy.min_hits

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
        """Records that a track was seen. Returns whether it had been absent; it is not any more."""
        if track.phase is not TrackPhase.ABSENT:
            return False
        self.decide(track)
        return True

    def disown(self, people: Collection[str]) -> tuple[Track, ...]:
        """Makes strangers of the tracks with the names of these people. Returns them."""
        return naming.disown(people, self._everybody)

    def withdraw(self, people: Collection[str], *, beside: Track | None = None) -> tuple[Track, ...]:
        """Takes back the provisional names of these people, on all tracks or on those seen with one. Returns them."""
        company = (each for each in self._everybody if beside is None or each.track_id in beside.company)
        return naming.withdraw(people, company)

    def rename(self, track_id: str, match: Match) -> bool:
        """Names a track as an earlier session learned too late. Returns whether the track is followed."""
        for track in self._tracks:
            if track.track_id == track_id:
                track.match = match
                return True
        return False

    def compared(self, candidate: Track, sequence: int, distances: Mapping[str, float], quality: float) -> Track | None:
        """Records the comparison of a candidate's shot in frame `sequence` with the tracks it may continue.

        Args:
            candidate: Whose face.
            sequence: The frame of the shot.
            distances: To the nearest face of each track, by track id; what is not suspended any more is ignored.
            quality: Quality of the shot, 0..1.

        Returns:
            The track that the candidate continues, to be told to `rejoin`; the candidate itself, if it is somebody
            else, to be told to `separate`; None if another shot is needed.
        """
        identity = self._policy.identity
        if identity is None or not candidate.unverified or sequence < candidate.doubted_at:
            return None
        longest = min(max(self.linger, self._policy.max_lost), self._policy.longest_gap)
        there = [track for track in self.suspended if came_within(candidate, track, longest)]
        return continued(candidate, there, distances, quality, identity)

    def rejoin(self, candidate: Track, track: Track) -> None:
        """Continues a suspended track with what its candidate saw; the candidate is over."""
        absorb(track, candidate)
        for other in self._tracks:
            take_for(other, candidate, track)
        candidate.joined = track.track_id
        self._end(candidate, TrackPhase.REJOINED)

    def separate(self, candidate: Track) -> tuple[Track, ...]:
        """Records that a candidate is somebody else than the tracks it was compared with, or cannot be compared.

        Returns:
            The track in whose place it is, which has left; none if it is seen elsewhere.
        """
        candidate.unverified = False
        return tuple(track for track in self._tracks if track.suspended and track.track_id == candidate.continues)

    @property
    def suspended(self) -> Sequence[Track]:
        """Tracks that only a compared face continues."""
        return tuple(track for track in self._tracks if track.suspended)

    def awaits_candidate(self, track: Track) -> bool:
        """Returns whether a comparison may still find that a suspended track continues."""
        longest = self._policy.longest_gap
        return track.suspended and any(
            may_be(each, track) and came_within(each, track, longest) for each in (*self._tracks, *self._leaving)
        )

    @staticmethod
    def without_call(track: Track) -> Track:
        """Returns a track of an earlier session, whose call the interruption ended: it may be called for again."""
        track.calls = track.answers
        return track

    @property
    def _everybody(self) -> Sequence[Track]:
        return (*self._tracks, *self._leaving)

    def _end(self, track: Track, phase: TrackPhase) -> None:
        for tracks in (self._tracks, self._leaving):
            if track in tracks:
                tracks.remove(track)
        track.phase = moved(track.phase, phase)

    def _miss(self, missed: Sequence[Track], *, thorough: bool) -> None:
        """Records which tracks a look did not find; who comes after a thorough one found nobody may be another."""
        for track in self._tracks:
            if track in missed or track.suspended:
                track.visible = False
                track.misses += 1
        for track in missed:
            track.missed = track.missed or should_have_found(track, thorough=thorough)
            # It may have become too small for quick looks.
            track.found_quickly = track.found_quickly and thorough
            if thorough and not track.unverified:
                track.suspended = True

    def _lost(self, time: FrameTime) -> tuple[Track, ...]:
        return tuple(track for track in self._tracks if self._is_lost(track, time))

    def _is_lost(self, track: Track, time: FrameTime) -> bool:
        policy = self._policy
        if policy.identity is not None and self.awaits_candidate(track):
            return False
        if self._outdated(track, time):
            return True
        since = time.since(track.time)
        if track.suspended:
            if policy.identity is None:
                return True
            if track.decided:
                return since > self.linger
        return track.misses >= policy.max_misses and since > policy.max_lost

    def _outdated(self, track: Track, time: FrameTime) -> bool:
        return time.since(track.time) > self._policy.longest_gap
