"""Follows the faces of one stream: from frame analyses to engine calls, and from answers to decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from portero_server.clock import Clock
from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import at_edge
from portero_server.domain.gate.cadence import Cadence, When
from portero_server.domain.recording.sightings import TrackDecided
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.domain.streams.messages import Timing
from portero_server.domain.tracking.evidence import Weighed
from portero_server.domain.tracking.track import Track, TrackPhase
from portero_server.domain.tracking.tracks import Tracker
from portero_server.engines.base import CallContext
from portero_server.recognition.asking import Asking, Call
from portero_server.recognition.frame_follower import NOTHING_FOUND, Findings, FrameFollower, Rules, Work
from portero_server.recognition.gate_sampling import GateSampler
from portero_server.recognition.identity import IdentityChecks, KnownFaces
from portero_server.recognition.name_lookup import NameOf
from portero_server.recognition.replies import Questions
from portero_server.recognition.shots import Shot, cut_out
from portero_server.recognition.strangers import StrangerFaces
from portero_server.recognition.tiered import TieredRecognizer
from portero_server.recognition.track_events import TrackEvents
from portero_server.vision.analysis import FrameAnalysis

_SILENCE = 10.0
"""Seconds without any frame after which faces are reported as left; their tracks continue if the next frame shows
them."""


class Follower(FrameFollower):
    """Follows the faces of one camera's stream. `rules` may be replaced while it runs; `strangers` has its sink set."""

    reads_text = False

    def __init__(
        self,
        camera_id: str,
        rules: Rules,
        tracker: Tracker,
        cadence: Cadence,
        clock: Clock,
        recognizer: TieredRecognizer,
        name_of: NameOf,
        sampler: GateSampler | None = None,
        known: KnownFaces | None = None,
    ) -> None:
        """Creates a follower with the tracks of `tracker`.

        Args:
            camera_id: The camera that calls are billed to.
            rules: Thresholds, lane and visit gap.
            tracker: Forms tracks.
            cadence: Decides when to search for faces.
            clock: The server's clock.
            recognizer: Says who a face is.
            name_of: Returns a person's display name, or None if the person no longer exists.
            sampler: Shows held-back frames to the recognizer, if that is wanted.
            known: The faces of the tracks; None: none is known.
        """
        self._camera_id = camera_id
        self.rules = rules
        self._tracker = tracker
        self._cadence = cadence
        self._clock = clock
        self._recognizer = recognizer
        self._sampler = sampler
        # What happened and is to be called since the last method began; each ends by returning it.
        self._told = TrackEvents(tracker.policy)
        self._work: list[Work] = []
        self._asking = Asking(tracker, Questions(recognizer, name_of, clock), recognizer, self._told)
        self._best = self._asking.best
        self._checks = IdentityChecks(recognizer, tracker, KnownFaces() if known is None else known, self._told)
        self.strangers = StrangerFaces(recognizer, self._told, camera_id)
        self._last_frame = clock.monotonic()
        self._ends = False

    @property
    def tracks(self) -> Sequence[Track]:
        """Tracks being followed, oldest first; without those that were reported as left."""
        # Asked for with each frame, and most cameras see nobody most of the time.
        tracks = self._tracker.tracks
        return tuple(track for track in tracks if not (track.absent and track.suspended)) if tracks else ()

    @property
    def busy(self) -> bool:
        """Whether any decision is still open."""
        return bool(self._asking or self._tracker.leaving or self._checks)

    @property
    def when(self) -> When:
        """Returns which of the waiting frames to analyze."""
        if not (tracks := self.tracks):
            return self._cadence.when(tracks=0, undecided=0)
        return self._cadence.when(
            tracks=len(tracks),
            undecided=sum(not track.decided for track in tracks) + self._tracker.restless,
            keep=tuple(track.box for track in tracks if track.visible),
        )

    def observe(self, frame: Frame, look: FrameAnalysis) -> Findings:
        """Processes the analysis of a frame."""
        holders = self._searched(frame, look) if look.searched else self._still(frame, look.outcome)
        if self._sampler is not None:
            followed = [track.box for track in self._tracker.tracks]
            if (check := self._sampler.consider(frame, look.outcome, followed)) is not None:
                self._work.append(check)
        return self._found(holders)

    def _still(self, frame: Frame, outcome: FrameOutcome) -> Collection[str]:
        """Processes a frame that was not searched. Returns the undecided tracks that hold it."""
        self._last_frame = now = self._clock.monotonic()
        self._recognizer.count_avoided(outcome.value)
        if self._asking.repeats:
            self._ask_lost(now)
        if not self._tracker.follows:
            return ()
        skipped = outcome is FrameOutcome.SKIPPED
        lost = self._tracker.still(frame.sequence, frame.captured_at, frame.time, skipped=skipped)
        self._let_go(lost, frame.time)
        if not skipped:
            for track in self._tracker.tracks:
                if track.visible:
                    self._see(track)
        return self._holders()

    def _searched(self, frame: Frame, look: FrameAnalysis) -> Collection[str]:
        """Processes the faces of a frame. Returns the undecided tracks that hold the frame."""
        # Not the time of receipt: frames that wait because the server is slow do not count as silence.
        self._last_frame = now = self._clock.monotonic()
        if self._asking.repeats:
            self._ask_lost(now)
        self._tracker.linger = self.rules.visit_gap.total_seconds()
        self._cadence.looked(frame.time, thorough=look.thorough, found=len(look.faces))
        at = frame.sequence, frame.captured_at, frame.received, frame.time
        observation = self._tracker.observe(*at, look.faces, thorough=look.thorough, share=look.share)
        for doubted in observation.doubted:
            self._checks.doubt(doubted)
        for track, face in zip(observation.seen, look.faces, strict=True):
            self._see(track)
            shot = self._shot(track, face, frame, look, now)
            if track.unverified and shot is not None and self._checks.begin(track, shot):
                self._work.append(partial(self._compare, track, shot))
            if not self._ask(track, now):
                self._recognizer.count_avoided("known_track")
        if not look.faces:
            self._recognizer.count_avoided("no_face")
        for track in observation.started:
            if not track.continues:
                self._told.began(track)
        self._let_go(observation.lost, frame.time)
        return self._holders()

    def tick(self, now: float) -> Findings:
        """Handles patience, deadlines and silence at `now` (monotonic seconds)."""
        if not self._tracker.follows:
            return NOTHING_FOUND
        if now - self._last_frame > _SILENCE:
            self._report_left()
        for track in self._tracker.tracks:
            self._ask(track, now)
        leaving = self._tracker.leaving
        for track in leaving:
            self._send_last(track, now)
        for track in self._tracker.overdue(now):
            if track.unverified:
                # The comparison takes too long to wait for; the engine says who it is.
                self._separate(track)
            if track in leaving:
                self._conclude(track)
            else:
                self._told.decided(track, self.rules.visit_gap, timing=None, revises=False)
        return self._found()

    def leave_all(self) -> Findings:
        """Ends all tracks because the stream ends."""
        self._ask_lost(self._clock.monotonic())
        self._ends = True
        self._leave_settled()
        return self._found()

    def recall(self, names: Mapping[str, str]) -> None:
        """Sets the display names of the people whose tracks continue from an earlier session."""
        self._told.recall(self._tracker.tracks, names)

    @property
    def people(self) -> set[str]:
        """Returns the ids of the people whose names it holds for tracks it follows or could resume."""
        tracks = (*self._tracker.tracks, *self._tracker.leaving)
        return {track.match.person_id for track in tracks if track.match is not None} | set(self._told.people)

    def forget(self, people: Collection[str]) -> Findings:
        """Removes the names of people who may no longer be named; their tracks continue as strangers."""
        for track in self._tracker.disown(people):
            self._checks.forget(track)
            self.strangers.refuse(track)
            self._told.decided(track, self.rules.visit_gap, timing=None, revises=True)
        for track in self._tracker.withdraw(people):
            self._told.reconsidered(track)
        self._told.forget(people)
        return self._found()

    def rename(self, late: TrackDecided) -> bool:
        """Names a track as an earlier session decided too late. Returns whether the track is followed."""
        return late.match is not None and self._tracker.rename(late.track_id, late.match)

    def take_over(self, earlier: FrameFollower, durable: int) -> None:
        """Takes over the calls that an earlier session left without an answer."""
        if isinstance(earlier, Follower):
            self._asking.take_over(earlier._asking, self._tracker.tracks, durable)

    def miss_all(self) -> Findings:
        """Reports all decided tracks as left, since no frames arrive.

        Undecided ones wait for their deadline or, after an interruption, for their frames to be sent again.
        """
        self._report_left()
        return self._found()

    def _found(self, holders: Collection[str] = ()) -> Findings:
        events = self._told.take()
        if not (events or holders or self._work):
            return NOTHING_FOUND
        work, self._work = self._work, []
        return Findings(events, holders, work)

    def _report_left(self) -> None:
        for track in self._tracker.miss_all():
            self._told.left(track)

    def _see(self, track: Track) -> None:
        """Records that a decided track was seen."""
        if self._tracker.returned(track):
            self._told.decided(track, self.rules.visit_gap, timing=None, revises=True, returns=True)
        elif track.decided:
            self._told.seen(track)

    def _holders(self) -> set[str]:
        undecided = {track.track_id for track in self._tracker.tracks if track.visible and not track.decided}
        return undecided | {track.track_id for track in self._tracker.leaving}

    def _shot(self, track: Track, face: FoundFace, frame: Frame, look: FrameAnalysis, now: float) -> Shot | None:
        """Returns the shot of a face, kept if it is the best one not yet sent; None if it is good for nothing."""
        quality, edge = face.quality.overall, at_edge(face.box)
        if look.pixels is None or not (self._checks.wanted or self._best.wants(track, quality, at_edge=edge)):
            return None
        crop = cut_out(look.pixels, face, CallContext(self._camera_id, self.rules.lane))
        shot = Shot(crop, frame, look, now, edge, not track.covered)
        self._best.offer(track, shot)
        self._checks.keep(track, shot)
        self.strangers.keep(track, shot)
        return shot

    async def _compare(self, candidate: Track, shot: Shot) -> Findings:
        """Compares a shot of a candidate and returns what that led to."""
        settled = await self._checks.compare(candidate, shot)
        if settled.apart:
            self._separate(candidate)
            self._best.encoded(candidate, settled.shot)
            self._ask(candidate, self._clock.monotonic())
        elif (track := settled.continued) is not None:
            self._best.hand_on(candidate, track)
            if track.decided:
                self._see(track)
        if candidate.phase is TrackPhase.LEAVING and not self._send_last(candidate, self._clock.monotonic()):
            self._conclude(candidate)
        if self._ends:
            self._leave_settled()
        return self._found()

    def _separate(self, candidate: Track) -> None:
        """Records that a candidate is somebody else, so that the track before it in its place has left."""
        for track in self._tracker.separate(candidate):
            self._leave(track, replaced=True)
        if candidate.continues and candidate.phase is TrackPhase.PROVISIONAL:
            self._told.began(candidate)

    def _leave_settled(self) -> None:
        """Ends all tracks but those whose candidates are still being compared."""
        # Candidates first: with the last one of a track, nothing is awaited for it.
        for track in sorted(self._tracker.tracks, key=lambda each: each.suspended):
            if not self._tracker.awaits_candidate(track):
                self._leave(track)

    def _let_go(self, lost: Sequence[Track], time: FrameTime) -> None:
        """Handles faces that are gone, for good or until the same face comes back."""
        for track in lost:
            self._leave(track)
        for track in self._tracker.lingering(time):
            self._told.left(track)

    def _ask(self, track: Track, now: float) -> bool:
        """Sends the best shot if the tracker wants a call. Returns whether it did."""
        return self._send(self._asking.ask(track, now))

    def _ask_lost(self, now: float) -> None:
        """Repeats the calls that an interruption left without an answer."""
        for call in self._asking.ask_lost(now):
            self._send(call)

    def _send(self, call: Call | None) -> bool:
        if call is not None:
            self._work.append(partial(self._call, call))
        return call is not None

    async def _call(self, call: Call) -> Findings:
        """Calls the engine once and returns what the answer led to."""
        answered = await self._asking.reply(call, self.rules)
        if answered is not None:
            if answered.remember is not None:
                # Not awaited: the person in front of the camera should get the name first.
                self._work.append(answered.remember)
            self._checks.learned(call.track, answered.encoding if call.shot.clear else None)
            self.strangers.learned(call.track, call.shot, answered)
            self._after_answer(call.track, answered.weighed, answered.timing)
        return self._found()

    def _after_answer(self, track: Track, weighed: Weighed, timing: Timing) -> None:
        reported_before, before = not track.awaits_decision, track.evidence
        for changed in self._tracker.answer(track, weighed.match, weighed.evidence):
            if changed is track:
                self._told.decided(track, self.rules.visit_gap, timing=timing, revises=reported_before)
            else:
                self._told.decided(changed, self.rules.visit_gap, timing=None, revises=True)
        if track.match is not None:
            for rival in self._tracker.withdraw({track.match.person_id}, beside=track):
                self._told.reconsidered(rival)
        elif track.evidence != before and not track.ended and not track.absent:
            self._told.reconsidered(track)
        if track.phase in (TrackPhase.CLOSED, TrackPhase.ABSENT):
            # The decision did not wait for this answer, nor did the face; its visit ended when it left.
            if track.match is not None:
                self._told.left(track)
        elif track.phase is TrackPhase.LEAVING:
            if track.match is not None:
                self._close(track)
            elif not self._send_last(track, self._clock.monotonic()):
                self._conclude(track)
        elif self._tracker.exhausted(track):
            self._tracker.decide(track)
            self._told.decided(track, self.rules.visit_gap, timing=timing, revises=False)
            self._work += self.strangers.decided(track)

    def _leave(self, track: Track, *, replaced: bool = False) -> None:
        """Handles a face that is gone: an undecided track may send one last shot."""
        self._tracker.leave(track)
        if replaced and self._tracker.false_alarm(track):
            self._best.drop_edge(track)
        if track.decided:
            self._close(track, replaced=replaced)
        elif not track.pending and not self._send_last(track, self._clock.monotonic()):
            self._conclude(track)

    def _send_last(self, track: Track, now: float) -> bool:
        """Sends the best shot of a track that will get no better one.

        Returns False if no shot is worth sending. Returns True also if the shot goes out later, after the pause that
        follows a failure.
        """
        if track.unverified:
            if self._checks.checking(track):
                return True
            if track.continues:
                return False
            self._separate(track)
        self._send(self._asking.ask_last(track, now))
        return self._asking.awaited(track, now)

    def _conclude(self, track: Track) -> None:
        """Ends an undecided track whose face is gone: as a stranger, or as a false alarm."""
        # Nobody could tell whether a candidate was somebody else.
        if self._tracker.false_alarm(track) or (track.unverified and track.continues):
            self._tracker.dismiss(track)
            self._best.drop(track)
            self._checks.forget(track)
            self.strangers.drop(track)
            # An earlier session may have stored it ahead of the watermark, and nobody else would tell its end.
            self._told.left(track)
            return
        self._told.decided(track, self.rules.visit_gap, timing=None, revises=False)
        self._close(track)

    def _close(self, track: Track, *, replaced: bool = False) -> None:
        told = track.phase is TrackPhase.ABSENT
        self._tracker.close(track)
        self._best.drop(track)
        self._checks.forget(track)
        if not told:
            self._told.left(track, replaced=replaced)
        self._work += self.strangers.left(track)
