"""Carries out what a stream's state decides, and asks that state on behalf of the recorder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.sightings import CommitResult, IdentityChecked, Recognition, StreamCommit
from portero_server.domain.streams.frames import Frame
from portero_server.domain.streams.naming_times import NamingTimes
from portero_server.errors import PorteroError
from portero_server.streaming.effects import (
    ClockChanged,
    Effects,
    FindingPutAside,
    FindingUnanswered,
    FrameRejected,
    FramesDurable,
    FramesMissing,
    FramesSettled,
    HeartbeatAnswered,
    NothingStored,
    TrackNamed,
    UnknownLeft,
)
from portero_server.streaming.outbox import Outbox
from portero_server.streaming.session_parts import SessionParts
from portero_server.streaming.state import StreamState
from portero_server.streaming.wakeup import Wakeup
from portero_server.telemetry.marks import CURRENT

_log = structlog.get_logger(__name__)


class EffectRunner:
    """Sends, counts, wakes and stops as the state's effects say. The recorder knows it as `recorder.Committing`.

    Attributes:
        outbox: Messages to the bridge.
        work: Wakes whoever works on frames.
        progress: Wakes whoever waits until everything is durable.
        naming_times: How soon the people before the camera were named.
    """

    def __init__(self, state: StreamState, parts: SessionParts) -> None:
        self.outbox = Outbox()
        self.work, self.progress = Wakeup(), Wakeup()
        self.naming_times = NamingTimes()
        self._state = state
        self._parts = parts
        self._stream_metrics = parts.metrics.streams
        self._camera_id = state.row.camera_id
        self._group: asyncio.TaskGroup | None = None
        self._stopped = asyncio.Event()
        self._error: PorteroError | None = None
        self._count: dict[type, Callable[[Any], None]] = {
            FrameRejected: lambda fact: self._parts.metrics.streams.frame_rejected(fact.reason),
            FramesMissing: lambda fact: self._parts.metrics.streams.frames_missing(fact.reason, fact.frames),
            FramesSettled: self._frames_settled,
            FramesDurable: lambda fact: self._parts.metrics.streams.frames_durable(fact.waits),
            FindingPutAside: lambda fact: self._parts.metrics.streams.finding_put_aside(fact.kind),
            NothingStored: lambda fact: self._parts.suspects.ended(state.row.stream_id, fact.frames),
            FindingUnanswered: lambda fact: self._parts.suspects.unanswered(fact.track_id),
            TrackNamed: self._track_named,
            UnknownLeft: lambda fact: self._parts.metrics.recognition.unknown_left(fact.reason),
            ClockChanged: self._clock_changed,
            HeartbeatAnswered: lambda fact: self._parts.metrics.streams.network_delay(fact.delay),
            Recognition: self._recognized,
            IdentityChecked: lambda fact: self._parts.metrics.recognition.identity_checked(fact.doubt, fact.result),
        }

    def perform(self, effects: Effects) -> None:
        """Carries out what the state decided."""
        messages, facts, has_work, wants_commit, _, error, void = effects
        for message in messages:
            self.outbox.put(message)
        for fact in facts:
            self._count[type(fact)](fact)
        if has_work:
            self.work.notify()
        if wants_commit:
            self._parts.recorder.mark(self)
            self.progress.notify()
        if void:
            self.outbox.close()
        if error is not None:
            self.stop(error)

    def received(self, frame: Frame) -> None:
        """Counts a frame that waits to be analyzed, and wakes the task that analyzes frames."""
        self._stream_metrics.frame_received(len(frame.jpeg), frame.lag)
        self.work.notify()

    # --- What the recorder asks (Committing) ----------------------------------------------------

    def take(self) -> StreamCommit | None:
        """Returns the data collected since the last commit, or None if there is none."""
        effects = self._state.take()
        if effects.messages:
            self.perform(effects)
        self.progress.notify()
        return effects.commit

    def committed(self, commit: StreamCommit, result: CommitResult) -> None:
        """Acknowledges the frames of a durable commit and sends the messages that waited for it."""
        self.perform(self._state.committed(commit, result, self._parts.clock.monotonic()))
        self.progress.notify()

    def quarantine(self, commit: StreamCommit) -> Quarantine | None:
        """Starts the search for what in a refused commit cannot be written; None ends the session."""
        return self._state.quarantine(commit, self._parts.quarantine_attempts, self._parts.suspects.hopeless)

    def put_aside(self, search: Quarantine) -> None:
        """Settles the frames whose findings the search found to be unwritable; everything else was written."""
        self.perform(self._state.put_aside(search))

    def superseded(self) -> None:
        """Ends the session because another session owns the stream."""
        self.perform(self._state.superseded())

    def failed(self, commit: StreamCommit, error: Exception) -> None:
        """Ends the session because its data cannot be written."""
        self.perform(self._state.failed(commit, error))

    # --- Tasks ----------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether tasks can be started."""
        return self._group is not None

    def stop(self, error: PorteroError) -> None:
        """Stops the work with an error; only the first error counts."""
        if self._error is None:
            self._error = error
            self._stopped.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Starts a task that ends with the session; an unexpected error in it ends the session.

        Raises:
            RuntimeError: The session does not run.
        """
        if self._group is None:
            work.close()
            raise RuntimeError("the session does not run")
        self._group.create_task(work)

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs the work and returns when it is done.

        Raises:
            PorteroError: It was stopped.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                guard = group.create_task(self._guard())
                # Woken with every frame, it must not be at the end of the long chain of what serves the call.
                await group.create_task(work)
                guard.cancel()
        except BaseExceptionGroup as errors:
            # The caller needs the reason why the stream ended, not an exception group.
            raise errors.exceptions[0] from None
        finally:
            self._group = None
            self.outbox.close()

    async def _guard(self) -> None:
        await self._stopped.wait()
        if self._error is not None:
            raise self._error

    # --- What is counted ------------------------------------------------------------------------

    def _frames_settled(self, fact: FramesSettled) -> None:
        self._parts.metrics.streams.frame_settled(fact.outcome, fact.frames)
        self._parts.metrics.cameras.frame_settled(self._camera_id, fact.outcome, fact.frames)

    def _track_named(self, fact: TrackNamed) -> None:
        mark = CURRENT.get()
        trace_id = "" if mark is None else mark.trace_id
        self._parts.metrics.recognition.track_decided(named=fact.named, seconds=fact.seconds, trace_id=trace_id)
        if fact.named:
            self.naming_times.add(fact.seconds)
            self._parts.metrics.cameras.named(self._camera_id, fact.seconds)

    def _recognized(self, fact: Recognition) -> None:
        self._parts.metrics.recognition.recognized(fact.outcome, fact.latency)
        if (mark := CURRENT.get()) is not None:
            mark.finish(track=fact.track_id, sequence=fact.sequence, outcome=fact.outcome)

    def _clock_changed(self, fact: ClockChanged) -> None:
        self._parts.metrics.streams.clock_is(fact.state)
        write = _log.info if fact.state is ClockState.STEADY else _log.warning
        skew = None if fact.skew is None else round(fact.skew, 3)
        write("camera_clock", camera=self._camera_id, state=fact.state.value, skew=skew)
