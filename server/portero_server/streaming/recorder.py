"""Group commit: one transaction per tick for everything that all streams decided since the last tick."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Protocol, cast

import structlog

from portero_server.clock import Clock
from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.sightings import CommitResult, StreamCommit
from portero_server.errors import StoreUnavailable
from portero_server.telemetry.marks import Mark
from portero_server.telemetry.traces import NO_TRACES, Traces

_log = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


class CommitStore(Protocol):
    """Writes commits. Writing the same commit again must change nothing."""

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        """Writes all commits in one transaction.

        Raises:
            StoreUnavailable: Nothing was written, or nobody knows: the same again may help.
            Exception: The data was refused; nothing was written.
        """
        ...


class Committing(Protocol):
    """A stream with something to commit."""

    def take(self) -> StreamCommit | None:
        """Returns the data collected since the last call, or None if there is none."""
        ...

    def committed(self, commit: StreamCommit, result: CommitResult) -> None:
        """Called after the commit is durable."""
        ...

    def superseded(self) -> None:
        """Called if another session owns the stream; nothing was written."""
        ...

    def quarantine(self, commit: StreamCommit) -> Quarantine | None:
        """Called if the database refused the commit.

        Returns the search for the findings that cannot be written, or None to give the commit up.
        """
        ...

    def put_aside(self, search: Quarantine) -> None:
        """Called when the search is over and everything else was written; `committed` follows."""
        ...

    def failed(self, commit: StreamCommit, error: Exception) -> None:
        """Called if this stream's data cannot be written because of a server defect; the watermark has not moved."""
        ...


class RecorderObserver(Protocol):
    """Receives the results of commits, for metrics."""

    def commit_done(self, streams: int, seconds: float) -> None:
        """A commit of `streams` streams succeeded after `seconds`, including retries."""
        ...

    def commit_retried(self) -> None:
        """The database did not answer; the commit is retried."""
        ...

    def commit_refused(self) -> None:
        """The database permanently refused the commit of one stream."""
        ...


class EventListener(Protocol):
    """Is notified when events have been written."""

    def notify(self, position: int) -> None:
        """Events up to this position exist."""
        ...


class Recorder:
    """Writes the commits of all streams, one transaction at a time.

    A commit that failed, or whose outcome is unknown, is repeated with the same data until the database answers.
    Meanwhile streams collect more, within their credit.
    """

    def __init__(
        self,
        store: CommitStore,
        clock: Clock,
        observer: RecorderObserver,
        listener: EventListener,
        *,
        interval: float,
        jitter: random.Random | None = None,
        traces: Traces = NO_TRACES,
    ) -> None:
        """Creates a recorder; `run` does the work.

        Args:
            store: Where commits go.
            clock: Measures how long commits take.
            observer: Receives the results of commits.
            listener: Notified of written events.
            interval: Seconds between the beginnings of two commits, at least; between two slow ones, from the end of
                the one to the beginning of the other.
            jitter: Random source that spreads the retries of several servers.
            traces: Receives a span for each commit.
        """
        self._store = store
        self._clock = clock
        self._observer = observer
        self._listener = listener
        self._interval = interval
        self._traces = traces
        self._jitter = jitter or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._waiting: dict[Committing, None] = {}
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def mark(self, stream: Committing) -> None:
        """Marks a stream as having something to commit."""
        self._waiting[stream] = None
        self._idle.clear()
        self._changed.set()

    async def idle(self) -> None:
        """Waits until everything marked has been committed."""
        await self._idle.wait()

    async def run(self) -> None:
        """Commits until canceled. The store completes a commit that is in progress at that moment."""
        due = self._clock.monotonic()
        while True:
            await self._changed.wait()
            # What comes to a recorder that has been idle is committed at once, with all that this turn of the loop
            # brings.
            await asyncio.sleep(max(0.0, due - self._clock.monotonic()))
            self._changed.clear()
            streams, self._waiting = self._waiting, {}
            taken = [(stream, commit) for stream in streams if (commit := stream.take()) is not None]
            began = self._clock.monotonic()
            if taken:
                await self._commit(taken)
                ended = self._clock.monotonic()
                due = ended + self._pause(ended - began)
            if not self._waiting:
                self._idle.set()

    def _pause(self, took: float) -> float:
        """Returns how many seconds to collect before the next commit, given how long the last one took.

        Quick commits start at fixed intervals. A slow commit means that the database or this machine is busy: the
        recorder then waits as long as the commit took, at most one interval, which leaves half of the time for other
        work and combines many acknowledgments into one.
        """
        return max(self._interval - took, min(took, self._interval))

    async def _commit(self, taken: Sequence[tuple[Committing, StreamCommit]]) -> None:
        started = self._clock.monotonic()
        # The domain does not know trace types; the code that put the marks into the commit does.
        marks = [cast("Mark", mark) for _, commit in taken for mark in commit.marks]
        try:
            with self._traces.step("commit", marks, streams=len(taken)):
                result = await self._persist([commit for _, commit in taken])
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the other streams
            if len(taken) > 1:
                # One stream's unwritable data must not take the others' with it; and what is too large together is
                # not too large in halves.
                half = len(taken) // 2
                await self._commit(taken[:half])
                await self._commit(taken[half:])
                return
            await self._sort_out(*taken[0], error)
            return
        self._observer.commit_done(len(taken), self._clock.monotonic() - started)
        self._tell(taken, result)

    def _tell(self, taken: Sequence[tuple[Committing, StreamCommit]], result: CommitResult) -> None:
        for stream, commit in taken:
            if commit.session in result.superseded:
                stream.superseded()
            else:
                stream.committed(commit, result)
        if result.last_position is not None:
            self._listener.notify(result.last_position)

    async def _sort_out(self, stream: Committing, commit: StreamCommit, error: Exception) -> None:
        """Writes the parts of a refused commit that the database accepts; the stream fails only if it accepts none."""
        self._observer.commit_refused()
        _log.error("commit_refused", camera=commit.camera_id, exc_info=error)
        if (search := stream.quarantine(commit)) is None:
            stream.failed(commit, error)
            return
        while (piece := search.piece()) is not None:
            result = await self._attempt(piece)
            if result is None:
                search.refused()
            elif commit.session in result.superseded:
                stream.superseded()
                return
            else:
                search.accepted(result)
        for closing in search.closings():
            if (result := await self._attempt(closing)) is not None:
                break
        else:
            _log.error("stream_cannot_be_stored", camera=commit.camera_id, durable_sequence=search.durable)
            stream.failed(commit, error)
            return
        if search.put_aside:
            _log.error("findings_put_aside", camera=commit.camera_id, frames=search.rejected, kinds=search.kinds)
        if commit.session not in result.superseded:
            stream.put_aside(search)
        self._tell([(stream, search.written(closing))], search.result(result))

    async def _attempt(self, commit: StreamCommit) -> CommitResult | None:
        """Writes one commit and returns its result, or None if the database refused it."""
        try:
            return await self._persist([commit])
        except Exception:  # noqa: BLE001 - whatever it is, it is searched for
            return None

    async def _persist(self, commits: Sequence[StreamCommit]) -> CommitResult:
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._store.commit(commits)
            except StoreUnavailable as error:
                self._observer.commit_retried()
                _log.warning("commit_retried", problem=error.message, pause=round(pause, 2))
                await asyncio.sleep(pause * self._jitter.uniform(0.5, 1.0))
                pause = min(_LONGEST_PAUSE, pause * 2)
