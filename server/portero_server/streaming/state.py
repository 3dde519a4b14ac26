"""The whole state of one open stream, and what follows from each thing that happens to it.

Pure: it is told what happened, and when, and returns Effects. Nothing here waits, reads a clock, counts a metric or
calls anybody back; `pyproject.toml` holds it to that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.sightings import (
    MEMORY,
    CommitResult,
    IdentityChecked,
    Recognition,
    StreamCommit,
    StreamEvent,
    StreamRow,
    TextAnswer,
    TrackDecided,
    TrackDecision,
    TrackEnd,
    TrackRejoined,
)
from portero_server.domain.streams.frames import Frame, FrameOutcome, FrameRefused, GapReason
from portero_server.domain.streams.messages import Directive, Finished, Message, Opened, TrackUpdate
from portero_server.domain.tracking.track import Track
from portero_server.errors import PorteroError, SessionSuperseded, Unavailable
from portero_server.streaming.commits import Commits
from portero_server.streaming.effects import (
    COMMIT,
    NOTHING,
    Effects,
    Fact,
    FindingPutAside,
    FindingUnanswered,
    FramesDurable,
    FramesSettled,
    NothingStored,
    TrackNamed,
    UnknownLeft,
)
from portero_server.streaming.intake import Intake
from portero_server.streaming.stream_clock import Moment


class StreamState:
    """One open stream: what came, what of it is settled, decided and durable, and what the bridge was told.

    The one object that is asked, so that nobody must know the order in which its parts are.

    Invariants: `intake.durable` moves only by `committed`; a message about a finding leaves with `committed` or, when
    there is nothing to write, with `take`, never before; every finding is in exactly one commit; a void state hands out
    no commit.

    Attributes:
        row: The stored stream as this session found it when it became the owner.
        intake: What the bridge sent: numbering, credit, waiting frames, what is settled and what is durable.
        commits: What was decided and is not known to be durable, and what it takes to write it.
        recognitions: Number of calls that engines answered or failed; answers from memory do not count.
        finishing: Whether no more frames will come.
        goes_on: Whether the numbering and the faces may continue in another session.
        void: Whether a commit was lost: to another owner, or to a database that refuses it.
    """

    def __init__(self, row: StreamRow, intake: Intake, commits: Commits) -> None:
        """Begins with what is stored; `intake` and `commits` begin at the same row."""
        self.row = row
        self.intake = intake
        self.commits = commits
        self.recognitions = 0
        self.finishing = self.goes_on = self.void = False
        # The search for what cannot be written of the commit in flight, if it was refused.
        self._search: Quarantine | None = None
        # Whether the recorder knows that there is something to take.
        self._marked = False

    @property
    def settled(self) -> bool:
        """Whether everything that came is durable, and the bridge was told."""
        return not self.intake.lag and self.commits.done

    # --- What the bridge says -------------------------------------------------------------------

    def opened(self) -> Opened:
        """Returns the answer to OpenStream, with the initial credit."""
        ack = self.intake.ack()
        return Opened(self.row.session, ack.durable_sequence, ack.credit)

    def receive(
        self, sequence: int, captured_at: datetime | None, jpeg: bytes, now: Moment, no: FrameRefused | None = None
    ) -> tuple[Frame | None, Effects]:
        """Processes a frame. What is refused is answered in-band.

        Args:
            sequence: Its number in the epoch.
            captured_at: When it was taken, by the bridge's clock; None: it does not say.
            jpeg: The whole file.
            now: When it came.
            no: The refusal, if the caller has refused it already.

        Returns:
            The frame, which waits to be analyzed, or None if it is refused or was received before; and what else
            follows, mostly NOTHING.
        """
        messages, facts, frame = self.intake.receive(sequence, captured_at, jpeg, now, no)
        if frame is None:
            return None, self._effects(messages, facts)
        return frame, Effects(messages, facts) if messages or facts else NOTHING

    def gap(self, first: int, last: int, reason: GapReason, now: float) -> Effects:
        """Records a report of frames that will never arrive; those already accounted for are ignored.

        Raises:
            InvalidInput: The range is empty or begins at 0.
        """
        return self._effects(*self.intake.gap(first, last, reason, now))

    def heartbeat(self, sent_at: datetime | None, answers: datetime | None, now: Moment) -> Effects:
        """Processes a sign of life, with the bridge's time and that of the server's heartbeat that it answers."""
        return self._effects(*self.intake.heard(sent_at, answers, now))

    def finish(self, now: float, *, goes_on: bool) -> Effects:
        """Records that no more frames will come; `goes_on`: the numbering may continue in another session."""
        self.intake.last_heard = now
        self.finishing, self.goes_on = True, goes_on
        return Effects(has_work=True)

    # --- What the analysis and the engines say --------------------------------------------------

    def refuse(self, refusal: FrameRefused) -> Effects:
        """Records that the oldest waiting frame cannot be decoded."""
        return self._effects(*self.intake.refuse(refusal))

    def settle(
        self,
        outcome: FrameOutcome,
        holders: Collection[str],
        events: Sequence[StreamEvent],
        tracks: Sequence[Track],
        *,
        more: bool,
    ) -> Effects:
        """Processes the analysis of the oldest waiting frame, which is settled once its holders are released.

        Args:
            outcome: What it was.
            holders: Undecided tracks, or a reading, that hold it.
            events: What it led to.
            tracks: What is followed after it.
            more: Whether other frames were analyzed in the same turn, which come next.
        """
        messages, facts = self._gather(events, None) if events else ((), ())
        self.commits.note(self.intake.settle(outcome, holders), tracks)
        if more:
            return self._effects(messages, facts) if events else NOTHING
        granted = self.intake.granted()
        return self._effects((*messages, *granted) if granted else messages, facts)

    def decide(self, events: Sequence[StreamEvent], mark: object = None) -> Effects:
        """Records what an answer, a deadline or an end led to; `mark` is the trace of the recognition, or None."""
        messages, facts = self._gather(events, mark)
        return self._effects(messages, facts)

    def left(self) -> Effects:
        """Records that no face is followed any more, since the numbering has ended."""
        self.commits.note(self.intake.last, ())
        return self._effects()

    def finished(self) -> Effects:
        """Takes leave of the bridge: everything is durable."""
        return Effects((Finished(self.intake.durable, dict(self.intake.account), self.recognitions),))

    def take_over(
        self, decided: TrackDecided, updates: Iterable[TrackUpdate], recognitions: Iterable[Recognition]
    ) -> Effects:
        """Takes over a late answer that an earlier session counted but could not commit."""
        self.commits.take_over(decided, updates, recognitions)
        return self._effects()

    def tick(self, now: float, idle_timeout: float) -> Effects:
        """Records that time has passed: silence of so many seconds ends the session."""
        if now - self.intake.last_heard > idle_timeout:
            message = f"nothing came from the bridge for {idle_timeout:g} s"
            return Effects(error=Unavailable(message, reason="STREAM_IDLE"))
        return self._effects()

    # --- What the recorder and the database say -------------------------------------------------

    def take(self) -> Effects:
        """Hands out what was collected since the last commit, as `commit`.

        There is none if the database needs no write; the messages that waited then leave at once.
        """
        self._marked = False
        if self.void:
            return NOTHING
        commit, messages = self.commits.take(*self.intake.advance())
        return Effects(messages, commit=commit)

    def committed(self, commit: StreamCommit, result: CommitResult, now: float) -> Effects:
        """Records that what was taken is durable: releases its messages, and acknowledges its frames."""
        intake = self.intake
        facts: list[Fact] = [FramesDurable(intake.arrivals.durable(commit.durable_sequence, now))]
        for outcome, count in commit.outcomes.items():
            intake.account[outcome] += count
            facts.append(FramesSettled(outcome, count))
        frames, messages = self.commits.committed(commit, result)
        intake.committed(commit.durable_sequence, frames)
        return Effects((*messages, intake.ack()), facts)

    def quarantine(self, commit: StreamCommit, attempts: int, hopeless: Collection[str]) -> Quarantine:
        """Starts the search for what in a refused commit cannot be written."""
        self._search = self.commits.quarantine(commit, self.intake.durable, attempts, hopeless)
        return self._search

    def put_aside(self, search: Quarantine) -> Effects:
        """Settles the frames whose findings the search found to be unwritable; everything else was written."""
        self.commits.put_aside(search)
        messages: list[Message] = []
        facts: list[Fact] = [FindingPutAside(finding.kind) for finding in search.put_aside]
        for sequence in search.rejected:
            passed = sequence <= search.commit.durable_sequence
            said = self.intake.answer_unstorable(sequence) if passed else self.intake.unstorable(sequence)
            messages += said[0]
            facts += said[1]
        return self._effects(messages, facts)

    def superseded(self) -> Effects:
        """Ends the session because another session owns the stream."""
        self.void = True
        return Effects(error=SessionSuperseded("a later session of this camera took over"), void=True)

    def failed(self, commit: StreamCommit, error: Exception) -> Effects:
        """Ends the session because its data cannot be written."""
        self.void = True
        problem = PorteroError(f"the results of this stream cannot be stored: {type(error).__name__}")
        fact: Fact
        if self._search is not None and self._search.unanswered is not None:
            fact = FindingUnanswered(self._search.unanswered)
        else:
            first, taken = self.intake.durable + 1, commit.durable_sequence
            fact = NothingStored(range(first, (taken if taken >= first else self.intake.last) + 1))
        return Effects((), (fact,), error=problem, void=True)

    # --- How it is done -------------------------------------------------------------------------

    def _effects(self, messages: Sequence[Message] = (), facts: Sequence[Fact] = ()) -> Effects:
        """Returns effects, with a call for the recorder if there is news for it; once, until it asks what there is."""
        wants_commit = False
        if not self._marked and not self.void:
            wants_commit = self._marked = self.intake.movable or self.commits.waiting
        if messages or facts:
            return Effects(messages, facts, wants_commit=wants_commit)
        return COMMIT if wants_commit else NOTHING

    def _gather(self, events: Sequence[StreamEvent], mark: object) -> tuple[list[Message], list[Fact]]:
        """Collects events for the next commit and releases the frames that waited for them."""
        messages: list[Message] = []
        facts: list[Fact] = []
        for event in events:
            if isinstance(event, TrackDecision):
                if event.update.timing is not None:
                    facts.append(TrackNamed(event.update.named is not None, event.update.timing.time_to_name))
                self.intake.release(event.decided.track_id)
            elif isinstance(event, TrackEnd):
                if event.update.reason is not None:
                    facts.append(UnknownLeft(event.update.reason))
                self.intake.release(event.update.track_id)
            elif isinstance(event, TrackRejoined):
                if event.decided:
                    self.intake.release(event.candidate_id)
                else:
                    self.intake.hand_on(event.candidate_id, event.track_id)
                continue
            elif isinstance(event, IdentityChecked):
                facts.append(event)
                continue
            elif isinstance(event, TextAnswer):
                self.intake.release(event.holder)
            elif isinstance(event, Recognition):
                # What was remembered was not asked of an engine.
                self.recognitions += event.engine != MEMORY
                facts.append(event)
            elif isinstance(event, Directive):
                # For the bridge only: it tells of no finding, and waits for no commit.
                messages.append(event)
                continue
            self.commits.add(event, mark)
        return messages, facts
