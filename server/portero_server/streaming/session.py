"""One open stream of one camera: takes messages to the stream's state, and frames to their analysis."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from portero_server.domain.cameras import Camera
from portero_server.domain.recording.sightings import StreamRow
from portero_server.domain.streams.credit import CreditPolicy
from portero_server.domain.streams.frames import FrameRefused, GapReason
from portero_server.domain.streams.messages import Drain, Opened
from portero_server.errors import PorteroError
from portero_server.recognition.frame_follower import Findings, FrameFollower, Rules, Work
from portero_server.streaming.effect_runner import EffectRunner
from portero_server.streaming.effects import NOTHING
from portero_server.streaming.outbox import Outbox
from portero_server.streaming.session_parts import SessionParts
from portero_server.streaming.steering import StreamSteering
from portero_server.streaming.stream_clock import Moment, StreamClock
from portero_server.telemetry.marks import CURRENT
from portero_server.vision.analysis import FrameAnalyzer


class Session:
    """Turns one camera's frames, in order, into durable answers.

    Messages come in through `receive`, `gap`, `heartbeat` and `finish`, which are synchronous; `run` does the work;
    answers go out through `outbox`. It decides nothing: `state` does, and `runner` carries it out. Whatever it calls
    returns what it found, and the recorder has to do with `runner` alone, so nobody calls it back.

    Attributes:
        row: The stored stream as this session found it.
        state: What came, what is decided and what is durable.
        follower: Follows faces, or reads text.
        runner: Carries out effects.
        steering: Asks the bridge for fewer or smaller frames, or for a pause.
        opened_at: When it began, UTC.
    """

    def __init__(
        self,
        row: StreamRow,
        camera: Camera,
        parts: SessionParts,
        analyzer: FrameAnalyzer,
        follower: FrameFollower,
        timing: StreamClock,
        credit: CreditPolicy,
    ) -> None:
        """Continues a stored stream; `run` does the work."""
        self.row, self.opened_at = row, parts.clock.now()
        self.follower = follower
        self.state = parts.state(row, camera, follower, timing, credit)
        self.runner = EffectRunner(self.state, parts)
        self.steering = StreamSteering(camera, parts.steering, parts.clock, self.runner.outbox.put)
        self._parts, self._clock, self._analyzer = parts, parts.clock, analyzer

    @property
    def camera(self) -> Camera:
        """The camera with its present settings."""
        return self.state.intake.camera

    @property
    def outbox(self) -> Outbox:
        """Messages to the bridge."""
        return self.runner.outbox

    def opened(self) -> Opened:
        """Returns the first answer, with the initial credit."""
        # What an earlier session left behind waits for a commit.
        self.runner.perform(self.state.decide(()))
        return self.state.opened()

    def receive(self, sequence: int, captured_at: datetime | None, jpeg: bytes, no: FrameRefused | None = None) -> None:
        """Processes a frame; `no` holds the refusal if the caller has refused it already."""
        now = Moment(self._clock.monotonic(), self._clock.now())
        frame, effects = self.state.receive(sequence, captured_at, jpeg, now, no)
        if effects is not NOTHING:
            self.runner.perform(effects)
        if frame is not None:
            self.runner.received(frame)

    def gap(self, first: int, last: int, reason: GapReason) -> None:
        """Records a report of frames that will never arrive; those already accounted for are ignored.

        Raises:
            InvalidInput: The range is empty or begins at 0.
        """
        self.runner.perform(self.state.gap(first, last, reason, self._clock.monotonic()))

    def heartbeat(self, sent_at: datetime | None = None, answers: datetime | None = None) -> None:
        """Processes a heartbeat, with the times at which the bridge sent it and the server sent the one it answers."""
        now = Moment(self._clock.monotonic(), self._clock.now())
        self.runner.perform(self.state.heartbeat(sent_at, answers, now))

    def finish(self) -> None:
        """Records that no more frames will come; the session ends when everything is durable."""
        self.runner.perform(self.state.finish(self._clock.monotonic(), goes_on=False))

    def hang_up(self) -> None:
        """Records that the client closed the call; numbering and faces may continue in another session."""
        self.runner.perform(self.state.finish(self._clock.monotonic(), goes_on=True))

    def stop(self, error: PorteroError) -> None:
        """Ends the stream with an error; only the first error counts."""
        self.runner.stop(error)

    def drain(self, deadline: datetime) -> None:
        """Asks the bridge to reconnect to another server."""
        self.outbox.put(Drain(deadline))

    def tick(self, now: float, idle_timeout: float) -> None:
        """Handles timeouts and deadlines (`now` in monotonic seconds)."""
        self.runner.perform(self.state.tick(now, idle_timeout))
        self._take_in(self.follower.tick(now))
        self.steering.tick(now, self.state.intake, following=bool(self.follower.tracks))

    def apply(self, camera: Camera, rules: Rules) -> None:
        """Replaces the settings of the camera; its mode and time source must be the same."""
        self.state.intake.camera, self.follower.rules = camera, rules

    def abandon(self) -> None:
        """Reports that the faces have left: the stream was interrupted and no session resumed it."""
        self._take_in(self.follower.miss_all())

    @property
    def people(self) -> set[str]:
        """Returns the ids of the people whose names are held for this stream."""
        return self.follower.people

    def forget(self, people: Collection[str]) -> None:
        """Removes the names of people who may no longer be named; their tracks continue as strangers."""
        self._take_in(self.follower.forget(people))

    async def run(self) -> None:
        """Processes frames until the bridge has finished and everything is durable.

        Raises:
            PorteroError: The stream was stopped.
        """
        try:
            await self.runner.run(self._work_through())
        finally:
            self.state.intake.frames.clear()

    async def _work_through(self) -> None:
        state, runner = self.state, self.runner
        frames = state.intake.frames
        while frames or not state.finishing:
            if frames:
                if runner.outbox.full:
                    await runner.outbox.room()
                await self._analyze()
            else:
                await runner.work.wait()
        if not state.goes_on:
            self._take_in(self.follower.leave_all())
            runner.perform(state.left())
        while self.follower.busy or not state.settled:
            await runner.progress.wait()
        runner.perform(state.finished())

    async def _analyze(self) -> None:
        """Analyzes the frames that wait, as many as one turn allows."""
        state, follower, runner, frames = self.state, self.follower, self.runner, self.state.intake.frames
        looks = await self._analyzer.look(tuple(frames), follower.when, text=follower.reads_text)
        metrics, steering = self._parts.metrics.streams, self.steering
        began = self._clock.monotonic()
        for look in looks:
            if not isinstance(look, FrameRefused):
                began -= look.seconds
        for number, look in enumerate(looks, 1):
            if isinstance(look, FrameRefused):
                runner.perform(state.refuse(look))
                continue
            frame = frames[0]
            waited = max(0.0, began - frame.received)
            metrics.frame_looked_at(waited, look.gate_seconds, look.detect_seconds, damaged=look.damaged)
            steering.looked_at(frame, look)
            began += look.seconds
            events, holders, work = follower.observe(frame, look)
            effects = state.settle(look.outcome, holders, events, follower.tracks, more=number < len(looks))
            if effects is not NOTHING:
                runner.perform(effects)
            for each in work:
                runner.spawn(self._call(each))

    async def _call(self, work: Work) -> None:
        """Makes a call, and records what it led to."""
        if (found := await work()) is not None:
            self._take_in(found)

    def _take_in(self, found: Findings) -> None:
        """Records what an answer, a deadline or an end led to."""
        events, _, work = found
        self.runner.perform(self.state.decide(events, CURRENT.get()))
        # Whoever waits for the last decision asks whether any is still open.
        self.runner.progress.notify()
        if self.runner.running:
            # A session that has ended leaves its calls to the one that resumes the stream.
            for each in work:
                self.runner.spawn(self._call(each))
