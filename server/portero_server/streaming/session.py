"""One open stream of one camera: admission, settlement, commits and answers."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Coroutine
from datetime import datetime
from typing import Any

from portero_server.domain.cameras import Camera
from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.resuming import ResumePoints
from portero_server.domain.recording.sightings import CommitResult, StreamCommit, StreamRow
from portero_server.domain.streams.arrivals import Arrivals
from portero_server.domain.streams.credit import CreditPolicy
from portero_server.domain.streams.frames import (
    LAST_SEQUENCE,
    Frame,
    FrameOutcome,
    FrameRefused,
    GapReason,
    RejectionReason,
)
from portero_server.domain.streams.messages import Ack, Drain, Finished, Opened
from portero_server.domain.streams.stream_core import FrameVerdict, StreamCore
from portero_server.errors import FailedPrecondition, InvalidInput, PorteroError, SessionSuperseded, Unavailable
from portero_server.recognition.follower import Follower
from portero_server.recognition.gate_sampling import GateSampler
from portero_server.recognition.text_reader import TextFollower
from portero_server.streaming.ledger import StreamLedger
from portero_server.streaming.outbox import Outbox
from portero_server.streaming.refusals import Refusals
from portero_server.streaming.session_parts import SessionParts
from portero_server.streaming.session_tasks import SessionTasks
from portero_server.streaming.stream_clock import StreamClock
from portero_server.streaming.wakeup import Wakeup
from portero_server.vision.analysis import FrameAnalysis, FrameAnalyzer
from portero_server.vision.jpeg import HeaderCheck


class Session:
    """Turns one camera's frames, in order, into durable answers.

    Messages come in through `receive`, `gap` and `finish`, which are synchronous; `run` does the work; answers go out
    through `outbox`. The recorder calls the methods of `recorder.Committing`.
    """

    def __init__(
        self,
        row: StreamRow,
        camera: Camera,
        parts: SessionParts,
        scene: FrameAnalyzer,
        credit: CreditPolicy,
    ) -> None:
        self.row = row
        self.camera = camera
        self.outbox = Outbox()
        self.opened_at = parts.clock.now()
        self.last_heard = parts.clock.monotonic()
        self.account: Counter[FrameOutcome] = Counter()
        self.received = self.missing = 0
        self.arrivals = Arrivals(self.last_heard)
        self.timing = StreamClock(camera.camera_id, parts.clocks, parts.clock, parts.metrics.streams, self.outbox.put)
        self._parts, self._clock = parts, parts.clock
        self._figures = parts.metrics.streams
        self._header = HeaderCheck(parts.limits)
        self._scene, self._credit_policy = scene, credit
        self._core = StreamCore(row.durable_sequence, credit)
        self.ledger = StreamLedger(
            row.durable_sequence,
            self.outbox,
            parts.metrics.recognition,
            keep_texts=parts.keep_texts,
            changed=self._mark,
            released=self._released,
        )
        self._refusals = Refusals(row.stream_id, parts, self.outbox, self._core, self.ledger)
        self._resume = ResumePoints(row.open_tracks)
        self._frames: deque[Frame] = deque()
        self._work, self._progress = Wakeup(), Wakeup()
        self._marked = self._finishing = self._goes_on = self._void = False
        self._tasks = SessionTasks()
        self.follower: Follower | None = None
        self.reader: TextFollower | None = None
        self.gate_sampler: GateSampler | None = None

    # --- What the bridge says -------------------------------------------------------------------

    def opened(self) -> Opened:
        """Returns the first answer, with the initial credit."""
        return Opened(self.row.session, self._core.durable, self._core.grant())

    def receive(self, sequence: int, captured_at: datetime | None, jpeg: bytes, no: FrameRefused | None = None) -> None:
        """Admits a frame.

        A refused frame is answered in-band; `no` holds the refusal if the caller has refused it already.
        """
        self.last_heard = now = self._clock.monotonic()
        self.received += 1
        self.arrivals.came(now)
        size = len(jpeg)
        admission = self._core.receive(sequence, size)
        if admission.jumped is not None:
            self._missing(*admission.jumped, GapReason.UNEXPLAINED)
        verdict = admission.verdict
        if verdict is FrameVerdict.REPLAYED:
            self.account[FrameOutcome.REPLAYED] += 1
            self._settled(FrameOutcome.REPLAYED, 1)
            self._grant()
            return
        if verdict is FrameVerdict.BACKWARDS or verdict is FrameVerdict.BEYOND:
            self._refusals.out_of_turn(sequence, verdict)
            self._grant()
            return
        try:
            if verdict is FrameVerdict.UNAFFORDABLE:
                raise FrameRefused(RejectionReason.NO_CREDIT, "the frame was sent without credit; wait for an Ack")
            if no is not None:
                raise no
            width, height = self._header.check(jpeg)
            source = self.camera.time_source
            captured_at = self._refusals.checked(sequence, captured_at, source, self._clock.now())
        except FrameRefused as refused:
            self._reject(sequence, refused, size)
            return
        at = self.timing.took(captured_at, source, now)
        lag = self.arrivals.took(sequence, at.captured_at, at.received_at, now)
        self._figures.frame_received(size, lag)
        zones = self.camera.privacy_zones
        self._frames.append(Frame(sequence, at.captured_at, jpeg, width, height, now, lag, at.time, zones))
        self._work.notify()

    def gap(self, first: int, last: int, reason: GapReason) -> None:
        """Records frames that will never arrive; those already accounted for are ignored.

        Raises:
            InvalidInput: The range is empty or begins at 0.
        """
        self._reset_idle_timer()
        if first < 1 or last < first:
            raise InvalidInput(
                "gap.first_sequence", f"gap {first}..{last} must begin at 1 or later and not end before it begins"
            )
        if last > LAST_SEQUENCE:
            self._refusals.too_large(last, "gap.last_sequence")
            return
        for missing in self._core.gap(first, last):
            self._missing(missing.first, missing.last, reason if missing.explained else GapReason.UNEXPLAINED)
        self._advance()

    def heartbeat(self, sent_at: datetime | None = None) -> None:
        """Handles a heartbeat: resets the idle timer and takes in the bridge's time, if it is given."""
        self._reset_idle_timer()
        self.timing.said(sent_at)

    def finish(self) -> None:
        """Records that no more frames will come; the session ends after everything is durable."""
        self._reset_idle_timer()
        self._finishing = True
        self._work.notify()

    def hang_up(self) -> None:
        """Records that the client closed the call; numbering and faces may continue in another session."""
        self._goes_on = True
        self.finish()

    # --- What the server does with the stream ---------------------------------------------------

    def stop(self, error: PorteroError) -> None:
        """Ends the stream with an error; only the first error counts."""
        self._tasks.stop(error)

    def drain(self, deadline: datetime) -> None:
        """Asks the bridge to reconnect to another server."""
        self.outbox.put(Drain(deadline))

    def tick(self, now: float, idle_timeout: float) -> None:
        """Handles timeouts and deadlines (`now` in monotonic seconds)."""
        if now - self.last_heard > idle_timeout:
            self.stop(Unavailable(f"nothing came from the bridge for {idle_timeout:g} s", reason="STREAM_IDLE"))
        if self.follower is not None:
            self.follower.tick(now)
            self._advance()

    def bound(self, policy: CreditPolicy) -> None:
        """Sets how much may wait in this session; the bound depends on the number of open streams."""
        self._credit_policy = policy

    @property
    def rejected(self) -> int:
        """Number of frames that were refused."""
        return self._refusals.count

    @property
    def lag(self) -> int:
        """Number of sequences received but not yet durable."""
        return self._core.lag

    @property
    def waiting_bytes(self) -> int:
        """Bytes of frames that wait to be analyzed."""
        return self._core.waiting.bytes

    @property
    def credit(self) -> int:
        """Number of frames the bridge may still send."""
        return self._core.credit_left

    @property
    def open_tracks(self) -> int:
        """Number of faces being followed."""
        return len(self.follower.tracks) if self.follower is not None else 0

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Starts a task that ends with the stream; an unexpected error in it ends the stream.

        Raises:
            RuntimeError: The stream does not run.
        """
        self._tasks.spawn(work)

    def follow(self, follower: Follower) -> None:
        """Starts to follow faces, beginning with the tracks of the earlier session."""
        self.follower = follower
        self._resume.note(self.row.durable_sequence, follower.tracks)
        self.ledger.go_on(self.row.open_tracks, ())

    def abandon(self) -> None:
        """Reports that the faces have left: the stream was interrupted and no session resumed it."""
        if self.follower is not None:
            self.follower.miss_all()

    async def run(self) -> None:
        """Processes frames until the bridge has finished and everything is durable.

        Raises:
            PorteroError: The stream was stopped.
        """
        try:
            await self._tasks.run(self._work_through())
        finally:
            self._frames.clear()
            self.outbox.close()

    async def _work_through(self) -> None:
        while self._frames or not self._finishing:
            if self._frames:
                if self.outbox.full:
                    await self.outbox.room()
                await self._look()
            else:
                await self._work.wait()
        if self.follower is not None and not self._goes_on:
            self.follower.leave_all()
            self._resume.note(self._core.last, ())
        self._advance()
        while (
            (self.follower is not None and self.follower.busy)
            or (self.reader is not None and self.reader.busy)
            or self._core.lag
            or not self.ledger.empty
        ):
            await self._progress.wait()
        self.outbox.put(Finished(self._core.durable, dict(self.account), self.ledger.recognitions))

    async def _look(self) -> None:
        """Analyzes the frames that wait, as many as one turn allows."""
        reader = self.reader
        when = self._faces.when if reader is None else reader.when
        looks = await self._scene.look(tuple(self._frames), when, text=reader is not None)
        began = self._clock.monotonic()
        for look in looks:
            if isinstance(look, FrameAnalysis):
                began -= look.seconds
        for look in looks:
            frame = self._frames.popleft()
            if isinstance(look, FrameRefused):
                self._reject(frame.sequence, look, len(frame.jpeg))
            else:
                self._process(frame, look, max(0.0, began - frame.received))
                began += look.seconds
        self._grant()
        self._advance()

    def _process(self, frame: Frame, look: FrameAnalysis, waited: float) -> None:
        core, follower, reader = self._core, self.follower, self.reader
        self._figures.frame_looked_at(waited, look.gate_seconds, look.detect_seconds)
        core.looked_at(len(frame.jpeg))
        holders: Collection[str]
        if reader is not None:
            holders = reader.observe(frame, look)
        else:
            faces = self._faces
            holders = faces.observe(frame, look) if look.searched else faces.still(frame, look.outcome)
        core.settle(frame.sequence, look.outcome, holders)
        if follower is not None:
            self._resume.note(frame.sequence, follower.tracks)
            self.ledger.presence.note(frame.sequence, follower.tracks)
        if self.gate_sampler is not None:
            self.gate_sampler.consider(frame, look.outcome, self._faces.followed)

    @property
    def _faces(self) -> Follower:
        if self.follower is None:
            raise FailedPrecondition(f"camera {self.camera.camera_id} follows neither faces nor text")
        return self.follower

    # --- What the recorder asks (Committing) ----------------------------------------------------

    def take(self) -> StreamCommit | None:
        """Returns the data collected since the last commit, or None if there is none."""
        self._marked = False
        self._progress.notify()
        if self._void:
            return None
        if (advance := self._core.advance()) is not None:
            self.ledger.advance(advance)
        return self.ledger.take(self.row.stream_id, self.camera.camera_id, self.row.session, self._resume)

    def committed(self, commit: StreamCommit, result: CommitResult) -> None:
        """Acknowledges the frames of a durable commit and sends the messages that waited for it."""
        self._figures.frames_durable(self.arrivals.durable(commit.durable_sequence, self._clock.monotonic()))
        for outcome, count in commit.outcomes.items():
            self.account[outcome] += count
            self._settled(outcome, count)
        self._core.committed(commit.durable_sequence, self.ledger.committed(commit, result))
        self._ack()
        self._progress.notify()

    def quarantine(self, commit: StreamCommit) -> Quarantine | None:
        """Starts the search for what in a refused commit cannot be written; None ends the session."""
        return self._refusals.search(commit)

    def put_aside(self, search: Quarantine) -> None:
        """Settles the frames whose findings the search found to be unwritable; everything else was written."""
        self._refusals.put_aside(search)

    def superseded(self) -> None:
        """Ends the session because another session owns the stream."""
        self._end_at_once(SessionSuperseded("a later session of this camera took over"))

    def failed(self, commit: StreamCommit, error: Exception) -> None:
        """Ends the session because its data cannot be written."""
        self._refusals.nothing_written(commit)
        self._end_at_once(PorteroError(f"the results of this stream cannot be stored: {type(error).__name__}"))

    def _end_at_once(self, error: PorteroError) -> None:
        """Ends the session without any further commit, acknowledgment or message, because a commit was lost."""
        self._void = True
        self.outbox.close()
        self.stop(error)

    def _settled(self, outcome: FrameOutcome, count: int) -> None:
        self._figures.frame_settled(outcome, count)
        self._parts.metrics.cameras.frame_settled(self.camera.camera_id, outcome, count)

    def _reset_idle_timer(self) -> None:
        self.last_heard = self._clock.monotonic()

    def _mark(self) -> None:
        # Once is enough until the recorder asks what there is.
        if not self._marked and not self._void:
            self._marked = True
            self._parts.recorder.mark(self)
        self._progress.notify()

    def _advance(self) -> None:
        if self._core.movable or self.ledger.writes:
            self._mark()

    def _released(self, holder: str) -> None:
        self._core.release(holder)
        self._advance()

    def _reject(self, sequence: int, refusal: FrameRefused, size: int) -> None:
        self._refusals.emit(sequence, refusal.reason, refusal.message)
        self.ledger.exception(sequence, sequence, refusal.reason)
        self._core.reject(sequence, size)
        self._grant()
        self._advance()

    def _missing(self, first: int, last: int, reason: GapReason) -> None:
        self.missing += last - first + 1
        self._figures.frames_missing(reason, last - first + 1)
        self.ledger.exception(first, last, reason)

    def _grant(self) -> None:
        """Grants the bridge more credit before it runs out."""
        if self._core.wants_grant:
            self._ack()

    def _ack(self) -> None:
        self.outbox.put(Ack(self._core.durable, self._core.grant(self._credit_policy)))
