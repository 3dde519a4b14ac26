"""What one camera asks the engine: which shot of a track is sent, and what the answer means for its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from portero_server.domain.detection.detections import Candidate
from portero_server.domain.streams.messages import Timing
from portero_server.domain.tracking.deciding import DecisionReason, FaceDecision, FaceVerdict, Ranking, verdict
from portero_server.domain.tracking.evidence import Weighed
from portero_server.domain.tracking.track import Track
from portero_server.domain.tracking.tracks import Tracker
from portero_server.recognition.frame_follower import Rules, Work
from portero_server.recognition.open_calls import OpenCalls
from portero_server.recognition.replies import Questions, Reply
from portero_server.recognition.shots import BestShots, Shot, recognition_of, timing_of
from portero_server.recognition.tiered import Answer, TieredRecognizer
from portero_server.recognition.track_events import TrackEvents


@dataclass(frozen=True, slots=True)
class Call:
    """A shot to be sent; `number` distinguishes the calls of a track."""

    track: Track
    shot: Shot
    number: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer means.

    Attributes:
        weighed: Who the face is, or seems to be, by all answers so far.
        encoding: The face as the free engine describes it, when it was encoded.
        timing: Durations up to the answer.
        remember: Puts the answer into the memory of faces; None: it is not to be remembered.
        unnameable: Whether it is somebody of the gallery who may not be named.
    """

    weighed: Weighed
    encoding: tuple[float, ...] | None
    timing: Timing
    remember: Work | None
    unnameable: bool = False


class Asking:
    """Plans and makes the calls for the tracks of one camera.

    Attributes:
        best: The best shot of each track that was not sent.
        repeats: Whether an earlier session may have left calls without an answer, for `ask_lost`.
    """

    def __init__(self, tracker: Tracker, questions: Questions, recognizer: TieredRecognizer, told: TrackEvents) -> None:
        """Creates the calls of one session.

        Args:
            tracker: Decides when to ask.
            questions: Asks.
            recognizer: Remembers answers.
            told: Gathers what was recognized, and the names of people.
        """
        self.best = BestShots(tracker.policy.good_quality)
        self._tracker = tracker
        self._questions = questions
        self._recognizer = recognizer
        self._told = told
        self._calls = OpenCalls()
        self.repeats = False

    def __len__(self) -> int:
        return len(self._calls)

    def ask(self, track: Track, now: float) -> Call | None:
        """Returns the call to make with the best shot of a track, if the tracker wants one now."""
        shot = self.best.of(track)
        if shot is None or not self._tracker.calls.wants_call(track, shot.quality, now, at_edge=shot.at_edge):
            return None
        self.best.drop(track)
        return self._begun(track, shot, now)

    def ask_last(self, track: Track, now: float) -> Call | None:
        """Returns the call to make for a track that will get no better shot."""
        return self.ask(track, self._tracker.calls.impatient(track, now))

    def ask_lost(self, now: float) -> Sequence[Call]:
        """Returns the calls that an interruption left without an answer, to be made again."""
        self.repeats = False
        return [self._begun(track, shot, now) for track, shot in self._calls.take_lost()]

    def awaited(self, track: Track, now: float) -> bool:
        """Returns whether a call is in flight, or follows after the pause that a failure makes."""
        return track.pending or (self.best.of(track) is not None and now < track.retry_at)

    def take_over(self, earlier: Asking, going_on: Sequence[Track], durable: int) -> None:
        """Takes over the calls of an earlier session, durable up to there; see `OpenCalls`."""
        self._calls.take_over(earlier._calls, going_on, durable)
        self.repeats = True

    async def reply(self, call: Call, rules: Rules) -> Answered | None:
        """Makes a call. Returns what the answer means, or None if there is none."""
        track, shot, calls = call.track, call.shot, self._tracker.calls
        name_by = partial(calls.name_by, track)
        reply = await self._questions.ask(shot, rules.policy, self._tracker.beside(track), name_by)
        answer, match, seconds = reply.answer, reply.match, reply.answered - reply.asked
        said = None if answer is None else _verdict(track, shot, reply, answer)
        outcome = reply.outcome if said is None else said.outcome
        engine = rules.engine if answer is None else answer.engine
        decision = None if answer is None or said is None else _decision(call, answer, said, rules)
        self._told.recognized(recognition_of(shot, track, call.number, engine, outcome, match, seconds, decision))
        self._calls.end(track)
        if answer is None or said is None:
            calls.fail(track, reply.answered)
            if not track.ended:
                # It may be sent again after a pause.
                self.best.put_back(track, shot)
            return None
        if not answer.face_found:
            calls.saw_no_face(track)
        elif answer.policy is not None:
            calls.compared(track, torn=answer.torn)
        if match is not None and reply.name:
            self._told.name(match, reply.name)
        if answer.recalled is not None:
            calls.recalled(track, answer.recalled.quality)
        weighed, remember = said.weighed, None
        if reply.remembered and weighed.evidence is None:
            remember = partial(self._recognizer.remember, shot.crop, answer, weighed.match)
        timing = timing_of(track, shot, reply.asked, reply.answered)
        unnameable = answer.match is not None and match is None
        return Answered(weighed, answer.encoding, timing, remember, unnameable)

    def _begun(self, track: Track, shot: Shot, now: float) -> Call:
        calls = self._tracker.calls
        calls.call(track, shot.quality, now)
        context = replace(shot.crop.context, deadline=calls.answer_by(track, now), keeps_late=True)
        shot = replace(shot, crop=replace(shot.crop, context=context))
        self._calls.begin(track, shot)
        return Call(track, shot, track.calls + track.failures)


def _verdict(track: Track, shot: Shot, reply: Reply, answer: Answer) -> FaceVerdict:
    if answer.ranking is None or answer.policy is None:
        # What is remembered was enough.
        return FaceVerdict(reply.match, Weighed(reply.match), DecisionReason.REMEMBERED)
    withheld = () if answer.match is None or reply.match is not None else (answer.match.person_id,)
    return verdict(answer.ranking, shot.quality, answer.policy, track.evidence, withheld)


def _decision(call: Call, answer: Answer, said: FaceVerdict, rules: Rules) -> FaceDecision:
    """Returns what is kept of a decision; the track is still as it was before the answer."""
    remembered = () if said.match is None else (Candidate(said.match.person_id, "", said.match.similarity),)
    ranking = Ranking(remembered) if answer.ranking is None else answer.ranking.kept()
    evidence = call.track.evidence
    return FaceDecision(
        shot=call.number,
        face_pixels=call.shot.face_pixels,
        ranking=ranking,
        policy=answer.policy or rules.policy,
        agreeing=0 if evidence is None else evidence.shots,
        reason=said.reason,
    )
