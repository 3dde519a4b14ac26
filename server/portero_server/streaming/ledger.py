"""Collects what a stream's followers decide for the next commit, and releases the messages after that commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from portero_server.domain.recording.presence import Presence, UnstoredTracks
from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.resuming import OpenTrack, ResumePoints
from portero_server.domain.recording.sightings import (
    CommitResult,
    FrameException,
    Recognition,
    StreamCommit,
    TextFinding,
    TrackDecided,
    TrackLeft,
    TrackSeen,
)
from portero_server.domain.streams.frames import GapReason, RejectionReason
from portero_server.domain.streams.messages import Directive, TextRead, TrackUpdate
from portero_server.domain.streams.watermark import Advance, Fate
from portero_server.domain.tracking.track import TrackState
from portero_server.recognition.name_lookup import named_by
from portero_server.recognition.tiered import MEMORY
from portero_server.streaming.outbox import Outbox
from portero_server.streaming.pending_commit import PendingCommit
from portero_server.telemetry.marks import CURRENT
from portero_server.telemetry.recognition_metrics import RecognitionMetrics


class StreamLedger:
    """Collects decisions (track_ledger.TrackLedger, text_reader.TextLedger) and hands them over one commit at a time.

    Messages to the bridge wait here until the commit that contains what they report is durable.
    """

    def __init__(
        self,
        durable_sequence: int,
        outbox: Outbox,
        metrics: RecognitionMetrics,
        *,
        keep_texts: bool,
        changed: Callable[[], None],
        released: Callable[[str], None],
    ) -> None:
        """Creates a ledger without decisions.

        Args:
            durable_sequence: Watermark of the stream.
            outbox: Receives messages after their commit.
            metrics: Counts decisions.
            keep_texts: Whether texts are stored.
            changed: Called when there is something new.
            released: Called when frames held by a track or reading need no longer be.
        """
        self.recognitions = 0
        self.presence = Presence()
        self._unstored = UnstoredTracks()
        self._pending = PendingCommit(durable_sequence)
        self._in_flight: PendingCommit | None = None
        self._exceptions: list[FrameException] = []
        self._sightings: dict[str, str] = {}
        self._outbox = outbox
        self._metrics = metrics
        self._keep_texts = keep_texts
        self._changed = changed
        self._released = released

    @property
    def empty(self) -> bool:
        """Whether everything has been committed and sent to the outbox."""
        return not (self._pending.writes or self._pending.updates or self._in_flight)

    @property
    def writes(self) -> bool:
        """Whether there is anything to write to the database."""
        return self._pending.writes

    @property
    def pending(self) -> Sequence[PendingCommit]:
        """Findings that are not known to be committed, oldest first."""
        return (self._pending,) if self._in_flight is None else (self._in_flight, self._pending)

    def go_on(self, resumed: Iterable[OpenTrack], left_behind: Sequence[OpenTrack]) -> None:
        """Takes over tracks from an earlier session: those that continue, and those whose end is yet to be reported."""
        self._sightings.update((track.track_id, track.sighting_id) for track in resumed)
        self._pending.left += [TrackLeft(track.track_id, track.last_seen) for track in left_behind]
        if left_behind:
            self._changed()

    def take_over(
        self, decided: TrackDecided, update: Iterable[TrackUpdate], recognitions: Iterable[Recognition]
    ) -> None:
        """Takes over a late answer that an earlier session counted but could not commit."""
        self._pending.decided.append(decided)
        self._pending.updates += update
        self._pending.recognitions += recognitions
        self._changed()

    @property
    def fates(self) -> Sequence[Fate]:
        """The spans of sequences that the commit in progress passes."""
        return self._in_flight.fates if self._in_flight is not None else ()

    def put_aside(self, search: Quarantine) -> None:
        """Drops the messages about findings of the current commit that the database refused.

        A track whose decision is among them is decided again with the next frame that shows it.
        """
        if (gathered := self._in_flight) is None:
            return
        self.presence.rejected(search.rejected)
        undecided = {decided.track_id for decided in search.unstored}
        unread = {finding.sequence for finding in search.put_aside if finding.kind == "text"}
        news: dict[str, TrackUpdate] = {}
        kept: list[TrackUpdate | TextRead] = []
        for update in gathered.updates:
            if isinstance(update, TextRead):
                kept += () if update.sequence in unread else (update,)
            elif update.track_id not in undecided:
                kept.append(update)
            elif update.state in (TrackState.CONFIRMED, TrackState.REVISED):
                news[update.track_id] = update
        gathered.updates = kept
        for decided in search.unstored:
            self._unstored.put_aside(decided, news.get(decided.track_id))
            if seen := self.presence.after(decided.track_id, decided.sequence):
                # While the search went on.
                self._decide_again(seen)

    # --- What is gathered -----------------------------------------------------------------------

    def advance(self, advance: Advance) -> None:
        """Adds a watermark advance to the next commit."""
        self._pending.advance(advance)
        # Written with the watermark that passes them: a bridge that sends the rest again may tell other ranges.
        passed = [each for each in self._exceptions if each.last_sequence <= advance.sequence]
        if passed:
            self._pending.exceptions += passed
            self._exceptions = [each for each in self._exceptions if each.last_sequence > advance.sequence]

    def exception(self, first: int, last: int, reason: RejectionReason | GapReason) -> None:
        """Records frames that were refused or will never arrive."""
        self._exceptions.append(FrameException(first, last, reason))

    def track_decided(self, decided: TrackDecided, update: TrackUpdate) -> None:
        """Records that a track was decided for the first time, decided again, or seen again after it had left."""
        if decided.returns:
            # The bridge has not been told that it left.
            self._pending.left = [left for left in self._pending.left if left.track_id != decided.track_id]
        self._unstored.decided(decided.track_id)
        self._pending.decided.append(decided)
        self._pending.updates.append(update)
        if update.timing is not None:
            mark = CURRENT.get()
            self._metrics.track_decided(
                named=update.named is not None,
                seconds=update.timing.time_to_name,
                trace_id="" if mark is None else mark.trace_id,
            )
        self._changed()

    def track_seen(self, track_id: str, last_seen: datetime, sequence: int) -> None:
        """Records that a decided track was seen in frame `sequence`."""
        seen = self._pending.seen[track_id] = TrackSeen(track_id, last_seen, sequence)
        if track_id in self._unstored:
            self._decide_again([seen])

    def _decide_again(self, seen: Sequence[TrackSeen]) -> None:
        """Decides a track anew as of these frames, since its decision was put aside with all frames before them."""
        if (again := self._unstored.again(seen)) is None:
            return
        decided, update = again
        self._pending.decided.insert(0, decided)
        if update is not None:
            self._pending.updates.insert(0, update)
        self._changed()

    def track_left(self, left: TrackLeft | None, update: TrackUpdate) -> None:
        """Records the end of a track; `None` if the track was never decided."""
        self._unstored.left(update.track_id)
        if left is not None:
            self._pending.left.append(left)
        self._pending.updates.append(update)
        self._changed()

    def recognized(self, recognition: Recognition) -> None:
        """Records the result of an engine call, successful or not."""
        # What was remembered was not asked of an engine.
        self.recognitions += recognition.engine != MEMORY
        self._metrics.recognized(recognition.outcome, recognition.latency)
        if (mark := CURRENT.get()) is not None:
            mark.finish(track=recognition.track_id, sequence=recognition.sequence, outcome=recognition.outcome)
            self._pending.marks.append(mark)
        self._pending.recognitions.append(recognition)
        self._changed()

    def emit(self, update: TrackUpdate | Directive) -> None:
        """Queues a message that is for the bridge only and is not stored."""
        if isinstance(update, Directive):
            self._outbox.put(update)
        else:
            self._pending.updates.append(update)
            self._changed()

    def text_read(self, update: TextRead, finding: TextFinding) -> None:
        """Records text that was not read recently."""
        self._pending.updates.append(update)
        if self._keep_texts:
            self._pending.texts.append(finding)
        self._changed()

    def release(self, holder: str) -> None:
        """Releases the frames that were held for this track or reading."""
        self._released(holder)

    # --- What is committed ----------------------------------------------------------------------

    def take(self, stream_id: int, camera_id: str, session: str, points: ResumePoints) -> StreamCommit | None:
        """Returns what was collected since the last commit.

        Returns None if the database needs no write; the messages that waited then go to the outbox at once.

        Args:
            stream_id: Row of (camera, epoch).
            camera_id: Its camera.
            session: Who owns it.
            points: What is followed at a sequence, and who was stored ahead of the watermark and did not come again.
        """
        gathered = self._pending
        self._pending = PendingCommit(gathered.durable_sequence)
        if not gathered.writes:
            self._emit(gathered)
            return None
        self._in_flight = gathered
        durable = gathered.durable_sequence
        if gone := points.passed(durable):
            told = {left.track_id for left in gathered.left}
            gathered.left += [
                TrackLeft(each.track_id, each.last_seen, each.last_sequence)
                for each in gone
                if each.track_id not in told
            ]
        followed = tuple(track for track in points.at(durable) if track.track_id not in self._unstored)
        return gathered.commit(stream_id, camera_id, session, followed)

    def committed(self, commit: StreamCommit, result: CommitResult) -> int:
        """Sends the messages of the durable commit and returns how many received frames it passed."""
        gathered, self._in_flight = self._in_flight, None
        if gathered is None:
            return 0
        self.presence.durable(commit.durable_sequence)
        self._sightings.update((each.track_id, result.sighting_of[each.track_id]) for each in commit.decided)
        self._emit(gathered, result)
        return gathered.frames

    def _emit(self, gathered: PendingCommit, result: CommitResult | None = None) -> None:
        for update in gathered.updates:
            if isinstance(update, TextRead):
                self._outbox.put(update)
                continue
            named = update.named
            if named is not None and result is not None:
                named = named_by(result, named)
            self._outbox.put(replace(update, named=named, sighting_id=self._sightings.get(update.track_id, "")))
            if update.state is TrackState.CLOSED:
                self._sightings.pop(update.track_id, None)
