"""What becomes of a commit that the database refuses: everything it takes is written, and only the rest is put aside.

One frame must never end a stream. A refused commit is taken apart into its findings, which are tried again in ever
smaller pieces; those pieces do not move the watermark, and writing a finding twice changes nothing, so that a piece may
be written ahead of the watermark as any finding may, with the tracks that begin there. What the database refuses by
itself is put aside, and the frames it came from are settled as rejected by the commit that closes the search, which
moves the watermark.

A finding about a track stands for all frames that show it, and is dated by the latest. When it is refused, that frame
is put aside and the finding is tried again as of the frame before, until there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from portero_server.domain.recording.presence import Presence, as_of
from portero_server.domain.recording.resuming import OpenTrack
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
from portero_server.domain.streams.frames import FrameOutcome, RejectionReason
from portero_server.domain.streams.watermark import Fate

_ATTEMPTS_WITHOUT_FRAME = 3

FINDING_KINDS = ("decision", "presence", "departure", "recognition", "text")
"""The words for what a commit holds."""

_AboutTrack = tuple[TrackDecided | TrackSeen | Recognition, ...]
Finding = _AboutTrack | TrackSeen | TrackLeft | Recognition | TextFinding
"""What can be written by itself: one of anything, or all decisions about one track with what is nothing without them:
its presence, and answers that came late.
"""


@dataclass(frozen=True, slots=True)
class PutAside:
    """A finding that the database does not accept.

    Attributes:
        kind: One of FINDING_KINDS.
        sequence: The frame that it is from; 0: not known.
        track_id: The track that it is about; empty for text.
    """

    kind: str
    sequence: int
    track_id: str


@dataclass(slots=True, eq=False)
class _Part:
    """One finding of the commit, as of the latest frame that has not been put aside.

    Attributes:
        finding: What is left to write, or has been written; None: nothing.
        refused: What was refused of it, latest frame first.
        tries: Refusals of `finding` as it is.
    """

    finding: Finding | None
    refused: list[PutAside] = field(default_factory=list)
    tries: int = 0

    @property
    def put_aside(self) -> list[PutAside]:
        """What was lost: a frame's presence, and with the last one the finding itself."""
        lost = [replace(each, kind="presence") for each in self.refused]
        if self.finding is None and lost:
            lost[-1] = self.refused[-1]
        return lost


class Quarantine:
    """Searches one refused commit of one stream for what cannot be written.

    Ask for `piece` until there is none, and say after each whether it was `accepted` or `refused`. Then write the first
    of `closings` that the database takes; without any, or when it takes none, the commit has failed. The first piece
    holds nothing: should the database not even take that, it is not the data; and it tells whether the commit was
    written after all, in an attempt that got no answer.

    Invariants: each finding is accepted or put aside, unless one is `unanswered`; each frame that shows a track is
    rejected, or not later than what is written about the track; the order of a track's findings is kept; the search
    takes at most `attempts` pieces; the outcomes of the closing commit cover the same sequences as those of the refused
    one.

    Attributes:
        unanswered: Track of a finding that is refused, and that no frame answers for since its frames are durable: the
            end of a visit, mostly. It is not put aside at the first time, for nobody would learn of it; the search ends
            without a closing commit, and the next session finds it again. None: there is no such finding.
    """

    def __init__(
        self,
        commit: StreamCommit,
        durable: int,
        fates: Sequence[Fate],
        attempts: int,
        hopeless: Collection[str] = (),
        presence: Presence | None = None,
        followed: tuple[OpenTrack, ...] | None = None,
    ) -> None:
        """Starts a search.

        Args:
            commit: What was refused.
            durable: The stream's watermark before it.
            fates: The spans that the commit passes, in order.
            attempts: Most pieces to be tried; what is not known to be sound then is put aside.
            hopeless: Tracks that were `unanswered` before.
            presence: In which frames beyond `durable` each track was seen.
            followed: The open tracks to store with each piece that holds something (`followed_beside`); None: those
                that are stored.
        """
        self.unanswered: str | None = None
        self._hopeless = hopeless
        self.commit = commit
        self.durable = durable
        self._fates = fates
        self._attempts = attempts
        self._presence = presence or Presence()
        self._followed = followed
        self._parts = tuple(_Part(finding) for finding in _findings(commit, durable))
        self._queue: list[tuple[_Part, ...]] = [(), self._parts] if self._parts else [()]
        self._hopes = _ATTEMPTS_WITHOUT_FRAME
        self._fails = self._written_before = False
        self._written: list[CommitResult] = []

    def piece(self) -> StreamCommit | None:
        """Returns the next piece to try, which does not move the watermark, or None when the search is over."""
        if not self._attempts and not self._fails:
            for part in (part for parts in self._queue for part in parts):
                while (finding := part.finding) is not None:
                    self._put_aside(part, finding)
            self._queue.clear()
        if not self._queue:
            return None
        parts = self._queue[0]
        followed = self._followed if parts else None
        bare = replace(self.commit, durable_sequence=self.durable, outcomes={}, exceptions=(), open_tracks=followed)
        return _holding(replace(bare, told=frozenset()), _left_of(parts))

    def accepted(self, result: CommitResult) -> None:
        """Records that the piece was written."""
        self._written.append(result)
        if self._queue.pop(0):
            self._attempts -= 1
        through = self.commit.durable_sequence
        if through > self.durable and result.found.get(self.commit.stream_id, 0) >= through:
            self._written_before = True
            self._queue.clear()

    def refused(self) -> None:
        """Records that the piece was refused: it is split in half, and of a single finding one frame is put aside."""
        parts = self._queue.pop(0)
        if not parts:
            self._hopes -= 1
            self._fails = not self._hopes
            self._queue = [] if self._fails else [(), *self._queue]
            return
        self._attempts -= 1
        if len(parts) > 1:
            middle = len(parts) // 2
            self._queue[:0] = [parts[:middle], parts[middle:]]
            return
        (part,) = parts
        if (finding := part.finding) is None:
            return
        part.tries += 1
        track = _described(finding).track_id
        if isinstance(finding, tuple) and (restated := self._as_of_latest(finding)) != finding:
            part.finding = restated
            self._queue.insert(0, parts)
        elif isinstance(finding, TrackLeft) and finding.last_seen is not None:
            # What its last frame saw is a finding of its own, or durable; that it ended is true without it.
            part.finding, part.tries = TrackLeft(finding.track_id, None), 0
            self._queue.insert(0, parts)
        elif self._frame_of(finding) or track in self._hopeless:
            self._put_aside(part, finding)
            if part.finding is not None:
                self._queue.insert(0, parts)
        elif part.tries < _ATTEMPTS_WITHOUT_FRAME:
            self._queue.insert(0, parts)
        else:
            self.unanswered = track
            self._fails = True
            self._queue.clear()

    @property
    def put_aside(self) -> list[PutAside]:
        """What the database does not accept."""
        return [lost for part in self._parts for lost in part.put_aside]

    @property
    def unstored(self) -> list[TrackDecided]:
        """The last decision about each track that was put aside for good, as of the latest frame put aside."""
        decisions = {decided.track_id: decided for decided in self.commit.decided}
        return [
            replace(decisions[part.refused[0].track_id], sequence=part.refused[0].sequence)
            for part in self._parts
            if part.finding is None and part.refused[-1].kind == "decision"
        ]

    @property
    def rejected(self) -> tuple[int, ...]:
        """Sequences of the frames to settle as rejected, in order."""
        passed = (FrameOutcome.MISSING, FrameOutcome.REJECTED)
        frames = {lost.sequence for lost in self.put_aside if lost.sequence > self.durable}
        return tuple(sorted(each for each in frames if self._fate(each) not in passed))

    @property
    def kinds(self) -> Mapping[str, int]:
        """Number of findings put aside, by kind."""
        return Counter(each.kind for each in self.put_aside)

    def written(self, closing: StreamCommit) -> StreamCommit:
        """Returns everything that was written, in pieces and by the closing commit, as one commit."""
        return _holding(closing, _left_of(self._parts))

    def result(self, result: CommitResult) -> CommitResult:
        """Returns the combined result of all pieces; `result` is that of the closing commit."""
        results = (*self._written, result)
        return replace(
            result,
            sighting_of={track: sighting for each in results for track, sighting in each.sighting_of.items()},
            last_position=max((each.last_position or 0 for each in results), default=0) or None,
            unnamed=frozenset().union(*(each.unnamed for each in results)),
        )

    def closings(self) -> Iterator[StreamCommit]:
        """Yields commits that settle everything, in the order in which to try them, until one is written.

        The first holds what was accepted once more, for what is followed at the watermark is stored beside findings
        only. The others are for a commit that is too large, and for tracks that cannot be written.
        """
        if self._fails:
            return
        if self._written_before:
            yield self.commit
            return
        passed = [sequence for sequence in self.rejected if sequence <= self.commit.durable_sequence]
        outcomes = Counter(self.commit.outcomes)
        for sequence in passed:
            outcomes[self._fate(sequence) or FrameOutcome.REJECTED] -= 1
            outcomes[FrameOutcome.REJECTED] += 1
        refusals = [FrameException(each, each, RejectionReason.STORE_REFUSED) for each in passed]
        settled = replace(self.commit, outcomes=+outcomes, exceptions=(*self.commit.exceptions, *refusals))
        if self.commit.open_tracks is not None:
            # A session that resumes would go on with a face that has no sighting; it must begin anew.
            begun = {decided.track_id for decided in self.unstored if not decided.revises}
            followed = tuple(track for track in self.commit.open_tracks if track.track_id not in begun)
            settled = replace(settled, open_tracks=followed)
        yield _holding(settled, _left_of(self._parts))
        yield _holding(settled, ())
        yield _holding(replace(settled, open_tracks=()), ())

    def _put_aside(self, part: _Part, finding: Finding) -> None:
        """Puts aside the frame that a finding is from, and leaves of it what the frames before saw."""
        part.refused.append(_described(finding))
        part.finding = self._without_latest(finding) if self._frame_of(finding) else None
        part.tries = 0

    def _without_latest(self, finding: Finding) -> Finding | None:
        match finding:
            case TrackSeen():
                return self._presence.before(finding.track_id, finding.sequence)
            case TrackLeft() | Recognition() | TextFinding():
                return None
        latest = _described(finding)
        earlier = self._presence.before(latest.track_id, latest.sequence)
        if earlier is None and any(isinstance(each, TrackDecided) and not each.revises for each in finding):
            return None
        return tuple(
            as_of(each, earlier) if isinstance(each, TrackDecided) else each
            for each in finding
            if not isinstance(each, TrackSeen)
        )

    def _as_of_latest(self, finding: _AboutTrack) -> _AboutTrack:
        """Returns decisions and presence as decisions of one frame, the latest that is not durable."""
        latest = max(
            (each for each in finding if not isinstance(each, Recognition) and each.sequence > self.durable),
            key=lambda each: each.sequence,
            default=None,
        )
        if latest is None:
            return finding
        seen = TrackSeen(latest.track_id, latest.last_seen, latest.sequence)
        return tuple(
            as_of(each, seen) if isinstance(each, TrackDecided) else each
            for each in finding
            if not isinstance(each, TrackSeen)
        )

    def _frame_of(self, finding: Finding) -> int:
        """Returns the frame that a finding belongs to, or 0 if it is durable already or unknown."""
        sequence = _described(finding).sequence
        return sequence if sequence > self.durable else 0

    def _fate(self, sequence: int) -> FrameOutcome | None:
        """Returns how the commit counts a sequence, or None if the commit does not pass it."""
        return next((outcome for first, last, outcome in self._fates if first <= sequence <= last), None)


def _findings(commit: StreamCommit, durable: int) -> Iterator[Finding]:
    decisions: dict[str, _AboutTrack] = {}
    for decided in commit.decided:
        decisions[decided.track_id] = (*decisions.get(decided.track_id, ()), decided)
    alone: list[TrackSeen] = []
    for seen in commit.seen:
        if seen.track_id in decisions:
            # Without its track it would be taken, and lead nowhere.
            decisions[seen.track_id] = (*decisions[seen.track_id], seen)
        else:
            alone.append(seen)
    answers: list[Recognition] = []
    for answer in commit.recognitions:
        if answer.track_id in decisions and answer.sequence <= durable:
            # Its frame does not come again: without the answer, nobody would know whence the name came.
            decisions[answer.track_id] = (*decisions[answer.track_id], answer)
        else:
            answers.append(answer)
    yield from decisions.values()
    yield from alone
    yield from commit.left
    yield from answers
    yield from commit.texts


def _left_of(parts: Iterable[_Part]) -> list[Finding]:
    return [part.finding for part in parts if part.finding is not None]


def _holding(commit: StreamCommit, findings: Sequence[Finding]) -> StreamCommit:
    parts = [part for each in findings for part in (each if isinstance(each, tuple) else (each,))]
    return replace(
        commit,
        decided=tuple(each for each in parts if isinstance(each, TrackDecided)),
        seen=tuple(each for each in parts if isinstance(each, TrackSeen)),
        left=tuple(each for each in parts if isinstance(each, TrackLeft)),
        recognitions=tuple(each for each in parts if isinstance(each, Recognition)),
        texts=tuple(each for each in parts if isinstance(each, TextFinding)),
    )


def _described(finding: Finding) -> PutAside:
    match finding:
        case TrackSeen():
            return PutAside("presence", finding.sequence, finding.track_id)
        case TrackLeft():
            return PutAside("departure", finding.sequence, finding.track_id)
        case Recognition():
            return PutAside("recognition", finding.sequence, finding.track_id)
        case TextFinding():
            return PutAside("text", finding.sequence, "")
        case _:
            latest = max(each.sequence for each in finding)
            return PutAside("decision", latest, finding[0].track_id)
