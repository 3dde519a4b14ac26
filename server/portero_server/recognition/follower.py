"""Follows the faces of one stream: from frame analyses to engine calls, and from answers to decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from portero_server.clock import Clock
from portero_server.domain.detection.detections import FoundFace, Match
from portero_server.domain.gate.cadence import Cadence, When
from portero_server.domain.recording.sightings import (
    StreamEvent,
    TrackBegan,
    TrackDecided,
    TrackDecision,
    TrackEnd,
    TrackLeft,
    TrackSeen,
)
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.domain.streams.messages import Directive, NamedMatch, Timing, TrackUpdate, advice_for
from portero_server.domain.tracking.track import Track, TrackPhase, TrackState
from portero_server.domain.tracking.tracks import Tracker
from portero_server.engines.base import CallContext, FaceCrop
from portero_server.errors import EngineError, Expired, LimitReached, Unavailable
from portero_server.recognition.frame_follower import NOTHING_FOUND, Findings, FrameFollower, Rules, Work
from portero_server.recognition.gate_sampling import GateSampler
from portero_server.recognition.name_lookup import UNCONFIRMED, NameOf, name_in_time
from portero_server.recognition.open_calls import OpenCalls, Shot, recognition_of, timing_of
from portero_server.recognition.tiered import Answer, TieredRecognizer
from portero_server.vision.analysis import FrameAnalysis
from portero_server.vision.crops import crop_face

_SILENCE = 10.0
"""Seconds without any frame after which faces are reported as left; their tracks continue if the next frame shows
them."""


class Follower(FrameFollower):
    """Follows the faces of one camera's stream. `rules` may be replaced while it runs."""

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
        """
        self._camera_id = camera_id
        self.rules = rules
        self._tracker = tracker
        self._cadence = cadence
        self._clock = clock
        self._recognizer = recognizer
        self._name_of = name_of
        self._sampler = sampler
        self._best: dict[str, Shot] = {}
        self._names: dict[str, NamedMatch] = {}
        # What happened and is to be called since the last method began; each ends by returning it.
        self._events: list[StreamEvent] = []
        self._work: list[Work] = []
        self._calls = OpenCalls()
        self._last_frame = clock.monotonic()

    @property
    def tracks(self) -> Sequence[Track]:
        """Tracks being followed, oldest first."""
        return self._tracker.tracks

    @property
    def busy(self) -> bool:
        """Whether any decision is still open."""
        return bool(self._calls or self._tracker.leaving)

    @property
    def when(self) -> When:
        """Returns which of the waiting frames to analyze."""
        tracks = self._tracker.tracks
        if not tracks:
            return self._cadence.when(tracks=0, undecided=0)
        return self._cadence.when(
            tracks=len(tracks),
            undecided=sum(not track.decided for track in tracks),
            keep=tuple(track.box for track in tracks if track.visible),
        )

    def observe(self, frame: Frame, look: FrameAnalysis) -> Findings:
        """Takes in the analysis of a frame."""
        holders = self._searched(frame, look) if look.searched else self._still(frame, look.outcome)
        if self._sampler is not None:
            followed = [track.box for track in self._tracker.tracks]
            if (check := self._sampler.consider(frame, look.outcome, followed)) is not None:
                self._work.append(check)
        return self._found(holders)

    def _still(self, frame: Frame, outcome: FrameOutcome) -> Collection[str]:
        """Takes in a frame that was not searched. Returns the undecided tracks that hold it."""
        self._last_frame = now = self._clock.monotonic()
        self._recognizer.count_avoided(outcome.value)
        self._ask_lost(now)
        if not self._tracker.follows:
            return ()
        for track in self._tracker.still(frame.sequence, frame.captured_at, frame.time):
            self._leave(track)
        for track in self._tracker.tracks:
            if track.visible:
                self._see(track)
        return self._holders()

    def _searched(self, frame: Frame, look: FrameAnalysis) -> Collection[str]:
        """Takes in the faces of a frame. Returns the undecided tracks that hold the frame."""
        # Not the time of receipt: frames that wait because the server is slow do not count as silence.
        self._last_frame = now = self._clock.monotonic()
        self._ask_lost(now)
        self._cadence.looked(frame.time, thorough=look.thorough, found=len(look.faces))
        observation = self._tracker.observe(frame.sequence, frame.captured_at, frame.received, frame.time, look.faces)
        for track, face in zip(observation.seen, look.faces, strict=True):
            self._see(track)
            self._shoot(track, face, frame, look, now)
            if not self._ask(track, now):
                self._recognizer.count_avoided("known_track")
        if not look.faces:
            self._recognizer.count_avoided("no_face")
        for track in observation.started:
            self._events.append(TrackBegan(self._update(track, TrackState.PROVISIONAL)))
        for track in observation.lost:
            self._leave(track)
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
            if track in leaving:
                self._conclude(track)
            else:
                self._decide(track, timing=None, revises=False)
        return self._found()

    def leave_all(self) -> Findings:
        """Ends all tracks because the stream ends."""
        self._ask_lost(self._clock.monotonic())
        for track in self._tracker.tracks:
            self._leave(track)
        return self._found()

    def recall(self, names: Mapping[str, str]) -> None:
        """Sets the display names of the people whose tracks continue from an earlier session."""
        for track in self._tracker.tracks:
            if track.match is not None:
                self._names[track.match.person_id] = NamedMatch(track.match, names[track.match.person_id])

    @property
    def people(self) -> set[str]:
        """Returns the ids of the people whose names it holds for tracks it follows or could resume."""
        tracks = (*self._tracker.tracks, *self._tracker.leaving)
        return {track.match.person_id for track in tracks if track.match is not None} | self._names.keys()

    def forget(self, people: Collection[str]) -> Findings:
        """Removes the names of people who may no longer be named; their tracks continue as strangers."""
        for track in self._tracker.disown(people):
            self._decide(track, timing=None, revises=True)
        for person_id in people:
            self._names.pop(person_id, None)
        return self._found()

    def rename(self, late: TrackDecided) -> bool:
        """Names a track as an earlier session decided too late. Returns whether the track is followed."""
        return late.match is not None and self._tracker.rename(late.track_id, late.match)

    def take_over(self, earlier: FrameFollower, durable: int) -> None:
        """Takes over the calls that an earlier session left without an answer."""
        if isinstance(earlier, Follower):
            self._calls.take_over(earlier._calls, self._tracker.tracks, durable)

    def miss_all(self) -> Findings:
        """Reports all decided tracks as left, since no frames arrive.

        Undecided ones wait for their deadline or, after an interruption, for their frames to be sent again.
        """
        self._report_left()
        return self._found()

    def _found(self, holders: Collection[str] = ()) -> Findings:
        if not (self._events or holders or self._work):
            return NOTHING_FOUND
        events, work, self._events, self._work = self._events, self._work, [], []
        return Findings(events, holders, work)

    def _report_left(self) -> None:
        for track in self._tracker.miss_all():
            self._tell_left(track)

    def _see(self, track: Track) -> None:
        """Records that a decided track was seen."""
        if self._tracker.returned(track):
            self._decide(track, timing=None, revises=True, returns=True)
        elif track.decided:
            self._events.append(TrackSeen(track.track_id, track.last_seen, track.last_sequence))

    def _holders(self) -> set[str]:
        undecided = {track.track_id for track in self._tracker.tracks if track.visible and not track.decided}
        return undecided | {track.track_id for track in self._tracker.leaving}

    def _shoot(self, track: Track, face: FoundFace, frame: Frame, look: FrameAnalysis, now: float) -> None:
        """Keeps the shot if it is the best one not yet sent."""
        quality = face.quality.overall
        best = self._best.get(track.track_id)
        if track.match is not None or look.pixels is None or quality <= track.asked_quality:
            return
        if best is None or quality > best.quality:
            region = crop_face(look.pixels, face.box)
            context = CallContext(self._camera_id, self.rules.lane)
            crop = FaceCrop(region.pixels, region.face, face.quality, context)
            self._best[track.track_id] = Shot(crop, frame, look, now)

    def _ask(self, track: Track, now: float) -> bool:
        """Sends the best shot if the tracker wants a call. Returns whether it did."""
        shot = self._best.get(track.track_id)
        if shot is None or not self._tracker.wants_call(track, shot.quality, now):
            return False
        del self._best[track.track_id]
        self._send(track, shot, now)
        return True

    def _ask_lost(self, now: float) -> None:
        """Repeats the calls that an interruption left without an answer."""
        for track, shot in self._calls.take_lost():
            self._send(track, shot, now)

    def _send(self, track: Track, shot: Shot, now: float) -> None:
        self._tracker.call(track, shot.quality)
        context = replace(shot.crop.context, deadline=self._tracker.answer_by(track, now), keeps_late=True)
        shot = replace(shot, crop=replace(shot.crop, context=context))
        self._calls.begin(track, shot)
        self._work.append(partial(self._call, track, shot, track.calls + track.failures))

    async def _call(self, track: Track, shot: Shot, number: int) -> Findings:
        """Calls the engine once and returns what the answer led to; `number` distinguishes the calls of a track."""
        asked = self._clock.monotonic()
        match: Match | None = None
        name: str | None = None
        answer: Answer | None = None
        engine = self.rules.engine
        try:
            answer = await self._recognizer.ask(shot.crop, self.rules.policy, self._tracker.beside(track))
        except (EngineError, LimitReached, Unavailable) as error:
            self._tracker.fail(track, self._clock.monotonic())
            outcome = "expired" if isinstance(error, Expired) else "failed"
        else:
            match, engine = answer.match, answer.engine
            if match is not None:
                now = self._clock.monotonic()
                name = await name_in_time(self._name_of, match.person_id, self._tracker.name_by(track, now) - now)
            if name is None:
                match = None
            outcome = "no_face" if not answer.face_found else "unknown" if match is None else "match"
        answered = self._clock.monotonic()
        self._events.append(recognition_of(shot, track, number, engine, outcome, match, answered - asked))
        self._calls.end(track)
        timing = timing_of(track, shot, asked, answered)
        if answer is not None and (match is None) == (answer.match is None) and name != UNCONFIRMED:
            # Not awaited: the person in front of the camera should get the name first.
            self._work.append(partial(self._recognizer.remember, shot.crop, answer, match))
        if answer is None:
            self._after_silence(track, shot)
            return self._found()
        if match is not None and name:
            self._names[match.person_id] = NamedMatch(match, name)
        if answer.recalled is not None:
            self._tracker.recalled(track, answer.recalled.quality)
        self._after_answer(track, match, timing)
        return self._found()

    def _after_silence(self, track: Track, shot: Shot) -> None:
        """Handles a call without an answer: the shot may be sent again after a pause, unless a better one waits."""
        best = self._best.get(track.track_id)
        if not track.ended and (best is None or best.quality < shot.quality):
            self._best[track.track_id] = shot

    def _after_answer(self, track: Track, match: Match | None, timing: Timing) -> None:
        reported_before = not track.awaits_decision
        for changed in self._tracker.answer(track, match):
            if changed is track:
                self._decide(track, timing=timing, revises=reported_before)
            else:
                self._decide(changed, timing=None, revises=True)
        if track.phase in (TrackPhase.CLOSED, TrackPhase.ABSENT):
            # The decision did not wait for this answer, nor did the face; its visit ended when it left.
            if track.match is not None:
                self._tell_left(track)
        elif track.phase is TrackPhase.LEAVING:
            if track.match is not None:
                self._close(track)
            elif not self._send_last(track, self._clock.monotonic()):
                self._conclude(track)
        elif self._tracker.exhausted(track):
            self._tracker.decide(track)
            self._decide(track, timing=timing, revises=False)

    def _decide(self, track: Track, *, timing: Timing | None, revises: bool, returns: bool = False) -> None:
        """Records the decision on a track."""
        decided = TrackDecided(
            track_id=track.track_id,
            match=track.match,
            first_seen=track.first_seen,
            last_seen=track.last_seen,
            box=track.box,
            visit_gap=self.rules.visit_gap,
            revises=revises,
            returns=returns,
            sequence=track.last_sequence,
        )
        state = TrackState.REVISED if revises and not returns else TrackState.CONFIRMED
        self._events.append(TrackDecision(decided, self._update(track, state, timing)))
        if track.match is None and (advice := advice_for(track.best_quality)) is not None:
            self._events.append(Directive(advice))

    def _leave(self, track: Track) -> None:
        """Handles a face that is gone: an undecided track may send one last shot."""
        self._tracker.leave(track)
        if track.decided:
            self._close(track)
        elif not track.pending and not self._send_last(track, self._clock.monotonic()):
            self._conclude(track)

    def _send_last(self, track: Track, now: float) -> bool:
        """Sends the best shot of a track that will get no better one.

        Returns False if no shot is worth sending. Returns True also if the shot goes out later, after the pause that
        follows a failure.
        """
        # Patience has ended: nothing better will come.
        self._ask(track, max(now, track.received + self._tracker.policy.patience))
        return track.pending or (track.track_id in self._best and now < track.retry_at)

    def _conclude(self, track: Track) -> None:
        """Ends an undecided track whose face is gone: as a stranger, or as a false alarm."""
        if self._tracker.false_alarm(track):
            self._tracker.dismiss(track)
            self._best.pop(track.track_id, None)
            # An earlier session may have stored it ahead of the watermark, and nobody else would tell its end.
            self._tell_left(track)
            return
        self._decide(track, timing=None, revises=False)
        self._close(track)

    def _close(self, track: Track) -> None:
        told = track.phase is TrackPhase.ABSENT
        self._tracker.close(track)
        self._best.pop(track.track_id, None)
        if not told:
            self._tell_left(track)

    def _tell_left(self, track: Track) -> None:
        left = TrackLeft(track.track_id, track.last_seen, track.last_sequence)
        self._events.append(TrackEnd(left, self._update(track, TrackState.CLOSED)))

    def _update(self, track: Track, state: TrackState, timing: Timing | None = None) -> TrackUpdate:
        named = None
        if track.match is not None:
            known = self._names.get(track.match.person_id)
            named = NamedMatch(track.match, known.display_name if known is not None else "")
        return TrackUpdate(
            track_id=track.track_id,
            state=state,
            sequence=track.last_sequence,
            box=track.box,
            named=named,
            first_seen=track.first_seen,
            last_seen=track.last_seen,
            timing=timing,
        )
