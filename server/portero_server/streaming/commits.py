"""What one stream collects for its next commit, and the messages to send to its bridge afterwards. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from portero_server.domain.recording.presence import Presence, UnstoredTracks
from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.resuming import OpenTrack, ResumePoints
from portero_server.domain.recording.sightings import (
    CommitResult,
    FrameException,
    Recognition,
    StreamCommit,
    StreamEvent,
    StreamRow,
    TextAnswer,
    TextFinding,
    TrackBegan,
    TrackDecided,
    TrackDecision,
    TrackEnd,
    TrackLeft,
    TrackSeen,
    TrackTold,
)
from portero_server.domain.recording.written_ahead import followed_beside
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.domain.streams.messages import Message, TextRead, TrackUpdate
from portero_server.domain.streams.watermark import Advance, Fate
from portero_server.domain.tracking.track import Track, TrackState


@dataclass(slots=True)
class PendingCommit:
    """Effects collected between two commits; `seen` keeps only the latest entry of each track."""

    durable_sequence: int
    outcomes: dict[FrameOutcome, int] = field(default_factory=dict)
    frames: int = 0
    decided: list[TrackDecided] = field(default_factory=list)
    seen: dict[str, TrackSeen] = field(default_factory=dict)
    left: list[TrackLeft] = field(default_factory=list)
    recognitions: list[Recognition] = field(default_factory=list)
    exceptions: list[FrameException] = field(default_factory=list)
    texts: list[TextFinding] = field(default_factory=list)
    updates: list[TrackUpdate | TextRead] = field(default_factory=list)
    marks: list[object] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)

    def advance(self, advance: Advance) -> None:
        """Adds a watermark advance."""
        self.durable_sequence = advance.sequence
        outcomes = self.outcomes
        for outcome, count in advance.outcomes.items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
        self.frames += advance.frames
        self.fates += advance.fates

    def add(self, event: StreamEvent, mark: object, *, keep_texts: bool) -> None:
        """Adds what a stream's frames led to, and what the bridge is told of it.

        Args:
            event: What happened; a Directive is not stored and waits for nothing.
            mark: Trace of the recognition, or None.
            keep_texts: Whether texts are stored.
        """
        match event:
            case TrackSeen():
                self.seen[event.track_id] = event
            case TrackDecision(decided, update):
                if decided.returns:
                    # The bridge has not been told that it left.
                    self.left = [left for left in self.left if left.track_id != decided.track_id]
                self.decided.append(decided)
                self.updates.append(update)
            case TrackEnd(left, update):
                self.left.append(left)
                self.updates.append(update)
            case TrackBegan(update) | TrackTold(update):
                self.updates.append(update)
            case Recognition():
                self.recognitions.append(event)
                if mark is not None:
                    self.marks.append(mark)
            case TextAnswer(_, text, finding):
                if text is not None:
                    self.updates.append(text)
                if finding is not None and keep_texts:
                    self.texts.append(finding)

    def drop(self, undecided: Collection[str], unread: Collection[int]) -> Mapping[str, TrackUpdate]:
        """Drops the messages about tracks and texts that the database refused.

        Returns:
            What would have been said of these tracks, by id: the last decision of each.
        """
        news: dict[str, TrackUpdate] = {}
        kept: list[TrackUpdate | TextRead] = []
        for update in self.updates:
            if isinstance(update, TextRead):
                kept += () if update.sequence in unread else (update,)
            elif update.track_id not in undecided:
                kept.append(update)
            elif update.state in (TrackState.CONFIRMED, TrackState.REVISED):
                news[update.track_id] = update
        self.updates = kept
        return news

    @property
    def writes(self) -> bool:
        """Whether there is anything to write to the database."""
        return bool(
            self.outcomes
            or self.decided
            or self.seen
            or self.left
            or self.recognitions
            or self.exceptions
            or self.texts
        )

    def commit(self, row: StreamRow, open_tracks: tuple[OpenTrack, ...]) -> StreamCommit:
        """Returns the data for the recorder.

        It shares the outcome mapping with this object, so nothing may be added here afterwards.
        """
        return StreamCommit(
            stream_id=row.stream_id,
            camera_id=row.camera_id,
            session=row.session,
            durable_sequence=self.durable_sequence,
            outcomes=self.outcomes,
            decided=tuple(self.decided),
            seen=tuple(self.seen.values()),
            left=tuple(self.left),
            recognitions=tuple(self.recognitions),
            exceptions=tuple(self.exceptions),
            texts=tuple(self.texts),
            open_tracks=open_tracks,
            told=self._told() if self.updates else frozenset(),
            marks=tuple(self.marks),
        )

    def _told(self) -> frozenset[str]:
        """Returns the ids of the people named in the messages."""
        updates = [update for update in self.updates if isinstance(update, TrackUpdate)]
        named = [each for update in updates for each in (update.named, update.provisional) if each is not None]
        return frozenset([each.match.person_id for each in named])


class Commits:
    """What a stream has decided and is not known to be durable, and what must be known to write it."""

    def __init__(self, row: StreamRow, tracks: Sequence[Track] | None, *, keep_texts: bool) -> None:
        """Continues the stored stream.

        Args:
            row: The stream.
            tracks: The revived tracks; None: no faces are followed, so that those followed before have left.
            keep_texts: Whether texts are stored.
        """
        self._row = row
        self._keep_texts = keep_texts
        # What was decided since the last `take`.
        self._pending = PendingCommit(row.durable_sequence)
        # What the last `take` handed out and is not known to be written.
        self._in_flight: PendingCommit | None = None
        # The sighting of each decided track that has not ended.
        self._sightings = {track.track_id: track.sighting_id for track in row.open_tracks if tracks is not None}
        # The tracks as they were at each frame that is not durable.
        self._resume = ResumePoints(row.open_tracks)
        # The open tracks that are stored with the watermark.
        self._stored = row.open_tracks
        # The frames that showed each track, as far as they are not durable.
        self._presence = Presence()
        # Tracks whose decision was put aside, until they are decided again.
        self._unstored = UnstoredTracks()
        ended = () if tracks is not None else row.open_tracks
        self._pending.left += [TrackLeft(track.track_id, track.last_seen) for track in ended]
        self._resume.note(row.durable_sequence, tracks or ())

    @property
    def waiting(self) -> bool:
        """Whether there is anything to write, or to tell the bridge."""
        return bool(self._pending.updates or self._pending.writes)

    @property
    def done(self) -> bool:
        """Whether everything is committed, and the bridge was told."""
        return not (self._in_flight or self.waiting)

    @property
    def uncommitted(self) -> Sequence[PendingCommit]:
        """What is not known to be committed, oldest first."""
        return (self._pending,) if self._in_flight is None else (self._in_flight, self._pending)

    def add(self, event: StreamEvent, mark: object) -> None:
        """Adds what a stream's frames led to; `mark` is the trace of the recognition, or None."""
        self._pending.add(event, mark, keep_texts=self._keep_texts)
        if isinstance(event, TrackSeen):
            if event.track_id in self._unstored:
                self._decide_again([event])
        elif isinstance(event, TrackDecision):
            self._unstored.decided(event.decided.track_id)
        elif isinstance(event, TrackEnd):
            self._unstored.left(event.update.track_id)

    def take_over(
        self, decided: TrackDecided, updates: Iterable[TrackUpdate], recognitions: Iterable[Recognition]
    ) -> None:
        """Adds a late answer that an earlier session could not commit."""
        self._pending.decided.append(decided)
        self._pending.updates += updates
        self._pending.recognitions += recognitions

    def note(self, sequence: int, tracks: Sequence[Track]) -> None:
        """Records what is followed after frame `sequence`, the highest so far."""
        self._resume.note(sequence, tracks)
        if tracks:
            self._presence.note(sequence, tracks)

    def take(
        self, advance: Advance | None, exceptions: Sequence[FrameException]
    ) -> tuple[StreamCommit | None, Sequence[Message]]:
        """Returns what is to be written, or else the messages that wait for no write.

        Args:
            advance: How far the watermark moves with it, or None.
            exceptions: The refused and missing frames that it passes.
        """
        if advance is not None:
            self._pending.advance(advance)
        self._pending.exceptions += exceptions
        gathered = self._pending
        durable = gathered.durable_sequence
        self._pending = PendingCommit(durable)
        if not gathered.writes:
            return None, self._messages(gathered, None)
        self._in_flight = gathered
        if gone := self._resume.passed(durable):
            told = {left.track_id for left in gathered.left}
            gathered.left += [
                TrackLeft(each.track_id, each.last_seen, each.last_sequence)
                for each in gone
                if each.track_id not in told
            ]
        followed = self._resume.at(durable)
        if followed:
            followed = tuple(track for track in followed if track.track_id not in self._unstored)
        return gathered.commit(self._row, followed), ()

    def committed(self, commit: StreamCommit, result: CommitResult) -> tuple[int, Sequence[Message]]:
        """Returns how many received frames a durable commit passed, and the messages that waited for it."""
        gathered, self._in_flight = self._in_flight, None
        if gathered is None:
            return 0, ()
        self._presence.durable(commit.durable_sequence)
        if commit.open_tracks is not None:
            self._stored = commit.open_tracks
        for each in commit.decided:
            self._sightings[each.track_id] = result.sighting_of[each.track_id]
        return gathered.frames, self._messages(gathered, result)

    def quarantine(self, commit: StreamCommit, durable: int, attempts: int, hopeless: Collection[str]) -> Quarantine:
        """Returns the search for what cannot be written in the commit in flight, which the database refused.

        Args:
            commit: What was refused.
            durable: The watermark before it.
            attempts: Most pieces to be tried.
            hopeless: Tracks whose findings nobody answered for in sessions before.
        """
        fates = self._in_flight.fates if self._in_flight is not None else ()
        followed = followed_beside(self._stored, commit.decided, durable, self._presence)
        return Quarantine(commit, durable, fates, attempts, hopeless, self._presence, followed)

    def put_aside(self, search: Quarantine) -> None:
        """Drops the messages about findings of the commit in flight that the database refused.

        A track whose decision is among them is decided again with the next frame that shows it.
        """
        if self._in_flight is None:
            return
        self._presence.rejected(search.rejected)
        unread = {finding.sequence for finding in search.put_aside if finding.kind == "text"}
        news = self._in_flight.drop({decided.track_id for decided in search.unstored}, unread)
        meanwhile = {decided.track_id for decided in self._pending.decided}
        for decided in search.unstored:
            if decided.track_id in meanwhile:
                # Another decision follows, which stores the track.
                continue
            self._unstored.put_aside(decided, news.get(decided.track_id))
            if seen := self._presence.after(decided.track_id, decided.sequence):
                # While the search went on.
                self._decide_again(seen)

    def _decide_again(self, seen: Sequence[TrackSeen]) -> None:
        """Decides a track anew as of these frames, since its decision was put aside with all frames before them."""
        if (again := self._unstored.again(seen)) is None:
            return
        decided, update = again
        self._pending.decided.insert(0, decided)
        if update is not None:
            self._pending.updates.insert(0, update)

    def _messages(self, gathered: PendingCommit, result: CommitResult | None) -> list[Message]:
        """Returns the messages that waited for a commit, with what it found; `result` is None if it wrote nothing."""
        messages: list[Message] = []
        for update in gathered.updates:
            if isinstance(update, TextRead):
                messages.append(update)
                continue
            named, provisional = update.named, update.provisional
            if result is not None:
                named = None if named is None else result.named(named)
                provisional = None if provisional is None else result.named(provisional)
            sighting_id = self._sightings.get(update.track_id, "")
            messages.append(replace(update, named=named, provisional=provisional, sighting_id=sighting_id))
            if update.state is TrackState.CLOSED:
                self._sightings.pop(update.track_id, None)
        return messages
